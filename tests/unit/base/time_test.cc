// SPDX-License-Identifier: Apache-2.0
#include "base/time.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/clock.h"

namespace spotter {
namespace {

TEST(ParseTime, ReadsRfc3339) {
  struct Case {
    std::string_view text;
    std::string_view expected;
  };
  constexpr Case kCases[] = {
      {"2026-11-22T14:00:00Z", "2026-11-22T14:00:00.000Z"},
      {"2026-11-22t14:00:00z", "2026-11-22T14:00:00.000Z"},
      {"2026-11-22T14:00:00.5Z", "2026-11-22T14:00:00.500Z"},
      {"2026-11-22T14:00:00.123456789Z", "2026-11-22T14:00:00.123Z"},
      {"2026-11-22T14:00:00+02:00", "2026-11-22T12:00:00.000Z"},
      {"2026-11-22T14:00:00-05:30", "2026-11-22T19:30:00.000Z"},
      {"2026-01-01T00:30:00+01:00", "2025-12-31T23:30:00.000Z"},
      {"2024-02-29T23:59:60Z", "2024-03-01T00:00:00.000Z"},
      {"1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"},
      {"0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000Z"},
      {"9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"},
  };
  for (const Case& c : kCases) {
    const StatusOr<EventTime> time = ParseTime(c.text);
    ASSERT_TRUE(time.ok()) << c.text << ": " << time.status();
    EXPECT_EQ(FormatTime(*time), c.expected) << c.text;
  }
}

TEST(ParseTime, RefusesNonsense) {
  struct Case {
    std::string_view text;
    std::string_view reason;
  };
  constexpr Case kCases[] = {
      {"", "no four-digit year"},
      {"yesterday", "no four-digit year"},
      {"never", "no four-digit year"},
      {"1763820000", "no four-digit year"},
      {" 2026-11-22T14:00:00Z", "no four-digit year"},
      {"2026-1-22T14:00:00Z", "no two-digit month"},
      {"2026-11-2T14:00:00Z", "no two-digit day"},
      {"2026-11-22", "no 'T' after the date"},
      {"2026-11-22 14:00:00Z", "no 'T' after the date"},
      {"2026-11-22T14:00Z", "no two-digit minute"},
      {"2026-11-22T14:00:00", "no zone"},
      {"2026-11-22T14:00:00.Z", "no digits after the decimal point"},
      {"2026-11-22T14:00:00+0200", "not ±HH:MM"},
      {"2026-11-22T14:00:00+24:00", "no such zone offset"},
      {"2026-11-22T14:00:00Z ", "something follows the zone"},
      {"2026-02-29T14:00:00Z", "no such date"},
      {"2026-13-01T14:00:00Z", "no such date"},
      {"2026-11-00T14:00:00Z", "no such date"},
      {"2026-11-22T24:00:00Z", "no such time of day"},
      {"2026-11-22T14:60:00Z", "no such time of day"},
      {"2026-11-22T14:00:61Z", "no such time of day"},
  };
  for (const Case& c : kCases) {
    const StatusOr<EventTime> time = ParseTime(c.text);
    ASSERT_EQ(time.status().code(), StatusCode::kInvalidArgument) << c.text;
    const std::string_view message = MessageOf(time.status());
    EXPECT_NE(message.find(c.reason), std::string_view::npos) << message;
    EXPECT_NE(message.find(fmt::format("'{}'", c.text)), std::string_view::npos) << message;
  }
}

TEST(ParseTime, ShowsOnlyTheBeginningOfALongText) {
  const StatusOr<EventTime> time = ParseTime(std::string(10'000, 'x'));
  EXPECT_LT(time.status().message().size(), 300u);
}

TEST(FormatTime, PrintsTheBoundsAsWords) {
  EXPECT_EQ(FormatTime(EventTime::Max()), "never");
  EXPECT_EQ(FormatTime(EventTime::Min()), "@-9223372036854775808ms");
  EXPECT_EQ(FormatTime({253402300800000}), "@253402300800000ms");  // year 10000
}

RC_GTEST_PROP(FormatTime, IsReadBack, ()) {
  const EventTime time{*rc::gen::inRange<int64_t>(-62'167'219'200'000, 253'402'300'800'000)};
  const StatusOr<EventTime> read = ParseTime(FormatTime(time));
  RC_ASSERT(read.ok());
  RC_ASSERT(*read == time);
}

TEST(EventTime, SaturatesAtItsBounds) {
  EXPECT_EQ(EventTime::Max() + Days(1), EventTime::Max());
  EXPECT_EQ(EventTime::Max() - Days(1), EventTime::Max());
  EXPECT_EQ(EventTime::Min() - Days(1), EventTime::Min());
  EXPECT_EQ(EventTime{EventTime::Max().ms - 1} + Days(1), EventTime::Max());
  EXPECT_EQ(EventTime{EventTime::Min().ms + 1} - Days(1), EventTime::Min());
}

TEST(ParseDuration, ReadsSumsOfUnits) {
  struct Case {
    std::string_view text;
    Duration expected;
    std::string_view printed;
  };
  constexpr Case kCases[] = {
      {"3d", Days(3), "3d"},
      {"90m", Minutes(90), "1h30m"},
      {"2h", Hours(2), "2h"},
      {"30s", Seconds(30), "30s"},
      {"1w", Days(7), "7d"},
      {"1d12h", Hours(36), "1d12h"},
      {"1w1d1h1m1s1ms", Days(8) + Hours(1) + Minutes(1) + Seconds(1) + Duration(1), "8d1h1m1s1ms"},
      {"0s", Duration(0), "0s"},
      {"250ms", Duration(250), "250ms"},
  };
  for (const Case& c : kCases) {
    const StatusOr<Duration> duration = ParseDuration(c.text);
    ASSERT_TRUE(duration.ok()) << c.text << ": " << duration.status();
    EXPECT_EQ(*duration, c.expected) << c.text;
    EXPECT_EQ(FormatDuration(*duration), c.printed);
  }
}

TEST(ParseDuration, RefusesNonsense) {
  for (const std::string_view text : {"", "3", "d", "3 d", "-3d", "3D", "1.5h", "1h1d", "1h1h",
                                      "3days", "99999999999999999999d", "9223372036854775807w"}) {
    EXPECT_EQ(ParseDuration(text).status().code(), StatusCode::kInvalidArgument) << text;
  }
}

TEST(FormatDuration, PrintsASign) {
  EXPECT_EQ(FormatDuration(-Minutes(90)), "-1h30m");
  EXPECT_EQ(FormatDuration(Duration::min()), "-106751991167d7h12m55s808ms");
}

RC_GTEST_PROP(FormatDuration, IsReadBack, ()) {
  const Duration duration(*rc::gen::inRange<int64_t>(0, std::numeric_limits<int64_t>::max()));
  const StatusOr<Duration> read = ParseDuration(FormatDuration(duration));
  RC_ASSERT(read.ok());
  RC_ASSERT(*read == duration);
}

TEST(VirtualClock, MovesOnlyForward) {
  VirtualClock clock({1000});
  EXPECT_EQ(clock.Now(), EventTime{1000});
  clock.AdvanceTo({500});
  EXPECT_EQ(clock.Now(), EventTime{1000});
  clock.AdvanceTo({2000});
  EXPECT_EQ(clock.Now(), EventTime{2000});
  EXPECT_FALSE(clock.reached_wall());
}

TEST(VirtualClock, BecomesTheClockItFollowsOnReachingIt) {
  VirtualClock wall({10'000});
  VirtualClock clock({1000}, &wall);
  wall.AdvanceTo({11'000});
  EXPECT_EQ(clock.Now(), EventTime{1000});
  clock.AdvanceTo({10'999});
  EXPECT_FALSE(clock.reached_wall());
  clock.AdvanceTo({50'000});
  EXPECT_TRUE(clock.reached_wall());
  EXPECT_EQ(clock.Now(), EventTime{11'000});
  wall.AdvanceTo({12'000});
  EXPECT_EQ(clock.Now(), EventTime{12'000});
}

TEST(SystemClock, IsInThisCentury) {
  EXPECT_GT(SystemClock().Now(), *ParseTime("2024-01-01T00:00:00Z"));
  EXPECT_LT(SystemClock().Now(), *ParseTime("2100-01-01T00:00:00Z"));
}

}  // namespace
}  // namespace spotter
