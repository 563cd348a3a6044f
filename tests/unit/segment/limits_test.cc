// SPDX-License-Identifier: Apache-2.0
//
// Bad input: what is too large, too deep, too long or too clever ends soon, and the same
// everywhere.
#include <gtest/gtest.h>

#include "segment/checker.h"
#include "segment/expression.h"
#include "segment/parser.h"
#include "segment/workspace.h"
#include "unit/segment/member_builder.h"

namespace spotter::segment {
namespace {

const EventTime kNow = At("2026-03-31T12:00:00Z");
constexpr std::string_view kOverBound = "the evaluation takes too many steps";

std::string Repeated(std::string_view text, int times) {
  std::string result;
  for (int i = 0; i < times; ++i) result += text;
  return result;
}

// "yes", "no", the reason of an error, or why it is refused.
std::string Answered(std::string_view text, EventTime now = kNow) {
  const StatusOr<Ast> ast = Parse(text);
  if (!ast.ok()) return std::string(MessageOf(ast.status()));
  const Environment environment{.scope = Scope::kSegment};
  const StatusOr<Code> code = Check(*ast, environment);
  if (!code.ok()) return std::string(MessageOf(code.status()));
  MemberBuilder member;
  member.Tag("a").Tag("b").Trait(model::AttributeId::plan, std::string("gold"));
  const model::MemberView view = member.View();
  Workspace work;
  const Value value = Evaluate(*code, static_cast<uint32_t>(code->nodes.size() - 1),
                               {.member = view, .now = now}, work);
  if (value.is_error()) return std::string(value.text);
  return value.is_true() ? "yes" : "no";
}

TEST(Limits, AMegabyteIsRefusedUnread) {
  EXPECT_EQ(Answered(Repeated("1 + ", 1 << 18) + "1 == 1"),
            "expression has 1048582 bytes, at most 16384 (text size limit)");
}

TEST(Limits, MacrosInMacrosEndWithTheirSteps) {
  const std::string ten = "[1,2,3,4,5,6,7,8,9,0]";
  std::string bomb = "member.plan == 'gold'";
  for (int i = 0; i < 8; ++i) bomb = fmt::format("{}.all(x{}, {})", ten, i, bomb);
  EXPECT_EQ(Answered(bomb), kOverBound);
  // No && and no || makes an answer of what was not computed.
  EXPECT_EQ(Answered("true || " + bomb), "yes");
  EXPECT_EQ(Answered("member.plan == 'gold' || " + bomb), "yes");
  EXPECT_EQ(Answered(bomb + " || member.plan == 'gold'"), kOverBound);
  EXPECT_EQ(Answered("!(" + bomb + ") && false"), kOverBound);
  // The same of constants: the compiler gives up, and so does each evaluation.
  std::string constant = "x7 >= 0";
  for (int i = 0; i < 8; ++i) constant = fmt::format("{}.all(x{}, {})", ten, i, constant);
  EXPECT_EQ(Answered(constant), kOverBound);
}

TEST(Limits, AnswersThatGrowEndWithTheirBytes) {
  // Each binding doubles: 2^30 elements, characters, or comparisons of shared parts.
  const auto doubled = [](std::string_view seed, std::string_view twice, std::string_view use) {
    std::string text(use);
    for (int i = 30; i > 0; --i) {
      text = fmt::format("cel.bind(x{}, {}, {})", i,
                         fmt::vformat(twice, fmt::make_format_args(i - 1)), text);
    }
    return fmt::format("cel.bind(x0, {}, {})", seed, text);
  };
  EXPECT_EQ(Answered(doubled("member.plan", "x{0} + x{0}", "x30 != ''")), kOverBound);
  EXPECT_EQ(Answered(doubled("member.tags", "x{0} + x{0}", "x30 != []")), kOverBound);
  EXPECT_EQ(Answered(doubled("member.tags", "dyn([x{0}, x{0}])", "x30 == x30")), kOverBound);
  EXPECT_EQ(Answered(doubled("member.tags", "dyn([x{0}, x{0}])", "'%s'.format([x30]) == ''")),
            kOverBound);
  EXPECT_EQ(Answered(doubled("member.plan", "x{0}.replace('', x{0})", "x30 != ''")), kOverBound);
}

TEST(Limits, RegularExpressionsAreLinearAndSmall) {
  const std::string as = Repeated("a", 5000);
  EXPECT_EQ(Answered("(member.plan + '" + as + "b').matches('(a+)+$')"), "no");
  EXPECT_EQ(Answered("(member.plan + '" + as + "').matches('(a|aa)*c')"), "no");
  EXPECT_EQ(
      Answered("member.plan.matches('((a{30}){30}){30}')"),
      "'((a{30}){30}){30}' is not a regular expression: invalid repetition size: {30} at 1:21");
  EXPECT_EQ(
      Answered("member.plan.matches(r'(\\pL{20}){40}')"),
      "'(\\pL{20}){40}' is not a regular expression: pattern too large - compile failed at 1:21");
  EXPECT_NE(Answered("member.plan.matches('a{1000}b{1000}c{1000}')").find("at most 2000 at 1:21"),
            std::string::npos);
  EXPECT_EQ(Answered("member.plan.matches('" + Repeated("a", 1001) + "')"),
            "the regular expression has 1001 bytes, at most 1000 at 1:21");
  EXPECT_EQ(Answered("'a'.matches(member.plan + '(')"), "the regular expression cannot be used");
  // One that is read at evaluation is paid for each time.
  EXPECT_EQ(Answered(Repeated("0", 0) + "[" + Repeated("1,", 200) +
                     "1].all(x, !'a'.matches(member.plan + string(x)))"),
            kOverBound);
}

TEST(Limits, MacrosNestAsDeepAsVariablesGo) {
  std::string deep = "true";
  for (int i = 0; i < 40; ++i) deep = fmt::format("[1].all(i{0}, x{0}, {1})", i, deep);
  EXPECT_EQ(Answered(deep),
            "macros have over 64 variables in one another (variable limit) at 1:581");
  std::string wide = "true";
  for (int i = 0; i < 60; ++i) wide += fmt::format(" && [1].all(i, x{}, true)", i);
  EXPECT_EQ(Answered(wide), "yes");
}

TEST(Limits, TheErrorOfTheBoundHoldsAsLongAsWhatWasLookedAt) {
  // In one hour the first part is true, and the long one is not begun.
  std::string bomb = "member.plan == 'gold'";
  for (int i = 0; i < 8; ++i) bomb = fmt::format("[1,2,3,4,5,6,7,8,9].all(x{}, {})", i, bomb);
  const std::string text = "now >= timestamp('2026-03-31T13:00:00Z') ? true : " + bomb;
  const StatusOr<Expression> expression = Expression::Compile(text, Scope::kSegment);
  ASSERT_TRUE(expression.ok()) << expression.status();
  MemberBuilder member;
  member.Trait(model::AttributeId::plan, std::string("gold"));
  const model::MemberView view = member.View();
  const Result result = expression->Evaluate({.member = view, .now = kNow});
  EXPECT_TRUE(result.is_error);
  EXPECT_EQ(result.valid_until, kNow + Hours(1));
  EXPECT_TRUE(expression->Evaluate({.member = view, .now = kNow + Hours(1)}).value);
}

TEST(Limits, NumbersAtTheirEnds) {
  const std::pair<std::string_view, std::string_view> table[] = {
      {"9223372036854775807 + 1 > 0", "integer overflow"},
      {"-9223372036854775808 - 1 < 0", "integer overflow"},
      {"18446744073709551615u + 1u > 0u", "integer overflow"},
      {"-9223372036854775808 / -1 > 0", "integer overflow"},
      {"-9223372036854775808 % -1 == 0", "integer overflow"},
      {"math.abs(-9223372036854775808) > 0", "integer overflow"},
      {"0.0 / 0.0 < 1.0 || 0.0 / 0.0 >= 1.0 || 0.0 / 0.0 == 0.0 / 0.0", "no"},
      {"math.greatest(0.0 / 0.0, 1.0) == 1.0", "no"},
      {"int(0.0 / 0.0) == 0", "the number is out of range"},
      {"uint(-1.0) == 0u", "the number is out of range"},
      {"[1][-1] == 1", "index out of range"},
      {"[1][9223372036854775807] == 1", "index out of range"},
      {"'abc'.substring(0, 9223372036854775807) == ''", "index out of range"},
      {"'a'.split('', -9223372036854775808) == ['a']", "yes"},
      {"now + duration('2562047h') > now", "yes"},
      {"timestamp(9223372036854775807) > now", "timestamp out of range"},
      {"'%.101f'.format([1.0]) == ''", "a number is formatted with over 100 digits"},
      {"'%.99999999999f'.format([1.0]) == ''", "a number is formatted with over 100 digits"},
  };
  for (const auto& [text, answer] : table) EXPECT_EQ(Answered(text), answer) << text;
}

}  // namespace
}  // namespace spotter::segment
