// SPDX-License-Identifier: Apache-2.0
#include "govern/decide_proposal.h"

namespace spotter::govern {

namespace {

EventTime AtMinute(const Zone& zone, LocalTime day, int minute, Occurrence occurrence) {
  day.hour = 0;
  day.minute = minute;
  day.second = 0;
  return zone.FromLocal(day, occurrence);
}

}  // namespace

Window NextWindow(const model::TenantSettings& settings, const Zone& zone, EventTime now) {
  const int from = settings.quiet_from_minute;
  const int until = settings.quiet_until_minute;
  if (from == until) return {now, EventTime::Max()};
  LocalTime day = zone.ToLocal(now);
  day.day -= 1;  // a window that opened yesterday may still be open
  Window window{now, now};
  // A day has one window; one can vanish in a gap of the clock, so a few days are looked at.
  for (int tries = 0; tries < 5; ++tries, ++day.day) {
    LocalTime closing_day = day;
    if (from < until) closing_day.day += 1;
    const EventTime opens = AtMinute(zone, day, until, Occurrence::kLast);
    const EventTime closes = AtMinute(zone, closing_day, from, Occurrence::kFirst);
    window = {std::max(opens, now), closes};
    if (window.not_before < window.not_after) break;
  }
  return window;
}

EventTime StartOfWeek(const Zone& zone, EventTime time) {
  LocalTime day = zone.ToLocal(time);
  day.day -= day.weekday;
  return AtMinute(zone, day, 0, Occurrence::kFirst);
}

EventTime StartOfQuarter(const Zone& zone, EventTime time) {
  LocalTime day = zone.ToLocal(time);
  day.day = 1;
  day.month -= (day.month - 1) % 3;
  return AtMinute(zone, day, 0, Occurrence::kFirst);
}

}  // namespace spotter::govern
