// SPDX-License-Identifier: Apache-2.0
#include "services/spotter/config.h"

namespace spotter::service {
namespace {

constexpr const char* kDescription =
    "Spotter watches over the members of fitness studios and says what to do next.\n"
    "One process, one directory: events come in over HTTP and gRPC, actions go out over gRPC.";
constexpr const char* kExamples = R"(
Examples:
  spotter --data ./data                          serve on 127.0.0.1:7070 (HTTP), :7071 (gRPC),
                                                 :7072 (/metrics /healthz /readyz)
  spotter --data ./data --config spotter.yaml    the file's keys are these flags: `http: :8080`
  spotter --data ./lapse --time-lapse 2026-01-01T00:00:00Z
                                                 an empty directory whose clock moves only by
                                                 `spotterctl advance --to ...`

It prints one line, `ready http=HOST:PORT grpc=HOST:PORT admin=HOST:PORT`, when it serves, and
drains on SIGTERM. Exit codes: 0 ok, 1 failed while running, 2 usage or configuration, 3 the data
directory cannot be used (in use, of another logic version, damaged).
)";

Status Check(const Config& config) {
  if (config.data.empty()) return InvalidArgument("--data DIR is required");
  if (config.snapshots_kept < 1) return InvalidArgument("snapshots-kept: at least 1 is kept");
  for (const auto& [name, address] :
       {std::pair("http", config.http), {"grpc", config.grpc}, {"admin", config.admin}}) {
    if (config.time_lapse.has_value() && !address.is_loopback()) {
      return InvalidArgument("--{} {}: time-lapse serves loopback only", name, address.text());
    }
  }
  SPOTTER_RETURN_IF_ERROR(config.access.Check(config.grpc));
  SPOTTER_RETURN_IF_ERROR(config.access.CheckHttp("http", config.http));
  return config.access.CheckHttp("admin", config.admin);
}

}  // namespace

Outcome ParseArguments(int argc, const char* const* argv, Config& config) {
  Settings settings("spotter", kDescription, kExamples);
  settings.Add("data", "directory of log, state, snapshots and dead letters; made if absent",
               config.data);
  settings.Add("http", "address of events and webhooks (127.0.0.1:7070)", config.http);
  settings.Add("grpc", "address of the gRPC services (127.0.0.1:7071)", config.grpc);
  settings.Add("admin", "address of /metrics, /healthz and /readyz (127.0.0.1:7072)", config.admin);
  settings.Add("time-lapse",
               "RFC 3339 instant: a clock that starts there and moves only when told to",
               config.time_lapse);
  config.access.AddTo(settings);
  settings.Add("secrets", "YAML file of webhook secrets, tenant: {source: secret}", config.secrets);
  settings.Add("webhook-url",
               "how webhook senders reach the HTTP address, e.g. https://spotter.example",
               config.webhook_url);
  settings.Add("time-zone", "zone of tenant `studio` at first start (America/New_York)",
               config.time_zone);
  settings.Add("log-level", "trace, debug, info, warn or error (info)", config.log_level);
  settings.Add("snapshot-interval", "how often a snapshot is taken; 0: only when asked for (1d)",
               config.snapshot_interval);
  settings.Add("snapshots-kept", "snapshots kept (7)", config.snapshots_kept);
  settings.Add("retention-age", "how long the log is kept; 0: for ever (14d)",
               config.retention_age);
  settings.Add("retention-bytes", "how much of the log is kept; 0: all (0)",
               config.retention_bytes);
  settings.Add("cache-bytes", "block cache of the state store (268435456)", config.cache_bytes);
  return settings.Parse(argc, argv, [&config] { return Check(config); });
}

}  // namespace spotter::service
