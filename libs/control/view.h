// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "model/log_record.h"

namespace spotter::control {

// What a control log says: its records folded in order, as a value. The same after compaction: of
// each KeyOf only the last record matters.
struct View {
  std::map<int32_t, std::map<int64_t, std::string>> skips;  // shard, offset: why
  std::map<int32_t, std::map<int64_t, uint32_t>> barriers;  // shard, offset: logic version
  std::map<model::TenantId, model::PlaceTenant> places;
  std::map<model::TenantId, model::TenantEntry> tenants;
  // shard, generation. The highest generation is the owner; the others are its forerunners.
  std::map<int32_t, std::map<int64_t, model::ShardOwner>> owners;
  std::map<std::pair<int32_t, std::string>, model::ShardOwner> standbys;  // shard, name
  std::optional<model::ShardCount> count;

  void Fold(model::ControlRecord record);

  // nullptr: nobody has announced itself.
  const model::ShardOwner* OwnerOf(int32_t shard) const;
  // Those that follow the shard now; not its owner, whatever it announced before.
  std::vector<model::ShardOwner> StandbysOf(int32_t shard) const;
  // Where a tenant is: as placed, else murmur2 over the shards (1 where no count is known).
  model::PlaceTenant PlaceOf(const model::TenantId& tenant) const;

  friend bool operator==(const View&, const View&) = default;
};

}  // namespace spotter::control
