// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <time.h>

#include <algorithm>
#include <chrono>

#include "base/assert.h"

namespace spotter {

EventTime SystemClock::Now() const {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count()};
}

EventTime BootClock::Now() const {
  timespec now{};
  Assert(clock_gettime(CLOCK_BOOTTIME, &now) == 0,
         "every Linux kernel we run on has CLOCK_BOOTTIME");
  return {int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000};
}

VirtualClock::VirtualClock(EventTime start, const Clock* follow)
    : now_ms_(start.ms), reached_wall_(false), follow_(follow) {
  AdvanceTo(start);
}

EventTime VirtualClock::Now() const {
  const EventTime told{now_ms_.load()};
  return reached_wall_.load() ? std::max(told, follow_->Now()) : told;
}

void VirtualClock::AdvanceTo(EventTime time) {
  if (follow_ != nullptr) {
    const EventTime wall = follow_->Now();
    if (time >= wall) {
      time = wall;
      reached_wall_ = true;
    }
  }
  int64_t now_ms = now_ms_.load();
  while (now_ms < time.ms && !now_ms_.compare_exchange_weak(now_ms, time.ms)) {
  }
}

bool VirtualClock::reached_wall() const { return reached_wall_.load(); }

}  // namespace spotter
