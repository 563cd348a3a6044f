// SPDX-License-Identifier: Apache-2.0
//
// spotter-engine: owns shards of the log in Kafka.
#include <cstdio>

#include "services/engine/program.h"

int main(int argc, char** argv) {
  namespace service = spotter::service;
  service::EngineConfig config;
  const service::Outcome outcome = service::ParseArguments(argc, argv, config);
  if (!outcome.runs) {
    fmt::print(outcome.exit_code == 0 ? stdout : stderr, "{}", outcome.output);
    return outcome.exit_code;
  }
  spotter::SetLogLevel(config.log_level);
  return service::RunProgram([&config](const service::Interrupted& interrupted) {
    return service::StartEngine(config, interrupted);
  });
}
