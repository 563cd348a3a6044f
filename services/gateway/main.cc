// SPDX-License-Identifier: Apache-2.0
//
// spotter-gateway: clients in, each call to the engine that owns its tenant's shard.
#include <cstdio>

#include "services/gateway/program.h"

int main(int argc, char** argv) {
  namespace service = spotter::service;
  service::GatewayConfig config;
  const service::Outcome outcome = service::ParseArguments(argc, argv, config);
  if (!outcome.runs) {
    fmt::print(outcome.exit_code == 0 ? stdout : stderr, "{}", outcome.output);
    return outcome.exit_code;
  }
  spotter::SetLogLevel(config.log_level);
  return service::RunProgram([&config](const service::Interrupted& interrupted) {
    return service::StartGateway(config, interrupted);
  });
}
