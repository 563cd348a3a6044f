// SPDX-License-Identifier: Apache-2.0
#include "segment/value.h"

#include <gtest/gtest.h>

#include "segment/literals.h"
#include "segment/workspace.h"

namespace spotter::segment {
namespace {

constexpr EventTime kNow{1'000'000};
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
constexpr int64_t kMin = std::numeric_limits<int64_t>::min();

Value Compare(BinaryOp op, const Value& left, const Value& right, EventTime now) {
  Workspace work;
  return segment::Compare(op, left, right, now, work);
}
Value Calculate(BinaryOp op, const Value& left, const Value& right, EventTime now) {
  Workspace work;
  return segment::Calculate(op, left, right, now, work);
}

TEST(Value, IntegerArithmeticRefusesToOverflow) {
  struct Case {
    int64_t left;
    BinaryOp op;
    int64_t right;
    std::string_view answer;
  };
  const Case cases[] = {
      {7, BinaryOp::kAdd, 5, "12"},
      {7, BinaryOp::kDivide, 2, "3"},
      {-7, BinaryOp::kDivide, 2, "-3"},
      {-7, BinaryOp::kModulo, 2, "-1"},
      {kMax, BinaryOp::kAdd, 1, "integer overflow"},
      {kMin, BinaryOp::kSubtract, 1, "integer overflow"},
      {kMax, BinaryOp::kMultiply, 2, "integer overflow"},
      {kMin, BinaryOp::kDivide, -1, "integer overflow"},
      {kMin, BinaryOp::kModulo, -1, "integer overflow"},
      {1, BinaryOp::kDivide, 0, "division by zero"},
      {1, BinaryOp::kModulo, 0, "division by zero"},
  };
  for (const Case& c : cases) {
    const Value value = Calculate(c.op, IntValue(c.left), IntValue(c.right), kNow);
    const std::string found =
        value.is_error() ? std::string(value.text) : std::to_string(value.number);
    EXPECT_EQ(found, c.answer) << c.left << SymbolOf(c.op) << c.right;
  }
  EXPECT_TRUE(Negate(IntValue(kMin)).is_error());
  EXPECT_EQ(Negate(DoubleValue(2.5)).real, -2.5);
}

TEST(Value, ComparesNumbersOfBothKindsExactly) {
  const double big = 9007199254740992.0;  // 2^53
  EXPECT_TRUE(
      Compare(BinaryOp::kLess, DoubleValue(big), IntValue(9007199254740993), kNow).is_true());
  EXPECT_TRUE(Compare(BinaryOp::kEqual, DoubleValue(2.0), IntValue(2), kNow).is_true());
  EXPECT_TRUE(Compare(BinaryOp::kLess, IntValue(-3), DoubleValue(-2.5), kNow).is_true());
  EXPECT_TRUE(Compare(BinaryOp::kLess, IntValue(kMax), DoubleValue(1e19), kNow).is_true());
  EXPECT_TRUE(Compare(BinaryOp::kGreater, IntValue(kMin), DoubleValue(-1e19), kNow).is_true());
  const Value nan = DoubleValue(std::numeric_limits<double>::quiet_NaN());
  for (const BinaryOp op : {BinaryOp::kEqual, BinaryOp::kLess, BinaryOp::kGreaterEqual}) {
    EXPECT_TRUE(Compare(op, nan, IntValue(1), kNow).is_false());
    EXPECT_TRUE(Compare(op, nan, nan, kNow).is_false());
  }
  EXPECT_TRUE(Compare(BinaryOp::kNotEqual, nan, nan, kNow).is_true());
}

TEST(Value, EqualityOfDifferentKindsIsFalseAndOrderAnError) {
  EXPECT_TRUE(Compare(BinaryOp::kEqual, IntValue(1), StringValue("1"), kNow).is_false());
  EXPECT_TRUE(Compare(BinaryOp::kNotEqual, NullValue(), StringValue("1"), kNow).is_true());
  EXPECT_TRUE(Compare(BinaryOp::kEqual, NullValue(), NullValue(), kNow).is_true());
  EXPECT_TRUE(Compare(BinaryOp::kLess, NullValue(), StringValue("1"), kNow).is_error());
  EXPECT_TRUE(Compare(BinaryOp::kLess, StringValue("B"), StringValue("a"), kNow).is_true());
  EXPECT_TRUE(Compare(BinaryOp::kLess, BoolValue(false), BoolValue(true), kNow).is_true());
}

TEST(Value, AnErrorCarriesItsInstant) {
  const Value error = ErrorValue("gone", {kNow.ms + 5});
  EXPECT_EQ(Compare(BinaryOp::kEqual, error, IntValue(1, {kNow.ms + 9}), kNow).valid_until.ms,
            kNow.ms + 5);
  EXPECT_EQ(Calculate(BinaryOp::kAdd, IntValue(1, {kNow.ms + 3}), error, kNow).valid_until.ms,
            kNow.ms + 3);
  EXPECT_EQ(Negate(error).text, "gone");
}

// Every operator over every small distance and speed, against looking at each millisecond.
TEST(Value, ComparisonsOfMovingTimesHoldExactlyAsLongAsTheySay) {
  const BinaryOp ops[] = {BinaryOp::kEqual,     BinaryOp::kNotEqual, BinaryOp::kLess,
                          BinaryOp::kLessEqual, BinaryOp::kGreater,  BinaryOp::kGreaterEqual};
  const auto at = [](int64_t ms, int slope, int64_t later) {
    return DurationValue(ms + slope * later, slope, EventTime::Max(), {kNow.ms + later});
  };
  for (const BinaryOp op : ops) {
    for (int64_t distance = -9; distance <= 9; ++distance) {
      for (int slope = -3; slope <= 3; ++slope) {
        const Value now = Compare(op, at(distance, slope, 0), at(0, 0, 0), kNow);
        int64_t change = 1;
        for (; change < 30; ++change) {
          const EventTime then{kNow.ms + change};
          if (Compare(op, at(distance, slope, change), at(0, 0, change), then).number !=
              now.number) {
            break;
          }
        }
        const int64_t said = std::min<int64_t>(now.valid_until.ms - kNow.ms, 30);
        EXPECT_EQ(said, change) << SymbolOf(op) << " " << distance << " " << slope;
      }
    }
  }
}

TEST(Value, AMovingTimeLeavesAndEntersItsRangeAtAnInstant) {
  constexpr int64_t kYear9999 = 253402300799999;
  const Value inside = TimeValue(kYear9999 - 3, 1, EventTime::Max(), kNow);
  EXPECT_EQ(inside.kind, ValueKind::kTime);
  EXPECT_EQ(inside.valid_until.ms, kNow.ms + 4);
  const Value outside = TimeValue(kYear9999 + 3, -2, EventTime::Max(), kNow);
  EXPECT_TRUE(outside.is_error());
  EXPECT_EQ(outside.valid_until.ms, kNow.ms + 2);
  EXPECT_EQ(TimeValue(kYear9999 + 3, 1, EventTime::Max(), kNow).valid_until, EventTime::Max());
}

TEST(Literals, DurationsAreThoseOfCel) {
  struct Case {
    std::string_view text;
    int64_t ms;
  };
  const Case good[] = {{"1h30m", 5400000}, {"90s", 90000},   {"-1.5s", -1500}, {"0", 0},
                       {"250ms", 250},     {".5h", 1800000}, {"+2m", 120000},  {"0.005s", 5}};
  for (const Case& c : good) EXPECT_EQ(ParseDurationText(c.text)->ms, c.ms) << c.text;
  const std::string_view bad[] = {"",
                                  "1d",
                                  "1w",
                                  "h",
                                  "1",
                                  "1.s.",
                                  "1 h",
                                  "1h-2m",
                                  "5xs",
                                  "1e3s",
                                  "--1s",
                                  "-",
                                  "9999999999999999h",
                                  "99999999999h",
                                  "2562048h",
                                  "1.s2"};
  for (const std::string_view text : bad) EXPECT_FALSE(ParseDurationText(text).ok()) << text;
}

}  // namespace
}  // namespace spotter::segment
