// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "services/cluster/cluster.h"
#include "services/program/access_files.h"

namespace spotter::service {

// What an operator of a gateway may choose.
struct GatewayConfig {
  ClusterSettings cluster;
  std::vector<std::string> ingest;  // HOST:PORT; none: engines take IngestService too
  Address grpc{.port = 7071};
  Address admin{.port = 7072};
  std::string tls_ca;  // PEM file: of engines and ingest; "" = they have no TLS
  AccessFiles access;
  LogLevel log_level = LogLevel::kInfo;
};

Outcome ParseArguments(int argc, const char* const* argv, GatewayConfig& config);

}  // namespace spotter::service
