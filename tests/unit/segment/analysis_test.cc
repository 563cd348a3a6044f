// SPDX-License-Identifier: Apache-2.0
#include "segment/analysis.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "segment/expression.h"
#include "segment/parser.h"

namespace spotter::segment {
namespace {

Analysis Of(const std::string& text) {
  EXPECT_TRUE(Expression::Compile(text, Scope::kSegment).ok())
      << text << Expression::Compile(text, Scope::kSegment).status();
  return Analyze(Parse(text).value());
}

TEST(Analysis, BoundsTheWakesOfADay) {
  struct Case {
    std::string expression;
    int64_t wakes;
  };
  const Case cases[] = {
      {"now - member.joined_at > days(30)", 0},
      {"events('visit').within(days(14)).exists()", 0},
      {"now.getHours() >= 9", 24},
      {"now.getHours() >= 9 && now.getMinutes() < 30", 24 + 1440},
      {"now.getDayOfWeek('-05:00') in [1, 2]", 1},
      {"now.getSeconds() == 0", 86'400},
      {"int(now) % 2 == 0", 86'400},
      {"(now - member.joined_at).getSeconds() % 2 == 0", 86'400},
      {"now.getMilliseconds() == 0", 86'400'000},
      {"string(now) > 'a'", 86'400'000},
      {"[now].exists(t, t.getSeconds() == 0)", 86'400},
      {"cel.bind(t, now, t.getSeconds() == 0)", 86'400},
      {"member.joined_at.getSeconds() == 0", 0},
      {"now < startOfDay(now) + hours(20)", 2},
      {"events('visit').calendarWeek().count() >= 3", 1},
      {"events('visit').within(days(9)).exists(e, (now - e.time).getHours() == 3)", 24'000},
      {"events('visit').within(days(9)).exists(e, now.getHours() == 3)", 24},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(Of(one.expression).wakes_per_day, one.wakes) << one.expression;
  }
}

TEST(Analysis, RefusesWithEstimateLimitAndPlace) {
  EXPECT_EQ(MessageOf(CheckLimits("member.plan == 'a' && now.getSeconds() == 0")),
            "time may wake a member 86400 times a day, at most 2880 are allowed at 1:27; compare "
            "times instead of their texts or seconds");
  const Status costly =
      CheckLimits("member.tags.all(a, member.tags.all(b, member.tags.all(c, a + b != c)))");
  EXPECT_NE(MessageOf(costly).find("units, at most 1000000 are allowed at 1:13"), std::string::npos)
      << costly;
  EXPECT_TRUE(CheckLimits("member.tags.all(a, member.tags.all(b, a + b != 'x'))").ok());
  EXPECT_FALSE(CheckLimits("events('visit').filter(a, events('visit').filter(b, b.time == "
                           "a.time).count() > 1).within(days(9)).exists()")
                   .ok());
}

TEST(Analysis, NeverWrapsAround) {
  std::string text = "true";
  for (int i = 0; i < 30; ++i) text = fmt::format("member.tags.all(t, {})", text);
  EXPECT_GT(Of(text).cost, int64_t{1} << 62);
}

TEST(Analysis, FindsWhatIsKeptAndAsked) {
  const auto kinds =
      Of("events('visit').within(days(2 * 7)).count() >= 3 && "
         "events('visit').within(days(9)).exists() "
         "&& events('purchase').count() > 4 && events('booking').within(days(1)).count() > "
         "events('no_show').within(days(1)).count()")
          .kinds;
  ASSERT_EQ(kinds.size(), 4U);
  EXPECT_EQ(kinds[0].kind, model::FactKind::visit);
  EXPECT_EQ(kinds[0].retention, Days(14));
  EXPECT_EQ(kinds[0].newest, 3);
  EXPECT_EQ(kinds[1].kind, model::FactKind::booking);
  EXPECT_EQ(kinds[1].newest, std::nullopt);
  EXPECT_EQ(kinds[3].kind, model::FactKind::purchase);
  EXPECT_EQ(kinds[3].retention, Duration::max());
  EXPECT_EQ(kinds[3].newest, 5);
}

// mission: C41
TEST(Analysis, EveryShippedSegmentIsAllowed) {
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(SPOTTER_SOURCE_DIR) + "/deploy/segments")) {
    std::ifstream file(entry.path());
    const std::string yaml{std::istreambuf_iterator<char>(file), {}};
    std::string when = yaml.substr(yaml.find("\nwhen: ") + 7);
    if (when.starts_with(">-")) {
      when = when.substr(2);
    } else if (when.starts_with('"')) {
      when = when.substr(1, when.rfind('"') - 1);
    }
    EXPECT_TRUE(CheckLimits(when).ok()) << entry.path() << CheckLimits(when);
  }
}

}  // namespace
}  // namespace spotter::segment
