// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/time.h"

namespace spotter::connect {

// What an instant in a body stands for decides which values are absurd.
enum class TimeRule : uint8_t {
  kHappened,  // something that took place: 1990 to 24 h after receipt
  kPlanned,   // something that will: 1990 to 10 years after receipt
  kAny,       // a birth, a contract's end: 1900 to 9999
};

// "" if `time` is sane, else what was expected instead: "1990 to 24 h from now".
std::string WhyAbsurd(EventTime time, TimeRule rule, EventTime received_at);

// An event time up to 5 minutes ahead of receipt stands; one further ahead becomes that.
EventTime ClampAhead(EventTime event_time, EventTime received_at);

}  // namespace spotter::connect
