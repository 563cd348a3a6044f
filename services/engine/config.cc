// SPDX-License-Identifier: Apache-2.0
#include "services/engine/config.h"

#include <algorithm>
#include <charconv>

namespace spotter::service {
namespace {

constexpr const char* kDescription =
    "Owns shards of the log in Kafka: decides what the members of their tenants should hear next,\n"
    "and hands it out over gRPC.";
constexpr const char* kExamples = R"(
Examples:
  spotter-engine --brokers kafka:9092 --data /data --ordinal 0 --replicas 2
                                     shards 0, 2, 4, ... of the topic spotter.log
  spotter-engine --brokers kafka:9092 --data /standby --ordinal 0 --replicas 2 --standby
                                     follows the same shards; `spotterctl shard take N` promotes it

It prints one line, `ready grpc=HOST:PORT admin=HOST:PORT shards=0,2,4`, once each shard is applied
to the end of its log and owned (by a standby: followed), and closes cleanly on SIGTERM. Exit codes:
0 ok, 1 failed while running, 2 usage or configuration, 3 the data directory or a topic cannot be
used.
)";

StatusOr<int32_t> ParseShard(const std::string& text) {
  int32_t shard = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), shard);
  if (error == std::errc() && end == text.data() + text.size() && shard >= 0) return shard;
  return InvalidArgument("--take: '{}' is not the number of a shard", text);
}

Status Check(const EngineConfig& config) {
  SPOTTER_RETURN_IF_ERROR(config.cluster.Check());
  if (config.data.empty()) return InvalidArgument("--data DIR is required");
  if (config.replicas < 1 || config.ordinal >= config.replicas) {
    return InvalidArgument("--ordinal {} of --replicas {}: expected 0 to replicas - 1",
                           config.ordinal, config.replicas);
  }
  if (config.snapshots_kept < 1) return InvalidArgument("snapshots-kept: at least 1 is kept");
  for (const std::string& shard : config.take) {
    SPOTTER_RETURN_IF_ERROR(ParseShard(shard).status());
  }
  SPOTTER_RETURN_IF_ERROR(config.access.Check(config.grpc));
  return config.access.CheckHttp("admin", config.admin);
}

}  // namespace

StatusOr<std::vector<int32_t>> EngineConfig::ShardsOf(int32_t partitions) const {
  std::vector<int32_t> shards;
  for (int32_t shard = ordinal; shard < partitions; shard += replicas) shards.push_back(shard);
  for (const std::string& text : take) {
    SPOTTER_ASSIGN_OR_RETURN(const int32_t shard, ParseShard(text));
    if (shard >= partitions) {
      return InvalidArgument("--take {}: topic '{}' has {} partitions", shard, cluster.log_topic,
                             partitions);
    }
    shards.push_back(shard);
  }
  std::sort(shards.begin(), shards.end());
  shards.erase(std::unique(shards.begin(), shards.end()), shards.end());
  return shards;
}

Outcome ParseArguments(int argc, const char* const* argv, EngineConfig& config) {
  Settings settings("spotter-engine", kDescription, kExamples);
  config.cluster.AddTo(settings);
  settings.Add("data", "directory of the shards' states; made if absent", config.data);
  settings.Add("ordinal", "of this engine among --replicas (0)", config.ordinal);
  settings.Add("replicas", "engines that share the shards (1)", config.replicas);
  settings.Add("take", "shards to have as well, whoever has them now: 1,5", config.take);
  settings.Add("standby", "follow the shards and own none until promoted", config.standby);
  settings.Add("snapshots",
               "directory of snapshots, best one that all engines see (DATA/snapshots)",
               config.snapshots);
  settings.Add("snapshot-interval", "how often a shard's is taken; 0: only when asked for (1d)",
               config.snapshot_interval);
  settings.Add("snapshots-kept", "of each shard (7)", config.snapshots_kept);
  settings.Add("grpc", "address of the gRPC services (127.0.0.1:7071)", config.grpc);
  settings.Add("admin", "address of /metrics, /healthz and /readyz (127.0.0.1:7072)", config.admin);
  settings.Add("advertise", "HOST:PORT under which gateways reach --grpc (--grpc)",
               config.advertise);
  settings.Add("actions-topic", "copy what subscriptions named `mirror` deliver to this topic",
               config.actions_topic);
  config.access.AddTo(settings);
  config.access.AddPlainHttpTo(settings);
  settings.Add("log-level", "trace, debug, info, warn or error (info)", config.log_level);
  settings.Add("cache-bytes", "block cache of all states together (536870912)", config.cache_bytes);
  settings.Add("write-buffer-bytes", "what all states' memtables hold together (268435456)",
               config.write_buffer_bytes);
  return settings.Parse(argc, argv, [&config] { return Check(config); });
}

}  // namespace spotter::service
