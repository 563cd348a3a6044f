// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/operations.h"

namespace spotter::service {

// What the services ask of a program whose clock is the host's.
// Thread safety: all methods from any thread.
class HostOperations : public api::Operations {
 public:
  StatusOr<bool> AdvanceTime(EventTime to) override;
  StatusOr<std::string> ZoneRules(const std::string& zone) override;
  std::string RandomBytes(size_t size) override;
  // FailedPrecondition: a program of one shard keeps it.
  StatusOr<int64_t> TakeShard(int shard) override;
  Status ReleaseShard(int shard) override;
  StatusOr<api::TenantMoveInfo> MoveTenant(const model::TenantId& tenant, int to_shard) override;
  StatusOr<api::TenantMoveInfo> TenantMoveOf(const model::TenantId& tenant) override;
  std::string version() const override;
};

}  // namespace spotter::service
