// SPDX-License-Identifier: Apache-2.0
#include "control/key.h"

#include "wire/wire.h"

namespace spotter::control {
namespace {

struct Key {
  std::string operator()(const model::SkipOffset& skip) const {
    return fmt::format("skip/{}/{}", skip.shard, skip.offset);
  }
  std::string operator()(const model::Barrier& barrier) const {
    return fmt::format("barrier/{}/{}", barrier.shard, barrier.offset);
  }
  std::string operator()(const model::PlaceTenant& place) const {
    if (place.revision == 0) return "place/" + place.tenant.value();
    return fmt::format("place/{}/{}", place.tenant.value(), place.revision);
  }
  std::string operator()(const model::TenantEntry& entry) const {
    return "tenant/" + entry.tenant.value();
  }
  std::string operator()(const model::ShardOwner& owner) const {
    if (owner.is_standby) return fmt::format("standby/{}/{}", owner.shard, owner.owner);
    return fmt::format("owner/{}/{}", owner.shard, owner.generation);
  }
  std::string operator()(const model::ShardCount&) const { return "shards"; }
};

}  // namespace

std::string KeyOf(const model::ControlRecord& record) { return std::visit(Key{}, record); }

std::string KeyOfPayload(std::string_view payload) {
  const StatusOr<model::ControlRecord> record = wire::DecodeControlRecord(payload);
  return record.ok() ? KeyOf(*record) : "";
}

}  // namespace spotter::control
