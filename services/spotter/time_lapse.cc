// SPDX-License-Identifier: Apache-2.0
#include "services/spotter/time_lapse.h"

namespace spotter::service {
namespace {

constexpr Duration kCatchUp = Minutes(30);

}  // namespace

StatusOr<bool> TimeLapseOperations::AdvanceTime(EventTime to) {
  if (shard_.owner() == nullptr) {
    return Unavailable("the shard stands still: {}", shard_.problem());
  }
  const std::lock_guard one(mutex_);
  clock_.AdvanceTo(to);
  SPOTTER_RETURN_IF_ERROR(shard_.owner()->CatchUp(kCatchUp));
  shard_.dispatcher().Wake();
  return clock_.reached_wall();
}

}  // namespace spotter::service
