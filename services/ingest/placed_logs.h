// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "intake/shard_logs.h"
#include "log_kafka/kafka_log.h"
#include "services/cluster/cluster.h"

namespace spotter::service {

// All partitions of the shards' log, found by the placement of tenants.
// Thread safety: any thread.
class PlacedLogs final : public intake::ShardLogs {
 public:
  // `cluster` outlives it; `logs`: one a shard, in order.
  PlacedLogs(const Cluster& cluster, std::vector<std::shared_ptr<log_kafka::KafkaLog>> logs)
      : cluster_(cluster), logs_(std::move(logs)) {}

  // Unavailable also while the control log cannot be read: a tenant that has moved since must not
  // be written to where it was.
  StatusOr<std::shared_ptr<log::Log>> Of(const model::TenantId& tenant) const override;

  // Why some partition does not answer now, or "".
  std::string problem() const;

 private:
  const Cluster& cluster_;
  const std::vector<std::shared_ptr<log_kafka::KafkaLog>> logs_;
};

}  // namespace spotter::service
