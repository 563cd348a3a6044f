// SPDX-License-Identifier: Apache-2.0
//
// spotter: events in, journey actions out; one process, one directory.
#include <cstdio>

#include "services/spotter/program.h"

int main(int argc, char** argv) {
  namespace service = spotter::service;
  service::Config config;
  const service::Outcome outcome = service::ParseArguments(argc, argv, config);
  if (!outcome.runs) {
    fmt::print(outcome.exit_code == 0 ? stdout : stderr, "{}", outcome.output);
    return outcome.exit_code;
  }
  spotter::SetLogLevel(config.log_level);
  return service::RunProgram([&config](const service::Interrupted& interrupted) {
    return service::StartSpotter(config, interrupted);
  });
}
