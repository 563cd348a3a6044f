// SPDX-License-Identifier: Apache-2.0
//
// A zone whose clocks change at odd instants, and what calendars say in it: text and naive meaning.
// The instants looked at lie around the beginning of a day, a week and a month at once.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>

#include "property/segment_generator.h"

namespace spotter::segment {
namespace {

int64_t DayOf(int64_t local_ms) { return local_ms / kDay - (local_ms % kDay < 0 ? 1 : 0); }

// Whether a week or a month begins with the day; with a day, always.
bool BeginsWith(char period, int64_t day) {
  const std::chrono::sys_days date{std::chrono::days(day)};
  if (period == 'w') return std::chrono::weekday(date) == std::chrono::Monday;
  return period == 'd' || std::chrono::year_month_day(date).day() == std::chrono::day(1);
}

// The instants between which the period around `now` lies, day by day.
std::pair<int64_t, int64_t> PeriodOf(const RandomZone& zone, char period, int64_t begins,
                                     int64_t now) {
  int64_t from = std::numeric_limits<int64_t>::min();
  for (int64_t day = DayOf(now) - 40;; ++day) {
    if (!BeginsWith(period, day)) continue;
    const int64_t instant = zone.InstantOf(day * kDay + begins);
    if (instant > now) return {from, instant};
    from = instant;
  }
}

std::string ZoneArgument(Dice& dice, std::string_view before) {
  return dice.OneIn(2) ? std::string() : std::string(before) + "'Test/Zone'";
}

Generated CalendarCount(Dice& dice, const RandomMember& member) {
  const model::FactKind kind = SomeKind(dice);
  const char period = dice.OneIn(2) ? 'w' : 'm';
  const std::string text =
      fmt::format("events('{}').{}({}).count()", NameOf(kind),
                  period == 'w' ? "calendarWeek" : "calendarMonth", ZoneArgument(dice, ""));
  const int64_t k = dice.Between(0, 3);
  return Compared({text,
                   [&member, kind, period](int64_t now) {
                     const auto [from, to] = PeriodOf(member.zone, period, 0, now);
                     const auto count =
                         std::ranges::count_if(member.Of(kind), [&](const RandomFact& fact) {
                           return fact.time >= from && fact.time < to && fact.time <= now;
                         });
                     return Naive{Naive::kValue, count};
                   }},
                  SomeComparison(dice), Constant(std::to_string(k), k));
}

}  // namespace

RandomZone::RandomZone(Dice& dice) {
  constexpr std::array<int64_t, 8> kOffsets = {0, 0, 3600, -3600, 1, -1, 86400, -86400};
  offsets.push_back(kOffsets[dice.Roll(kOffsets.size())]);
  for (int64_t at = kBase - 40; dice.OneIn(2) && changes.size() < 4;) {
    changes.push_back(at += dice.Between(1, 40));
    offsets.push_back(kOffsets[dice.Roll(kOffsets.size())]);
  }
}

std::optional<ZoneOffset> RandomZone::OffsetAt(std::string_view zone, EventTime at) const {
  if (zone != "Test/Zone") return std::nullopt;
  const auto next = std::ranges::upper_bound(changes, at.ms);
  const auto index = static_cast<size_t>(next - changes.begin());
  return ZoneOffset{.seconds = offsets[index],
                    .from = index == 0 ? EventTime::Min() : EventTime{changes[index - 1]},
                    .to = next == changes.end() ? EventTime::Max() : EventTime{*next}};
}

int64_t RandomZone::LocalAt(int64_t now) const {
  return now + OffsetAt("Test/Zone", {now})->seconds * 1000;
}

// The least of all instants that show it, and of the changes that leave it out.
int64_t RandomZone::InstantOf(int64_t local) const {
  std::vector<int64_t> candidates = changes;
  for (const int64_t offset : offsets) candidates.push_back(local - offset * 1000);
  std::ranges::sort(candidates);
  return *std::ranges::find_if(candidates, [&](int64_t at) { return LocalAt(at) >= local; });
}

Generated RandomCalendar(Dice& dice, const RandomMember& member) {
  const RandomZone& zone = member.zone;
  switch (dice.Roll(5)) {
    case 0: {
      const std::string text = fmt::format("startOfDay(now{})", ZoneArgument(dice, ", "));
      const int64_t instant = kBase + dice.Between(-40, 80) - (dice.OneIn(3) ? kDay : 0);
      return Compared({text,
                       [&zone](int64_t now) {
                         return Naive{Naive::kValue, PeriodOf(zone, 'd', 0, now).first};
                       }},
                      SomeComparison(dice), Constant(TimeText(instant), instant));
    }
    case 1: {
      const bool is_midnight = dice.OneIn(2);
      const std::string text = fmt::format("nextTime(now, '{}'{})", is_midnight ? "00:00" : "01:00",
                                           ZoneArgument(dice, ", "));
      const int64_t length = dice.Between(0, 80) + (dice.OneIn(3) ? kDay : 0);
      return Compared({"(" + text + " - now)",
                       [&zone, is_midnight](int64_t now) {
                         const int64_t begins = is_midnight ? 0 : 3600 * 1000;
                         return Naive{Naive::kValue, PeriodOf(zone, 'd', begins, now).second - now};
                       }},
                      SomeComparison(dice), Constant(DurationText(length), length));
    }
    case 2: {
      const int64_t hour = dice.OneIn(2) ? 0 : dice.Between(0, 23);
      return Compared({"now.getHours('Test/Zone')",
                       [&zone](int64_t now) {
                         const int64_t local = zone.LocalAt(now);
                         return Naive{Naive::kValue, (local - DayOf(local) * kDay) / 3600000};
                       }},
                      SomeComparison(dice), Constant(std::to_string(hour), hour));
    }
    default:
      return CalendarCount(dice, member);
  }
}

}  // namespace spotter::segment
