// SPDX-License-Identifier: Apache-2.0
//
// The texts of timestamps and durations, as they are read and written.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "base/time.h"

namespace spotter::segment {

// An instant, or a span of time: whole milliseconds, rounded down, and what is above them.
struct FineTime {
  int64_t ms = 0;
  int64_t nanos = 0;  // 0 to 999,999
};

// RFC 3339 with up to nine digits of a second, years 1 to 9999.
StatusOr<FineTime> ParseTimestampText(std::string_view text);
// CEL's form: an optional sign, then decimal numbers with h, m, s, ms, us or ns: "1h30m", "-1.5s".
// There is no day, as CEL has none: days(14) says that. At most 292 years.
StatusOr<FineTime> ParseDurationText(std::string_view text);

// As CEL's string(): "2026-11-22T14:00:00.5Z", "5400s".
std::string TimestampText(FineTime time);
std::string DurationText(FineTime span);

}  // namespace spotter::segment
