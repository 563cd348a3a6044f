// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/placed_logs.h"

namespace spotter::service {

StatusOr<std::shared_ptr<log::Log>> PlacedLogs::Of(const model::TenantId& tenant) const {
  if (const std::string old = cluster_.problem(); !old.empty()) {
    return Unavailable("where tenant '{}' is cannot be known: {}", tenant.value(), old);
  }
  if (cluster_.directory->IsMoving(tenant)) {
    return Unavailable("tenant '{}' is moving to another shard: come again in a few seconds",
                       tenant.value());
  }
  const int32_t shard = cluster_.directory->ShardOf(tenant);
  if (shard < 0 || static_cast<size_t>(shard) >= logs_.size()) {
    return Unavailable("tenant '{}' is placed on shard {}, the log has {}", tenant.value(), shard,
                       logs_.size());
  }
  return std::shared_ptr<log::Log>(logs_[static_cast<size_t>(shard)]);
}

std::string PlacedLogs::problem() const {
  if (std::string problem = cluster_.problem(); !problem.empty()) return problem;
  for (const auto& log : logs_) {
    if (std::string problem = log->broker_problem(); !problem.empty()) return problem;
  }
  return "";
}

}  // namespace spotter::service
