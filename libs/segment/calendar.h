// SPDX-License-Identifier: Apache-2.0
//
// Days, weeks and months as the clocks of a zone show them. A period begins at the first instant at
// which the clocks show its beginning or something later: where they skip it, when they go on;
// where they show it twice, the first time. So the periods of a zone follow each other without a
// gap, and one that is skipped whole is empty.
#pragma once

#include <optional>
#include <string_view>

#include "segment/expression.h"

namespace spotter::segment {

enum class Period : uint8_t { kDay, kWeek, kMonth };  // a week begins on Monday

struct Calendar {
  Period period = Period::kDay;
  int64_t begins_ms = 0;  // of the day that a period begins with
};

// Of "UTC", a fixed offset such as "+05:30", or a zone of which `zones` has rules.
std::optional<ZoneOffset> OffsetIn(std::string_view zone, EventTime at, const ZoneLookup* zones);
// "UTC", or a fixed offset: needs no rules.
bool IsFixedZone(std::string_view zone);

struct TimeSpan {
  EventTime from;
  EventTime to;  // not of it
};
// The period that an instant is in; nullopt: the zone's rules are not known.
std::optional<TimeSpan> PeriodAround(const Calendar& calendar, std::string_view zone, EventTime at,
                                     const ZoneLookup* zones);

// "09:30", milliseconds after midnight.
std::optional<int64_t> ParseTimeOfDay(std::string_view text);

}  // namespace spotter::segment
