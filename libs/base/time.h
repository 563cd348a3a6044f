// SPDX-License-Identifier: Apache-2.0
//
// Instants and durations. An EventTime is UTC milliseconds since 1970-01-01; a Duration is exact
// milliseconds (a day is 24 hours; calendar days are computed with a zone and named as such).
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "base/status.h"

namespace spotter {

using Duration = std::chrono::milliseconds;

constexpr Duration Days(int64_t n) { return std::chrono::hours(24 * n); }
constexpr Duration Hours(int64_t n) { return std::chrono::hours(n); }
constexpr Duration Minutes(int64_t n) { return std::chrono::minutes(n); }
constexpr Duration Seconds(int64_t n) { return std::chrono::seconds(n); }

struct EventTime {
  int64_t ms = 0;

  static constexpr EventTime Min() { return {std::numeric_limits<int64_t>::min()}; }
  // Also "never", e.g. of a value that stays valid until an input changes.
  static constexpr EventTime Max() { return {std::numeric_limits<int64_t>::max()}; }

  friend constexpr auto operator<=>(EventTime, EventTime) = default;
  // Saturating, so that Max() + d stays Max().
  friend constexpr EventTime operator+(EventTime t, Duration d) { return {Add(t.ms, d.count())}; }
  friend constexpr EventTime operator-(EventTime t, Duration d) { return {Add(t.ms, -d.count())}; }
  friend constexpr Duration operator-(EventTime a, EventTime b) { return Duration(a.ms - b.ms); }

 private:
  static constexpr int64_t Add(int64_t a, int64_t b) {
    int64_t sum = 0;
    if (a == Min().ms || a == Max().ms) return a;
    if (!__builtin_add_overflow(a, b, &sum)) return sum;
    return b > 0 ? Max().ms : Min().ms;
  }
};

// RFC 3339, always with milliseconds and 'Z': 2026-11-22T14:00:00.000Z. Max() prints "never".
std::string FormatTime(EventTime time);
// RFC 3339 with an offset or Z; fractions beyond milliseconds are dropped. InvalidArgument names
// the text and what was expected.
StatusOr<EventTime> ParseTime(std::string_view text);

// "3d", "90m", "2h", "30s", "1w" and sums such as "1d12h". InvalidArgument otherwise.
StatusOr<Duration> ParseDuration(std::string_view text);
std::string FormatDuration(Duration duration);

}  // namespace spotter
