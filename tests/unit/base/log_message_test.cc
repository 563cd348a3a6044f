// SPDX-License-Identifier: Apache-2.0
#include "base/log_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/assert.h"
#include "base/strong_id.h"

namespace spotter {
namespace {

using ::testing::MatchesRegex;

TEST(LogMessage, WritesOneLine) {
  ::testing::internal::CaptureStderr();
  LogWarn("partition paused, partition={} reason=\"{}\"", 3, "store\nunavailable");
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              MatchesRegex("....-..-..T..:..:..\\....Z warn  partition paused, partition=3 "
                           "reason=\"store unavailable\"\n"));
}

TEST(LogMessage, DropsWhatIsBelowTheLevel) {
  ::testing::internal::CaptureStderr();
  LogDebug("hidden");
  SetLogLevel(LogLevel::kError);
  LogWarn("hidden");
  SetLogLevel(LogLevel::kTrace);
  LogTrace("shown");
  SetLogLevel(LogLevel::kInfo);
  const std::string written = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(written.find("hidden"), std::string::npos);
  EXPECT_NE(written.find("shown"), std::string::npos);
}

TEST(ParseLogLevel, KnowsTheNames) {
  EXPECT_EQ(*ParseLogLevel("debug"), LogLevel::kDebug);
  EXPECT_EQ(ParseLogLevel("loud").status().code(), StatusCode::kInvalidArgument);
}

TEST(AssertDeathTest, NamesTheInvariant) {
  Assert(true, "holds");
  EXPECT_DEATH(Assert(1 + 1 == 3, "one and one is two"), "broken invariant: one and one is two");
}

TEST(StrongId, ComparesAndHashesByItsValue) {
  using Id = StrongId<std::string, struct IdTag>;
  EXPECT_EQ(Id("a"), Id("a"));
  EXPECT_LT(Id("a"), Id("b"));
  EXPECT_EQ(std::hash<Id>{}(Id("a")), std::hash<std::string>{}("a"));
}

Status Double(StatusOr<int> input, int& result) {
  SPOTTER_ASSIGN_OR_RETURN(const int value, input);
  SPOTTER_RETURN_IF_ERROR(value < 0 ? InvalidArgument("{} is negative", value) : OkStatus());
  result = 2 * value;
  return OkStatus();
}

TEST(Status, IsHandedOnByTheTwoMacros) {
  int result = 0;
  EXPECT_TRUE(Double(21, result).ok());
  EXPECT_EQ(result, 42);
  EXPECT_EQ(Double(NotFound("member '{}'", "m1"), result).ToString(), "NOT_FOUND: member 'm1'");
  EXPECT_EQ(MessageOf(Double(-1, result)), "-1 is negative");
}

}  // namespace
}  // namespace spotter
