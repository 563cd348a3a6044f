// SPDX-License-Identifier: Apache-2.0
#include "services/gateway/config.h"

namespace spotter::service {
namespace {

constexpr const char* kDescription =
    "Takes all gRPC services of Spotter and carries each call to the engine that owns the shard "
    "of\n"
    "the caller's tenant. Keeps nothing: run as many as you like.";
constexpr const char* kExamples = R"(
Examples:
  spotter-gateway --brokers kafka:9092 --ingest ingest:7071 --grpc 0.0.0.0:7071
    --tokens tokens.yaml --tls-cert tls.crt --tls-key tls.key --tls-ca ca.crt

It prints one line, `ready grpc=HOST:PORT admin=HOST:PORT`, once it has read the control log, and
drains on SIGTERM. Exit codes: 0 ok, 1 failed while running, 2 usage or configuration, 3 the control
topic cannot be used.
)";

Status Check(const GatewayConfig& config) {
  SPOTTER_RETURN_IF_ERROR(config.cluster.Check());
  SPOTTER_RETURN_IF_ERROR(config.access.Check(config.grpc));
  return config.access.CheckHttp("admin", config.admin);
}

}  // namespace

Outcome ParseArguments(int argc, const char* const* argv, GatewayConfig& config) {
  Settings settings("spotter-gateway", kDescription, kExamples);
  config.cluster.AddTo(settings);
  settings.Add("ingest", "gRPC addresses of ingest, HOST:PORT,... (engines take events too)",
               config.ingest);
  settings.Add("grpc", "address of the gRPC services (127.0.0.1:7071)", config.grpc);
  settings.Add("admin", "address of /metrics, /healthz and /readyz (127.0.0.1:7072)", config.admin);
  settings.Add("tls-ca", "PEM file of the authority of engines and ingest; turns TLS to them on",
               config.tls_ca);
  config.access.AddTo(settings);
  config.access.AddPlainHttpTo(settings);
  settings.Add("log-level", "trace, debug, info, warn or error (info)", config.log_level);
  return settings.Parse(argc, argv, [&config] { return Check(config); });
}

}  // namespace spotter::service
