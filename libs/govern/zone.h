// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "base/time.h"

namespace spotter::govern {

// A wall time. FromLocal normalises what lies outside the usual ranges (hour 24, day 32), so that
// calendar arithmetic is plain addition; it ignores `weekday`.
struct LocalTime {
  int year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0;
  int weekday = 0;  // 0 = Monday
};

enum class Occurrence : uint8_t { kFirst, kLast };  // of a wall time that a clock shows twice

// A time zone made of RFC 8536 (TZif) bytes that came from the log, never from the host: the same
// rules on every replica and at every replay. Immutable, shareable.
class Zone {
 public:
  static Zone Utc();
  // InvalidArgument: the bytes are not TZif. `name` is for messages.
  static StatusOr<Zone> FromRules(std::string_view name, std::string_view tzif);

  // Seconds east of UTC at an instant, and at every instant of [from, to).
  struct Offset {
    int32_t seconds = 0;
    EventTime from = EventTime::Min();
    EventTime to = EventTime::Max();
  };
  Offset OffsetAt(EventTime time) const;

  LocalTime ToLocal(EventTime time) const;
  // The instant of a local wall time: in a gap the instant at which the gap ends, in an overlap
  // the first or the last of the two. Instants are kept within the years 1 to 9999.
  EventTime FromLocal(const LocalTime& local, Occurrence occurrence = Occurrence::kFirst) const;

 private:
  struct Rules;
  explicit Zone(std::shared_ptr<const Rules> rules) : rules_(std::move(rules)) {}
  std::shared_ptr<const Rules> rules_;  // shared by copies of this value
};

}  // namespace spotter::govern
