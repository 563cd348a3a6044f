// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "log/log.h"
#include "model/ids.h"

namespace spotter::intake {

// The log that a tenant's events belong to: that of its shard. `services` implement it.
// Thread safety: any thread.
class ShardLogs {
 public:
  virtual ~ShardLogs() = default;
  // Shared by whoever holds the log and the appends under way, which a shard that is given up
  // waits for. Unavailable: the log is not within reach here, or the tenant is being moved.
  virtual StatusOr<std::shared_ptr<log::Log>> Of(const model::TenantId& tenant) const = 0;
};

// Every tenant's events go to one log, which outlives this.
class OneLog final : public ShardLogs {
 public:
  explicit OneLog(log::Log& log) : log_(std::shared_ptr<void>(), &log) {}
  StatusOr<std::shared_ptr<log::Log>> Of(const model::TenantId&) const override { return log_; }

 private:
  const std::shared_ptr<log::Log> log_;  // borrowed
};

}  // namespace spotter::intake
