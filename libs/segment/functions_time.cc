// SPDX-License-Identifier: Apache-2.0
//
// What a clock or a calendar says of an instant, in UTC or in a zone whose rules are known.
// Of a moving instant the answer holds until the clock or the calendar moves on, or until the
// zone's offset changes.
#include <algorithm>
#include <chrono>
#include <optional>

#include "segment/calendar.h"
#include "segment/functions.h"

namespace spotter::segment {
namespace {

constexpr int64_t kSecondMs = 1000;
constexpr int64_t kMinuteMs = 60 * kSecondMs;
constexpr int64_t kHourMs = 60 * kMinuteMs;
constexpr int64_t kDayMs = 24 * kHourMs;

constexpr std::string_view kNoRules = "the rules of the time zone are not known";

enum class Field : uint8_t {
  kFullYear,
  kMonth,
  kDayOfYear,
  kDayOfMonth,  // from 0
  kDate,        // from 1
  kDayOfWeek,   // Sunday is 0
  kHours,
  kMinutes,
  kSeconds,
  kMilliseconds
};

std::optional<ZoneOffset> OffsetAt(const Call& call) {
  return OffsetIn(call.arguments.size() < 2 ? "UTC" : call[1].text, {call[0].number}, call.zones);
}

// The instant at which a moving time leaves [from, to).
EventTime Leaves(const Value& time, EventTime from, EventTime to, EventTime now) {
  const EventTime end = time.slope > 0 ? to : from - Duration(1);
  if (!time.is_moving() || end == EventTime::Max() || from == EventTime::Min()) {
    return EventTime::Max();
  }
  const int64_t speed = std::abs(time.slope);
  const int64_t distance = std::abs(end.ms - time.number);
  return now + Duration(std::max<int64_t>(1, (distance + speed - 1) / speed));
}

int64_t FieldOf(Field field, int64_t local_ms) {
  using namespace std::chrono;  // NOLINT(google-build-using-namespace): calendar arithmetic
  const int64_t in_day = (local_ms % kDayMs + kDayMs) % kDayMs;
  const sys_days day{days((local_ms - in_day) / kDayMs)};
  const year_month_day date{day};
  switch (field) {
    case Field::kFullYear:
      return static_cast<int>(date.year());
    case Field::kMonth:
      return static_cast<int64_t>(static_cast<unsigned>(date.month())) - 1;
    case Field::kDayOfYear:
      return (day - sys_days{date.year() / January / 1}).count();
    case Field::kDayOfMonth:
      return static_cast<int64_t>(static_cast<unsigned>(date.day())) - 1;
    case Field::kDate:
      return static_cast<int64_t>(static_cast<unsigned>(date.day()));
    case Field::kDayOfWeek:
      return weekday{day}.c_encoding();
    case Field::kHours:
      return in_day / kHourMs;
    case Field::kMinutes:
      return in_day / kMinuteMs % 60;
    case Field::kSeconds:
      return in_day / kSecondMs % 60;
    case Field::kMilliseconds:
      break;
  }
  return in_day % kSecondMs;
}

int64_t UnitOf(Field field) {
  switch (field) {
    case Field::kHours:
      return kHourMs;
    case Field::kMinutes:
      return kMinuteMs;
    case Field::kSeconds:
      return kSecondMs;
    case Field::kMilliseconds:
      return 1;
    default:
      return kDayMs;
  }
}

template <Field Part>
Value OfTime(const Call& call) {
  const Value& time = call[0];
  const std::optional<ZoneOffset> offset = OffsetAt(call);
  if (!offset) return ErrorValue(kNoRules);
  Value local = time;
  local.number += offset->seconds * kSecondMs;
  const EventTime until = std::min(NextStep(local, UnitOf(Part), call.now),
                                   Leaves(time, offset->from, offset->to, call.now));
  return IntValue(FieldOf(Part, local.number), until);
}

// Whole units, rounded to zero: those of a negative duration are the negated ones of its opposite.
template <int64_t Unit>
Value OfDuration(const Call& call) {
  const bool is_negative = call[0].number < 0;
  Value span = call[0];
  if (is_negative) {
    span.number = -span.number - (span.nanos > 0 ? 1 : 0);
    span.slope = -span.slope;
  }
  const int64_t whole = Unit == 1 ? span.number % kSecondMs : span.number / Unit;
  return IntValue(is_negative ? -whole : whole, NextStep(span, Unit, call.now));
}

Value StartOfDay(const Call& call) {
  const auto day = PeriodAround({}, call[1].text, {call[0].number}, call.zones);
  if (!day) return ErrorValue(kNoRules);
  return TimeValue(day->from.ms, 0, Leaves(call[0], day->from, day->to, call.now), call.now);
}

Value NextTime(const Call& call) {
  const std::optional<int64_t> begins = ParseTimeOfDay(call[1].text);
  if (!begins) return ErrorValue("a time of day is written HH:MM");
  const auto day = PeriodAround({.begins_ms = *begins}, call[2].text, {call[0].number}, call.zones);
  if (!day) return ErrorValue(kNoRules);
  return TimeValue(day->to.ms, 0, Leaves(call[0], day->from, day->to, call.now), call.now);
}

#define SPOTTER_CLOCK(name, field)                          \
  {name, "timestamp.() -> int", OfTime<Field::field>}, {    \
    name, "timestamp.(string) -> int", OfTime<Field::field> \
  }
constexpr Function kFunctions[] = {
    SPOTTER_CLOCK("getFullYear", kFullYear),
    SPOTTER_CLOCK("getMonth", kMonth),
    SPOTTER_CLOCK("getDayOfYear", kDayOfYear),
    SPOTTER_CLOCK("getDayOfMonth", kDayOfMonth),
    SPOTTER_CLOCK("getDate", kDate),
    SPOTTER_CLOCK("getDayOfWeek", kDayOfWeek),
    SPOTTER_CLOCK("getHours", kHours),
    SPOTTER_CLOCK("getMinutes", kMinutes),
    SPOTTER_CLOCK("getSeconds", kSeconds),
    SPOTTER_CLOCK("getMilliseconds", kMilliseconds),
    {"startOfDay", "(timestamp, string) -> timestamp", StartOfDay},
    {"nextTime", "(timestamp, string, string) -> timestamp", NextTime},
    {"getHours", "duration.() -> int", OfDuration<kHourMs>},
    {"getMinutes", "duration.() -> int", OfDuration<kMinuteMs>},
    {"getSeconds", "duration.() -> int", OfDuration<kSecondMs>},
    {"getMilliseconds", "duration.() -> int", OfDuration<1>},
};
#undef SPOTTER_CLOCK

}  // namespace

std::span<const Function> TimeFunctions() { return kFunctions; }

}  // namespace spotter::segment
