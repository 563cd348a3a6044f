// SPDX-License-Identifier: Apache-2.0
//
// The rule at the end of a TZif file (RFC 8536 section 3.3): a POSIX TZ string such as
// "EST5EDT,M3.2.0,M11.1.0" that says how a zone goes on after its last listed transition.
// Private to this library.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/status.h"

namespace spotter::govern {

class PosixRule {
 public:
  // InvalidArgument: not a POSIX TZ string with the extension of RFC 8536 (hours -167 to 167).
  static StatusOr<PosixRule> Parse(std::string_view text);

  // Seconds east of UTC at `time` (seconds since 1970, within the years 1 to 9999).
  int32_t OffsetAt(int64_t time) const;
  // Raises `from` and lowers `to` to the changes next to `time`, which is in [from, to).
  void Narrow(int64_t time, int64_t& from, int64_t& to) const;

 private:
  // A day of the year in one of the three notations, and a wall-clock second of that day.
  struct Change {
    enum class Form : uint8_t { kMonthWeekDay, kJulian, kDayOfYear } form = Form::kMonthWeekDay;
    int month = 0, week = 0, weekday = 0;  // kMonthWeekDay: weekday 0 is Sunday, week 5 the last
    int day = 0;                           // the others
    int32_t second = 2 * 3600;
    int64_t LocalSeconds(int year) const;  // as if the wall clock were UTC
  };
  struct Summer {
    int32_t offset = 0;
    Change from, until;
  };
  class Reader;

  int32_t offset_ = 0;
  std::optional<Summer> summer_;
};

}  // namespace spotter::govern
