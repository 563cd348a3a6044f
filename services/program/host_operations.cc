// SPDX-License-Identifier: Apache-2.0
#include "services/program/host_operations.h"

#include "services/program/host.h"

namespace spotter::service {

StatusOr<bool> HostOperations::AdvanceTime(EventTime) {
  return FailedPrecondition(
      "the clock is the wall clock: it moves by itself (--time-lapse has one that is moved)");
}

StatusOr<std::string> HostOperations::ZoneRules(const std::string& zone) {
  return ReadZoneRules(zone);
}

std::string HostOperations::RandomBytes(size_t size) { return service::RandomBytes(size); }

StatusOr<int64_t> HostOperations::TakeShard(int shard) {
  return FailedPrecondition("shard {}: this program has one shard and keeps it", shard);
}

Status HostOperations::ReleaseShard(int shard) { return TakeShard(shard).status(); }

StatusOr<api::TenantMoveInfo> HostOperations::MoveTenant(const model::TenantId& tenant, int) {
  return FailedPrecondition("tenant '{}': this program has one shard, there is no other",
                            tenant.value());
}

StatusOr<api::TenantMoveInfo> HostOperations::TenantMoveOf(const model::TenantId& tenant) {
  return MoveTenant(tenant, 0);
}

std::string HostOperations::version() const { return SPOTTER_VERSION; }

}  // namespace spotter::service
