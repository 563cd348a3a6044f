// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>

#include "base/time.h"

namespace spotter {

// The one way to ask what time it is. Only adapters and services hold a clock; the deterministic
// core reads time from the log. Thread safety: Now() may be called from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual EventTime Now() const = 0;
};

class SystemClock final : public Clock {
 public:
  EventTime Now() const override;
};

// Milliseconds since the machine started, time asleep included; nobody sets it. Its instants say
// nothing by themselves: only differences between two of one machine do.
class BootClock final : public Clock {
 public:
  EventTime Now() const override;
};

// A clock that moves only when told to, never backwards. When `follow` is set (time-lapse) it never
// passes that clock and becomes it on reaching it; otherwise it never does (tests, simulation).
class VirtualClock final : public Clock {
 public:
  explicit VirtualClock(EventTime start, const Clock* follow = nullptr);
  EventTime Now() const override;
  void AdvanceTo(EventTime time);  // earlier instants are ignored
  bool reached_wall() const;

 private:
  std::atomic<int64_t> now_ms_;
  std::atomic<bool> reached_wall_;
  const Clock* follow_;
};

}  // namespace spotter
