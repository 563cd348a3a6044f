// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "services/cluster/cluster.h"
#include "services/program/access_files.h"

namespace spotter::service {

// What an operator of an engine may choose.
struct EngineConfig {
  ClusterSettings cluster;
  std::string data;  // directory; required
  int ordinal = 0;  // of this engine among `replicas`: it has shards s with s % replicas == ordinal
  int replicas = 1;
  std::vector<std::string> take;  // numbers of shards to have as well, whoever has them now
  bool standby = false;           // follows those shards, and owns none until told to
  std::string snapshots;          // directory; "" = DATA/snapshots
  Duration snapshot_interval = Days(1);
  int snapshots_kept = 7;
  Address grpc{.port = 7071};
  Address admin{.port = 7072};
  // Topic to which the actions of subscriptions named `mirror` are copied; "" = none.
  std::string actions_topic;
  std::string advertise;  // HOST:PORT under which gateways reach --grpc; "" = --grpc
  AccessFiles access;
  LogLevel log_level = LogLevel::kInfo;
  int64_t cache_bytes = 512 << 20;         // of RocksDB, all shards together
  int64_t write_buffer_bytes = 256 << 20;  // the same

  // The shards that it has from its start. InvalidArgument: one that is not there.
  StatusOr<std::vector<int32_t>> ShardsOf(int32_t partitions) const;
};

Outcome ParseArguments(int argc, const char* const* argv, EngineConfig& config);

}  // namespace spotter::service
