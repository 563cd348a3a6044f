// SPDX-License-Identifier: Apache-2.0
#include "segment/calendar.h"

#include <algorithm>
#include <chrono>

#include "segment/value.h"

namespace spotter::segment {
namespace {

constexpr int64_t kMinuteMs = 60 * 1000;
constexpr int64_t kDayMs = 24 * 60 * kMinuteMs;

// Two digits; over 99 for anything else.
int64_t TwoDigits(std::string_view text) {
  const int tens = text[0] - '0';
  const int ones = text[1] - '0';
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : 100;
}

// "+05:30", "-02:30", "02:00" in seconds.
std::optional<int64_t> FixedOffset(std::string_view zone) {
  const bool is_negative = zone.starts_with('-');
  if (is_negative || zone.starts_with('+')) zone.remove_prefix(1);
  const std::optional<int64_t> span = ParseTimeOfDay(zone);
  if (!span) return std::nullopt;
  return (is_negative ? -*span : *span) / 1000;
}

int64_t FloorDivide(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

// Days since 1970-01-01, a Thursday, on which the period with a number begins.
int64_t FirstDay(Period period, int64_t number) {
  using namespace std::chrono;  // NOLINT(google-build-using-namespace): calendar arithmetic
  switch (period) {
    case Period::kDay:
      return number;
    case Period::kWeek:
      return number * 7 - 3;
    case Period::kMonth:
      break;
  }
  const int64_t in_year = number - FloorDivide(number, 12) * 12;
  const year_month_day first = year(static_cast<int>(1970 + FloorDivide(number, 12))) /
                               month(static_cast<unsigned>(in_year) + 1) / 1;
  return sys_days(first).time_since_epoch().count();
}

int64_t NumberOf(Period period, int64_t day) {
  using namespace std::chrono;  // NOLINT(google-build-using-namespace): calendar arithmetic
  switch (period) {
    case Period::kDay:
      return day;
    case Period::kWeek:
      return FloorDivide(day + 3, 7);
    case Period::kMonth:
      break;
  }
  const year_month_day date{sys_days{days{day}}};
  return (static_cast<int>(date.year()) - int64_t{1970}) * 12 +
         static_cast<int64_t>(static_cast<unsigned>(date.month())) - 1;
}

// The first instant at which the clocks show `local_ms` or later.
std::optional<EventTime> InstantOf(int64_t local_ms, std::string_view zone,
                                   const ZoneLookup* zones) {
  constexpr int64_t kOffsetMax = 26 * 60 * kMinuteMs;  // RFC 8536
  EventTime at{local_ms - kOffsetMax};                 // there they show less in any zone
  while (true) {
    const std::optional<ZoneOffset> offset = OffsetIn(zone, at, zones);
    if (!offset) return std::nullopt;
    const EventTime shown = std::max(EventTime{local_ms - offset->seconds * 1000}, at);
    if (shown < offset->to) return shown;
    at = offset->to;
  }
}

}  // namespace

std::optional<int64_t> ParseTimeOfDay(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const int64_t hours = TwoDigits(text);
  const int64_t minutes = TwoDigits(text.substr(3));
  if (hours > 23 || minutes > 59) return std::nullopt;
  return (hours * 60 + minutes) * kMinuteMs;
}

bool IsFixedZone(std::string_view zone) {
  return zone == "UTC" || zone == "Z" || FixedOffset(zone).has_value();
}

std::optional<ZoneOffset> OffsetIn(std::string_view zone, EventTime at, const ZoneLookup* zones) {
  if (zone == "UTC" || zone == "Z") return ZoneOffset{};
  if (const std::optional<int64_t> fixed = FixedOffset(zone)) return ZoneOffset{.seconds = *fixed};
  return zones == nullptr ? std::nullopt : zones->OffsetAt(zone, at);
}

std::optional<TimeSpan> PeriodAround(const Calendar& calendar, std::string_view zone, EventTime at,
                                     const ZoneLookup* zones) {
  const std::optional<ZoneOffset> offset = OffsetIn(zone, at, zones);
  if (!offset) return std::nullopt;
  const auto begin = [&](int64_t number) {
    return InstantOf(FirstDay(calendar.period, number) * kDayMs + calendar.begins_ms, zone, zones);
  };
  const int64_t shown = at.ms + offset->seconds * 1000 - calendar.begins_ms;
  int64_t number = NumberOf(calendar.period, FloorDivide(shown, kDayMs));
  // Clocks that went back over a beginning show the period before it once more.
  std::optional<EventTime> to = begin(number + 1);
  while (to && *to <= at) to = begin(++number + 1);
  const std::optional<EventTime> from = begin(number);
  if (!from || !to) return std::nullopt;
  return TimeSpan{*from, *to};
}

}  // namespace spotter::segment
