// SPDX-License-Identifier: Apache-2.0
#include "connect/time_rule.h"

#include <algorithm>

namespace spotter::connect {
namespace {

constexpr EventTime k1900{-2208988800000};
constexpr EventTime k1990{631152000000};
constexpr EventTime k10000{253402300800000};
constexpr Duration kAheadMax = Hours(24);
constexpr Duration kAheadKept = Minutes(5);
constexpr Duration kPlannedMax = Days(3653);

}  // namespace

std::string WhyAbsurd(EventTime time, TimeRule rule, EventTime received_at) {
  switch (rule) {
    case TimeRule::kHappened:
      if (time >= k1990 && time <= received_at + kAheadMax) return "";
      return "an instant from 1990 to 24 h after receipt";
    case TimeRule::kPlanned:
      if (time >= k1990 && time <= received_at + kPlannedMax) return "";
      return "an instant from 1990 to 10 years after receipt";
    case TimeRule::kAny:
      if (time >= k1900 && time < k10000) return "";
      return "an instant from 1900 to 9999";
  }
  return "a known rule";
}

EventTime ClampAhead(EventTime event_time, EventTime received_at) {
  return std::min(event_time, received_at + kAheadKept);
}

}  // namespace spotter::connect
