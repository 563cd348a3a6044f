// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>

#include "base/clock.h"
#include "services/program/host_operations.h"
#include "services/shard/shard_host.h"

namespace spotter::service {

// What the services ask of a time-lapse: its clock moves when told to.
// Thread safety: all methods from any thread.
class TimeLapseOperations final : public HostOperations {
 public:
  TimeLapseOperations(VirtualClock& clock, ShardHost& shard) : clock_(clock), shard_(shard) {}
  StatusOr<bool> AdvanceTime(EventTime to) override;

 private:
  VirtualClock& clock_;
  ShardHost& shard_;
  std::mutex mutex_;  // the clock moves in one caller's steps at a time
};

}  // namespace spotter::service
