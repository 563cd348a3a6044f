// SPDX-License-Identifier: Apache-2.0
//
// What clocks and calendars say of moving instants, and until when.
#include <gtest/gtest.h>

#include "segment/expression.h"
#include "unit/segment/member_builder.h"

namespace spotter::segment {
namespace {

// Berlin in 2026: summer time from 29 March 01:00 UTC to 25 October 01:00 UTC.
class Berlin final : public ZoneLookup {
 public:
  std::string_view ZoneOf(const model::MemberView& member) const override {
    return member.Text(model::AttributeId::time_zone);
  }
  std::optional<ZoneOffset> OffsetAt(std::string_view zone, EventTime at) const override {
    if (zone != "Europe/Berlin") return std::nullopt;
    const EventTime spring = At("2026-03-29T01:00:00Z");
    const EventTime autumn = At("2026-10-25T01:00:00Z");
    if (at < spring) return ZoneOffset{.seconds = 3600, .to = spring};
    if (at < autumn) return ZoneOffset{.seconds = 7200, .from = spring, .to = autumn};
    return ZoneOffset{.seconds = 3600, .from = autumn};
  }
};

std::string Answered(const Expression& expression, const MemberBuilder& member,
                     const ZoneLookup& zones, std::string_view now) {
  const model::MemberView view = member.View();
  const Result result = expression.Evaluate({.member = view, .now = At(now), .zones = &zones});
  std::string answer = result.is_error ? "error" : result.value ? "yes" : "no";
  if (result.valid_until != EventTime::Max()) answer += " until " + FormatTime(result.valid_until);
  return answer;
}

std::string Evaluated(std::string_view text, std::string_view now) {
  const StatusOr<Expression> expression = Expression::Compile(text, Scope::kSegment);
  if (!expression.ok()) return std::string(MessageOf(expression.status()));
  MemberBuilder member;
  member.Trait(model::AttributeId::time_zone, std::string("Europe/Berlin"));
  return Answered(*expression, member, Berlin(), now);
}

TEST(Clock, AGetterHoldsUntilItsClockMovesOn) {
  struct Case {
    std::string_view text;
    std::string_view now;
    std::string_view answer;
  };
  const Case cases[] = {
      {"now.getHours() == 12", "2026-03-31T12:34:56.789Z", "yes until 2026-03-31T13:00:00.000Z"},
      {"now.getMinutes() == 34", "2026-03-31T12:34:56.789Z", "yes until 2026-03-31T12:35:00.000Z"},
      {"now.getSeconds() == 56", "2026-03-31T12:34:56.789Z", "yes until 2026-03-31T12:34:57.000Z"},
      {"now.getMilliseconds() == 789", "2026-03-31T12:34:56.789Z",
       "yes until 2026-03-31T12:34:56.790Z"},
      {"now.getDayOfWeek() == 2", "2026-03-31T12:34:56.789Z", "yes until 2026-04-01T00:00:00.000Z"},
      {"now.getFullYear() == 2026", "2026-12-31T23:59:59.999Z",
       "yes until 2027-01-01T00:00:00.000Z"},
      {"now.getDate('+05:45') == 1", "2026-03-31T18:15:00Z", "yes until 2026-04-01T18:15:00.000Z"},
      // Backwards: what is left of a day.
      {"(timestamp('2026-04-01T00:00:00Z') - now).getHours() == 11", "2026-03-31T12:34:56.789Z",
       "yes until 2026-03-31T13:00:00.001Z"},
      {"(timestamp('2026-04-01T00:00:00Z') - now).getMinutes() == 0", "2026-03-31T23:59:30Z",
       "yes until 2026-04-01T00:00:00.001Z"},
      {"(now - timestamp('2026-03-31T00:00:00Z')).getHours() == 12", "2026-03-31T12:34:56.789Z",
       "yes until 2026-03-31T13:00:00.000Z"},
      {"int(now) == 1774960496", "2026-03-31T12:34:56.789Z", "yes until 2026-03-31T12:34:57.000Z"},
      {"string(now) == '2026-03-31T12:34:56.789Z'", "2026-03-31T12:34:56.789Z",
       "yes until 2026-03-31T12:34:56.790Z"},
      {"'%s'.format([now]) == ''", "2026-03-31T12:34:56.789Z", "no until 2026-03-31T12:34:56.790Z"},
      {"type(now) == google.protobuf.Timestamp", "2026-03-31T12:34:56.789Z", "yes"},
      // In lists and through bindings it moves as it does alone.
      {"[now, timestamp('2026-03-31T13:00:00Z')].all(t, t <= timestamp('2026-03-31T14:00:00Z'))",
       "2026-03-31T12:00:00Z", "yes until 2026-03-31T14:00:00.001Z"},
      {"cel.bind(age, now - timestamp('2026-03-31T00:00:00Z'), age > duration('13h'))",
       "2026-03-31T12:00:00Z", "no until 2026-03-31T13:00:00.001Z"},
      {"[now] == [timestamp('2026-03-31T13:00:00Z')]", "2026-03-31T12:00:00Z",
       "no until 2026-03-31T13:00:00.000Z"},
      // Finer than now: half a millisecond is passed, never met.
      {"now == timestamp('2026-03-31T12:00:00.0005Z')", "2026-03-31T12:00:00Z", "no"},
      {"now < timestamp('2026-03-31T12:00:00.0005Z')", "2026-03-31T12:00:00Z",
       "yes until 2026-03-31T12:00:00.001Z"},
      {"now >= timestamp('2026-03-31T12:00:00.0005Z')", "2026-03-31T11:59:59.999Z",
       "no until 2026-03-31T12:00:00.001Z"},
  };
  for (const Case& c : cases) EXPECT_EQ(Evaluated(c.text, c.now), c.answer) << c.text;
}

TEST(Clock, AGetterHoldsUntilItsZoneChangesItsOffset) {
  struct Case {
    std::string_view text;
    std::string_view now;
    std::string_view answer;
  };
  const Case cases[] = {
      {"now.getHours(member.time_zone) == 1", "2026-03-29T00:30:00Z",
       "yes until 2026-03-29T01:00:00.000Z"},
      // The hour that is left out.
      {"now.getHours('Europe/Berlin') == 3", "2026-03-29T01:00:00Z",
       "yes until 2026-03-29T02:00:00.000Z"},
      // The hour that comes twice.
      {"now.getHours('Europe/Berlin') == 2", "2026-10-25T00:30:00Z",
       "yes until 2026-10-25T01:00:00.000Z"},
      {"now.getHours('Europe/Berlin') == 2", "2026-10-25T01:30:00Z",
       "yes until 2026-10-25T02:00:00.000Z"},
      // A day ends where the clock says so; before, its offset has changed.
      {"now.getDate('Europe/Berlin') == 25", "2026-10-24T22:00:00Z",
       "yes until 2026-10-25T01:00:00.000Z"},
      {"now.getDate('Europe/Berlin') == 25", "2026-10-25T01:00:00Z",
       "yes until 2026-10-25T23:00:00.000Z"},
      {"now.getHours('Europe/Brelin') == 2", "2026-10-25T01:30:00Z", "error"},
      {"now.getHours('+24:00') == 2", "2026-10-25T01:30:00Z",
       "'+24:00' is no time zone at 1:14; expected a name such as 'Europe/Berlin', or an offset "
       "such as '+05:30'"},
      {"now.getHours(member.plan) == 2", "2026-10-25T01:30:00Z", "error"},
  };
  for (const Case& c : cases) EXPECT_EQ(Evaluated(c.text, c.now), c.answer) << c.text << c.now;
}

// mission: C76
TEST(Clock, DaysBeginAndTimesComeAsTheZoneShowsThem) {
  struct Case {
    std::string_view text;
    std::string_view now;
    std::string_view answer;
  };
  const Case cases[] = {
      {"startOfDay(now) == timestamp('2026-03-28T23:00:00Z')", "2026-03-29T12:00:00Z",
       "yes until 2026-03-29T22:00:00.000Z"},
      {"startOfDay(now, 'UTC') == timestamp('2026-03-29T00:00:00Z')", "2026-03-29T12:00:00Z",
       "yes until 2026-03-30T00:00:00.000Z"},
      {"startOfDay(now, '+05:30') == timestamp('2026-03-28T18:30:00Z')", "2026-03-29T12:00:00Z",
       "yes until 2026-03-29T18:30:00.000Z"},
      {"startOfDay(timestamp('2026-10-25T12:00:00Z')) == timestamp('2026-10-24T22:00:00Z')",
       "2026-03-29T12:00:00Z", "yes"},
      // Skipped: when the clocks go on. Shown twice: the first time.
      {"nextTime(now, '02:30') == timestamp('2026-03-29T01:00:00Z')", "2026-03-29T00:59:59Z",
       "yes until 2026-03-29T01:00:00.000Z"},
      {"nextTime(now, '02:30') == timestamp('2026-03-30T00:30:00Z')", "2026-03-29T01:00:00Z",
       "yes until 2026-03-30T00:30:00.000Z"},
      {"nextTime(now, '02:30') == timestamp('2026-10-25T00:30:00Z')", "2026-10-25T00:00:00Z",
       "yes until 2026-10-25T00:30:00.000Z"},
      {"nextTime(now, '02:30') == timestamp('2026-10-26T01:30:00Z')", "2026-10-25T01:30:00Z",
       "yes until 2026-10-26T01:30:00.000Z"},
      {"nextTime(now, '09:00', 'Europe/Berlin') - now <= hours(1)", "2026-03-31T05:00:00Z",
       "no until 2026-03-31T06:00:00.000Z"},
      {"now >= nextTime(member.joined_at, '09:00')", "2026-03-31T05:00:00Z", "error"},
      {"startOfDay(now, 'Asia/Tokyo') < now", "2026-03-31T05:00:00Z", "error"},
      {"nextTime(now, '9:00') < now", "2026-03-31T05:00:00Z",
       "'9:00' is no time of day at 1:15; expected one such as '09:30'"},
  };
  for (const Case& c : cases) EXPECT_EQ(Evaluated(c.text, c.now), c.answer) << c.text << c.now;
}

// mission: C76
TEST(Clock, CalendarWeeksBeginOnMondayInTheZone) {
  MemberBuilder member;
  member.Trait(model::AttributeId::time_zone, std::string("Europe/Berlin"))
      .Visit(At("2026-03-22T22:59:59.999Z"))  // Sunday night in Berlin, before the clocks change
      .Visit(At("2026-03-22T23:00:00Z"))      // Monday
      .Visit(At("2026-03-29T21:59:59.999Z"))  // Sunday, after they did
      .Visit(At("2026-03-29T22:00:00Z"));
  struct Case {
    std::string_view text;
    std::string_view now;
    std::string_view answer;
  };
  const Case cases[] = {
      {"events('visit').calendarWeek().count() == 2", "2026-03-29T21:59:59.999Z",
       "yes until 2026-03-29T22:00:00.000Z"},
      {"events('visit').calendarWeek().count() == 1", "2026-03-29T22:00:00Z",
       "yes until 2026-04-05T22:00:00.000Z"},
      {"events('visit').calendarWeek('UTC').count() == 2", "2026-03-29T23:00:00Z",
       "yes until 2026-03-30T00:00:00.000Z"},
      {"events('visit').calendarMonth().count() == 4", "2026-03-31T21:00:00Z",
       "yes until 2026-03-31T22:00:00.000Z"},
      {"events('visit').calendarMonth('-05:00').exists()", "2026-04-01T05:00:00Z",
       "no until 2026-05-01T05:00:00.000Z"},
      {"events('visit').calendarWeek().filter(e, e.time > now - hours(1)).exists()",
       "2026-03-29T22:30:00Z", "yes until 2026-03-29T23:00:00.000Z"},
      {"events('visit').calendarWeek('Asia/Tokyo').exists()", "2026-03-29T22:30:00Z", "error"},
      {"events('visit').calendarWeek().calendarMonth().exists()", "2026-03-29T22:30:00Z",
       "a window has one calendar period only at 1:32"},
  };
  const Berlin zones;
  for (const Case& c : cases) {
    const StatusOr<Expression> expression = Expression::Compile(c.text, Scope::kSegment);
    EXPECT_EQ(expression.ok() ? Answered(*expression, member, zones, c.now)
                              : std::string(MessageOf(expression.status())),
              c.answer)
        << c.text << c.now;
  }
}

TEST(Clock, TheZonesThatAnExpressionNamesAreKnown) {
  const auto zones_of = [](std::string_view text) {
    return Expression::Compile(text, Scope::kSegment)->dependencies();
  };
  const Dependencies named = zones_of(
      "now.getHours('Europe/Berlin') > 9 && "
      "events('visit').calendarWeek('Asia/Tokyo').exists()");
  ASSERT_EQ(named.zones.size(), 2U);
  EXPECT_EQ(named.zones[0].name, "Asia/Tokyo");
  EXPECT_EQ(named.zones[1], (NamedZone{.name = "Europe/Berlin", .line = 1, .column = 14}));
  EXPECT_TRUE(named.on_zones);
  const Dependencies fixed = zones_of("now.getHours('UTC') > 9 && now.getHours('+02:00') > 9");
  EXPECT_TRUE(fixed.zones.empty());
  EXPECT_FALSE(fixed.on_zones);
  const Dependencies own = zones_of("startOfDay(now) == now");
  EXPECT_TRUE(own.on_zones);
  EXPECT_EQ(own.traits, std::vector{model::AttributeId::time_zone});
}

}  // namespace
}  // namespace spotter::segment
