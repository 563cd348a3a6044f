// SPDX-License-Identifier: Apache-2.0
//
// What the language must survive, and what it must keep whatever is written in it:
//   any text        is refused with a message, or compiles; never a crash, never a hang
//   any expression  answers the same twice, for a while, and the same at every instant of that
//   while any tree        printed and read again is the same
// Three kinds of text: random bytes, tokens in random order, and expressions of a random grammar
// over everything that CEL has, in which times that move with `now` are read in every way.
//
//   SPOTTER_SEED=N  the first seed (printed); SPOTTER_SOUP_CASES=N  how many of each kind
//
// Mutants planted by hand, each caught: a getter whose answer holds two units of its clock
// (OfTime), the text of a moving time that holds for ever, and max for min over the elements of a
// list comparison.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "property/segment_generator.h"
#include "segment/parser.h"
#include "segment/print.h"

namespace spotter::segment {
namespace {

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::string OneOf(Dice& dice, std::initializer_list<std::string_view> words) {
  return std::string(words.begin()[dice.Roll(words.size())]);
}

std::string RandomBytes(Dice& dice) {
  std::string text;
  for (int64_t size = dice.Between(0, 60); size > 0; --size) {
    // Mostly letters of the language, or nothing would get far.
    constexpr std::string_view kLikely = "ab01.'\"()[]{},:?!&|<>=+-*/% \n\\rux_`enow";
    text += dice.OneIn(5) ? static_cast<char>(dice.Roll(256)) : kLikely[dice.Roll(kLikely.size())];
  }
  return text;
}

std::string RandomTokens(Dice& dice) {
  constexpr std::string_view kTokens[] = {"a",
                                          "now",
                                          "member",
                                          ".",
                                          ".",
                                          "(",
                                          "(",
                                          ")",
                                          ")",
                                          "[",
                                          "]",
                                          "{",
                                          "}",
                                          ",",
                                          ":",
                                          "?",
                                          "!",
                                          "-",
                                          "+",
                                          "*",
                                          "/",
                                          "%",
                                          "==",
                                          "<",
                                          "&&",
                                          "||",
                                          "in",
                                          "true",
                                          "null",
                                          "0",
                                          "1",
                                          "2u",
                                          "1.5",
                                          "'a'",
                                          "b'a'",
                                          "x",
                                          "exists",
                                          "map",
                                          "filter",
                                          "all",
                                          "cel",
                                          "bind",
                                          "size",
                                          "events",
                                          "'visit'",
                                          "within",
                                          "days",
                                          "count",
                                          "plan",
                                          "tags",
                                          "has",
                                          "type",
                                          "dyn",
                                          "int",
                                          "string",
                                          "matches",
                                          "'(a|b)*'",
                                          "format",
                                          "split",
                                          "math",
                                          "greatest",
                                          "duration",
                                          "'1h'",
                                          "getHours",
                                          "'UTC'",
                                          "9223372036854775807",
                                          "-9223372036854775808",
                                          "`a-b`"};
  std::string text;
  for (int64_t size = dice.Between(1, 25); size > 0; --size) {
    text += kTokens[dice.Roll(std::size(kTokens))];
    text += dice.OneIn(3) ? " " : "";
  }
  return text;
}

// Expressions of a type. Names in scope: now, x (an int, inside a macro).
class Grammar {
 public:
  explicit Grammar(Dice& dice) : dice_(dice) {}

  std::string Bool(int depth) {
    if (depth <= 0) return OneOf(dice_, {"true", "false", "member.plan == 'gold'"});
    const int d = depth - 1;
    switch (dice_.Roll(14)) {
      case 0:
        return fmt::format("({} && {})", Bool(d), Bool(d));
      case 1:
        return fmt::format("({} || {})", Bool(d), Bool(d));
      case 2:
        return fmt::format("!({})", Bool(d));
      case 3:
        return fmt::format("({} ? {} : {})", Bool(d), Bool(d), Bool(d));
      case 4:
        return fmt::format("{}.{}(x, {})", Ints(d), OneOf(dice_, {"all", "exists", "exists_one"}),
                           Bool(d));
      case 5:
        return fmt::format("{}.exists(i, x, i < {} || {})", Ints(d), Int(d), Bool(d));
      case 6:
        return fmt::format("({} in {})", Int(d), Ints(d));
      case 7:
        return fmt::format("{}.{}({})", Text(d),
                           OneOf(dice_, {"contains", "startsWith", "endsWith", "matches"}),
                           Text(d));
      case 8:
        return fmt::format("({} {} {})", Time(d), Order(), Time(d));
      case 9:
        return fmt::format("({} {} {})", Span(d), Order(), Span(d));
      case 10:
        return fmt::format("({} {} {})", Text(d), Order(), Text(d));
      case 11:
        if (dice_.OneIn(2)) return fmt::format("([{}] == [{}])", Time(0), Time(0));
        return fmt::format("([{}, {}] == [{}, {}])", Time(d), Span(d), Time(d), Span(d));
      case 12:
        return fmt::format("(dyn({}) == {})", Int(d), dice_.OneIn(2) ? Text(d) : Int(d));
      default:
        return fmt::format("({} {} {})", Int(d), Order(), Int(d));
    }
  }

 private:
  std::string Order() { return OneOf(dice_, {"==", "!=", "<", "<=", ">", ">="}); }

  std::string Int(int depth) {
    if (depth <= 0) return OneOf(dice_, {"0", "1", "-1", "3", "59", "9223372036854775807"});
    const int d = depth - 1;
    switch (dice_.Roll(9)) {
      case 0:
        return fmt::format("({} {} {})", Int(d), OneOf(dice_, {"+", "-", "*", "/", "%"}), Int(d));
      case 1:
      case 2:
        return fmt::format(
            "{}.{}({})", Time(d),
            OneOf(dice_, {"getFullYear", "getMonth", "getDayOfYear", "getDate", "getDayOfWeek",
                          "getHours", "getMinutes", "getSeconds", "getMilliseconds"}),
            OneOf(dice_, {"", "", "'UTC'", "'+05:45'", "'-02:30'", "'No/Where'"}));
      case 3:
        return fmt::format(
            "{}.{}()", Span(d),
            OneOf(dice_, {"getHours", "getMinutes", "getSeconds", "getMilliseconds"}));
      case 4:
        return fmt::format("int({})", dice_.OneIn(2) ? Time(d) : Text(d));
      case 5:
        return fmt::format("size({})", dice_.OneIn(2) ? Ints(d) : Text(d));
      case 6:
        return fmt::format("math.{}({}, {})", OneOf(dice_, {"greatest", "least", "bitAnd"}), Int(d),
                           Int(d));
      case 7:
        return fmt::format("cel.bind(y, {}, y + {})", Int(d), Int(d));
      default:
        return fmt::format("{}[{}]", Ints(d), Int(0));
    }
  }

  std::string Text(int depth) {
    if (depth <= 0) return OneOf(dice_, {"'a'", "'ab'", "''", "'\u00f6\u00df'", "'0'", "'%s'"});
    const int d = depth - 1;
    switch (dice_.Roll(7)) {
      case 0:
        return fmt::format("string({})", dice_.OneIn(2) ? Time(d) : Span(d));
      case 1:
        return fmt::format("'%s %s'.format([{}, {}])", Int(d), dice_.OneIn(2) ? Time(d) : Ints(d));
      case 2:
        return fmt::format("({} + {})", Text(d), Text(d));
      case 3:
        return fmt::format("{}.substring({})", Text(d), Int(0));
      case 4:
        return fmt::format("{}.replace({}, {})", Text(d), Text(d), Text(d));
      case 5:
        return fmt::format("{}.split({}).join({})", Text(d), Text(d), Text(d));
      default:
        return fmt::format("string({})", Int(d));
    }
  }

  std::string Ints(int depth) {
    const int d = depth - 1;
    if (depth <= 0) return OneOf(dice_, {"[]", "[1]", "[1, 2, 3]", "[0, 9223372036854775807]"});
    switch (dice_.Roll(4)) {
      case 0:
        return fmt::format("{}.map(x, x + {})", Ints(d), Int(d));
      case 1:
        return fmt::format("{}.filter(x, x < {})", Ints(d), Int(d));
      case 2:
        return fmt::format("({} + {})", Ints(d), Ints(d));
      default:
        return fmt::format("[{}, {}]", Int(d), Int(d));
    }
  }

  std::string Time(int depth) {
    if (depth <= 0) {
      return dice_.OneIn(2)
                 ? "now"
                 : fmt::format("timestamp('{}')",
                               FormatTime(EventTime{
                                   kBase + (dice_.OneIn(2) ? dice_.Between(-40, 60) : 0)}));
    }
    if (dice_.OneIn(4)) {
      const std::string zone = OneOf(dice_, {"UTC", "+05:45", "-02:30"});
      if (dice_.OneIn(2)) return fmt::format("startOfDay({}, '{}')", Time(depth - 1), zone);
      return fmt::format("nextTime({}, '{}', '{}')", Time(depth - 1),
                         OneOf(dice_, {"00:00", "12:30"}), zone);
    }
    return fmt::format("({} {} {})", Time(depth - 1), OneOf(dice_, {"+", "-"}), Span(depth - 1));
  }

  std::string Span(int depth) {
    if (depth <= 0) {
      return fmt::format("duration('{}{}')", dice_.Between(-90, 90),
                         OneOf(dice_, {"ms", "s", "m", "h", "us", "ns"}));
    }
    return fmt::format("({} - {})", Time(depth - 1), Time(depth - 1));
  }

  Dice& dice_;
};

struct Tally {
  uint64_t compiled = 0;
  uint64_t errors = 0;
  uint64_t timed = 0;  // what will change
};

Result EvaluateAt(const Expression& expression, const MemberBuilder& builder, EventTime now) {
  const model::MemberView view = builder.View();
  return expression.Evaluate({.member = view, .now = now, .tenant = "studio"});
}

void Try(const std::string& text, Dice& dice, const MemberBuilder& builder, Tally& tally) {
  if (const StatusOr<Ast> ast = Parse(text); ast.ok()) {
    const std::string printed = Print(*ast);
    const StatusOr<Ast> again = Parse(printed);
    ASSERT_TRUE(again.ok()) << text << "\n" << printed;
    ASSERT_EQ(Print(*again), printed) << text;
  }
  const StatusOr<Expression> expression = Expression::Compile(text, Scope::kSegment);
  if (!expression.ok()) {
    ASSERT_EQ(expression.status().code(), StatusCode::kInvalidArgument) << text;
    ASSERT_FALSE(MessageOf(expression.status()).empty()) << text;
    return;
  }
  ++tally.compiled;
  const EventTime now{kBase};
  const Result held = EvaluateAt(*expression, builder, now);
  const Result twice = EvaluateAt(*expression, builder, now);
  ASSERT_EQ(held.value, twice.value) << text;
  ASSERT_EQ(held.is_error, twice.is_error) << text;
  ASSERT_EQ(held.valid_until, twice.valid_until) << text;
  if (held.is_error) ++tally.errors;
  if (held.valid_until != EventTime::Max()) ++tally.timed;
  // The last instant of its while, and some before it.
  constexpr int64_t kFar = int64_t{400} * 24 * 60 * 60 * 1000;
  const int64_t last = std::min(held.valid_until.ms - 1, kBase + kFar);
  for (int i = 0; i < 6; ++i) {
    const int64_t scale = dice.OneIn(2) ? last - kBase : std::min<int64_t>(last - kBase, 90'000);
    const EventTime then{i == 0 ? last : kBase + dice.Between(0, scale)};
    const Result later = EvaluateAt(*expression, builder, then);
    ASSERT_TRUE(later.value == held.value && later.is_error == held.is_error)
        << text << "\n  changes before " << FormatTime(held.valid_until) << ", at "
        << FormatTime(then);
  }
}

// mission: C4 (exact instants, whatever the expression)
TEST(SegmentSoup, AnyTextIsRefusedOrHoldsAsLongAsItSays) {
  const uint64_t seed = FromEnvironment("SPOTTER_SEED", 1);
  const uint64_t cases = FromEnvironment("SPOTTER_SOUP_CASES", 20000);
  std::cout << "seed=" << seed << " cases=" << cases << std::endl;
  const std::string_view kinds[] = {"bytes", "tokens", "grammar"};
  Tally tallies[3];
  for (uint64_t i = 0; i < cases; ++i) {
    for (size_t kind = 0; kind < 3; ++kind) {
      Dice dice((seed + i) * 3 + kind);
      const RandomMember member(dice);
      const std::string text = kind == 0   ? RandomBytes(dice)
                               : kind == 1 ? RandomTokens(dice)
                                           : Grammar(dice).Bool(static_cast<int>(dice.Roll(5)));
      Try(text, dice, member.Build(), tallies[kind]);
      if (HasFatalFailure()) {
        std::cout << "case seed " << seed + i << " " << kinds[kind] << std::endl;
        return;
      }
    }
  }
  for (size_t kind = 0; kind < 3; ++kind) {
    std::cout << kinds[kind] << ": compiled=" << tallies[kind].compiled
              << " errors=" << tallies[kind].errors << " timed=" << tallies[kind].timed
              << std::endl;
  }
  // A generator that makes nothing worth trying proves nothing.
  EXPECT_GT(tallies[2].compiled, cases * 9 / 10);
  EXPECT_GT(tallies[2].timed, cases / 20);
}

}  // namespace
}  // namespace spotter::segment
