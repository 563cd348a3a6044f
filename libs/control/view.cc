// SPDX-License-Identifier: Apache-2.0
#include "control/view.h"

#include <algorithm>

#include "log/placement.h"

namespace spotter::control {
namespace {

struct Folder {
  View& view;
  void operator()(model::SkipOffset& skip) const {
    if (!skip.taken_back) {
      view.skips[skip.shard][skip.offset] = std::move(skip.reason);
      return;
    }
    const auto shard = view.skips.find(skip.shard);
    if (shard == view.skips.end()) return;
    shard->second.erase(skip.offset);
    if (shard->second.empty()) view.skips.erase(shard);  // as if it had never been
  }
  void operator()(model::Barrier& barrier) const {
    view.barriers[barrier.shard][barrier.offset] = barrier.logic_version;
  }
  void operator()(model::PlaceTenant& place) const {
    const auto known = view.places.find(place.tenant);
    if (known != view.places.end() && known->second.revision > place.revision) return;
    view.places[place.tenant] = std::move(place);
  }
  void operator()(model::TenantEntry& entry) const {
    view.tenants[entry.tenant] = std::move(entry);
  }
  void operator()(model::ShardOwner& owner) const {
    if (owner.is_standby) {
      view.standbys[{owner.shard, owner.owner}] = std::move(owner);
    } else {
      view.owners[owner.shard][owner.generation] = std::move(owner);
    }
  }
  void operator()(model::ShardCount& count) const { view.count = std::move(count); }
};

}  // namespace

void View::Fold(model::ControlRecord record) { std::visit(Folder{*this}, record); }

const model::ShardOwner* View::OwnerOf(int32_t shard) const {
  const auto found = owners.find(shard);
  return found == owners.end() ? nullptr : &found->second.rbegin()->second;
}

std::vector<model::ShardOwner> View::StandbysOf(int32_t shard) const {
  const model::ShardOwner* owner = OwnerOf(shard);
  std::vector<model::ShardOwner> found;
  for (auto it = standbys.lower_bound({shard, ""}); it != standbys.end(); ++it) {
    if (it->first.first != shard) break;
    const bool serves = !it->second.address.empty();
    if (serves && (owner == nullptr || owner->owner != it->second.owner)) {
      found.push_back(it->second);
    }
  }
  return found;
}

model::PlaceTenant View::PlaceOf(const model::TenantId& tenant) const {
  if (const auto found = places.find(tenant); found != places.end()) return found->second;
  const int32_t partitions = count.has_value() ? std::max(count->partitions, 1) : 1;
  return {.tenant = tenant, .shard = log::ShardOf(tenant.value(), partitions)};
}

}  // namespace spotter::control
