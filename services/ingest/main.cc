// SPDX-License-Identifier: Apache-2.0
//
// spotter-ingest: source topics, HTTP and gRPC into the shards' logs on Kafka. Keeps no state.
#include <cstdio>

#include "services/ingest/program.h"

int main(int argc, char** argv) {
  namespace service = spotter::service;
  service::IngestConfig config;
  const service::Outcome outcome = service::ParseIngestArguments(argc, argv, config);
  if (!outcome.runs) {
    fmt::print(outcome.exit_code == 0 ? stdout : stderr, "{}", outcome.output);
    return outcome.exit_code;
  }
  spotter::SetLogLevel(config.log_level);
  return service::RunProgram([&config](const service::Interrupted& interrupted) {
    return service::StartIngest(config, interrupted);
  });
}
