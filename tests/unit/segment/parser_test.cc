// SPDX-License-Identifier: Apache-2.0
#include "segment/parser.h"

#include <gtest/gtest.h>

#include "segment/print.h"

namespace spotter::segment {
namespace {

std::string ParseAndPrint(std::string_view text) {
  const StatusOr<Ast> ast = Parse(text);
  return ast.ok() ? Print(*ast) : "error: " + std::string(MessageOf(ast.status()));
}

TEST(Parser, PrintsCanonicalText) {
  struct Case {
    std::string_view text;
    std::string_view printed;
  };
  const Case cases[] = {
      {"a&&b||c", "a && b || c"},
      {"a && (b || c)", "a && (b || c)"},
      {"(a && b) && (c && d)", "a && b && c && d"},
      {"!(a || b)", "!(a || b)"},
      {"! ! a", "!!a"},
      {"a ? b : c ? d : e", "a ? b : c ? d : e"},
      {"(a ? b : c) ? d : e", "(a ? b : c) ? d : e"},
      {"a ? (b ? c : d) : e", "a ? (b ? c : d) : e"},
      {"1+2*3-4", "1 + 2 * 3 - 4"},
      {"(1+2)*3", "(1 + 2) * 3"},
      {"1-(2-3)", "1 - (2 - 3)"},
      {"(1-2)-3", "1 - 2 - 3"},
      {"8/4%3", "8 / 4 % 3"},
      {"8/(4%3)", "8 / (4 % 3)"},
      {"a<b==c", "a < b == c"},
      {"a<(b==c)", "a < (b == c)"},
      {"x in [1,2,]", "x in [1, 2]"},
      {"x in []", "x in []"},
      {"-5", "-5"},
      {"-(5)", "-(5)"},
      {"--5", "-(-5)"},
      {"- x", "-x"},
      {"a - -5", "a - -5"},
      {"-9223372036854775808", "-9223372036854775808"},
      {"0x1F", "31"},
      {"1.0", "1.0"},
      {".5", "0.5"},
      {"1e3", "1000.0"},
      {"1.5E-2", "0.015"},
      {"null == true", "null == true"},
      {"a.b.c(d, e).f", "a.b.c(d, e).f"},
      {"f()", "f()"},
      {"(a && b).c", "(a && b).c"},
      {"a // to the end\n && b", "a && b"},
      {"\ta\r\n&&\fb", "a && b"},
      {"a.in", "a.in"},
      {"a.`x-y`.`z`", "a.`x-y`.z"},
      {".a.b", ".a.b"},
      {"a [ 0 ] [b]", "a[0][b]"},
      {"(1 + 2)[0]", "(1 + 2)[0]"},
      {"{'a' : 1, b : [ ] , }", "{'a': 1, b: []}"},
      {"{}", "{}"},
      {"5U", "5u"},
      {"0xFFu", "255u"},
      {"b'a\\xff'", "b'a\\xff'"},
      {"rb'\\'", "b'\\x5c'"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(ParseAndPrint(c.text), c.printed) << c.text;
    EXPECT_EQ(ParseAndPrint(c.printed), c.printed) << c.text;
  }
}

TEST(Parser, ReadsStringsAsCelDoes) {
  struct Case {
    std::string_view text;
    std::string_view printed;
  };
  const Case cases[] = {
      {R"("it's")", R"('it\'s')"},
      {R"('a\tb\n')", R"('a\x09b\n')"},
      {R"('\a\b\f\v\r\?\"\'\`\\')", R"('\x07\x08\x0c\x0b\x0d?"\'`\\')"},
      {R"('\x41\X42\103')", "'ABC'"},
      {R"('\u00e9\U0001F600')", "'é😀'"},
      {R"(r'\d+\n')", R"('\\d+\\n')"},
      {R"(R"\")", R"('\\')"},
      {"'''a'b\nc'''", R"('a\'b\nc')"},
      {R"("""a"b""")", R"('a"b')"},
      {"r'''a\\'''", R"('a\\')"},
      {"''", "''"},
      {"'ü'", "'ü'"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(ParseAndPrint(c.text), c.printed) << c.text;
    EXPECT_EQ(ParseAndPrint(c.printed), c.printed) << c.text;
  }
}

TEST(Parser, SaysWhatIsWrongAndWhere) {
  struct Case {
    std::string_view text;
    std::string_view message;
  };
  const Case cases[] = {
      {"", "expression is empty"},
      {"  // nothing", "expression is empty"},
      {"(a", "expected ')' at 1:3, found the end"},
      {"a b", "expected the end at 1:3, found 'b'"},
      {"a and b", "expected the end at 1:3, found 'and'; 'and' is written '&&'"},
      {"(a OR b)", "expected ')' at 1:4, found 'OR'; 'or' is written '||'"},
      {"not a", "expected the end at 1:5, found 'a'; 'not' is written '!'"},
      {"a &&", "expected an expression at 1:5, found the end"},
      {"a\n  && )", "expected an expression at 2:6, found ')'"},
      {"'é' && )", "expected an expression at 1:8, found ')'"},
      {"a ? b", "expected ':' at 1:6, found the end"},
      {"f(a,)", "expected an expression at 1:5, found ')'"},
      {"a.'b'", "expected a name after '.' at 1:3, found a string"},
      {"a = b", "unexpected '=' at 1:3; equality is written '=='"},
      {"a & b", "unexpected '&' at 1:3; logic is written '&&' and '||'"},
      {"a # b", "unexpected character '#' at 1:3"},
      {"a é b", "unexpected character 'é' at 1:3"},
      {"'abc", "string has no end at 1:1; expected '"},
      {"'a\nb'", "string has no end at 1:1; expected '"},
      {"'''a'", "string has no end at 1:1; expected '''"},
      {R"('\q')", R"(unknown escape in a string at 1:2; write a backslash as \\)"},
      {R"('\x4')", "the escape needs 2 digits at 1:2"},
      {R"('\400')", R"(unknown escape in a string at 1:2; write a backslash as \\)"},
      {R"('\ud800')", "the escape is not a Unicode character at 1:2"},
      {"let", "'let' is a reserved word at 1:1"},
      {"9223372036854775808",
       "number 9223372036854775808 is out of range at 1:1; integers have 64 "
       "bits"},
      {"99999999999999999999", "number 99999999999999999999 is out of range at 1:1"},
      {"1e999", "number 1e999 is out of range at 1:1"},
      {"14d",
       "unexpected 'd' after the number 14 at 1:3; spans of time are written days(14), "
       "hours(2), minutes(30)"},
      {"1e+", "a number ends in its exponent's sign at 1:1"},
      {"18446744073709551616u", "number 18446744073709551616 is out of range at 1:1"},
      {"bb'x'", "a string has one 'b' at most at 1:1"},
      {R"(b'\u00e9')", R"(bytes have no escapes of characters at 1:3; write \xNN)"},
      {"a[0", "expected ']' at 1:4, found the end"},
      {"{'a' 1}", "expected ':' at 1:6, found '1'"},
      {"{'a': 1", "expected '}' at 1:8, found the end"},
      {"M{a: 1}",
       "message literals are not in the language at 1:2; protobuf messages, enums and Any are out"},
      {"a.?b", "optional values are not in the language at 1:3; has(x.y) ? x.y : otherwise"},
      {"a[?0]", "optional values are not in the language at 1:3; has(x.y) ? x.y : otherwise"},
      {"`a`", "a quoted name stands only after a dot at 1:1"},
      {"a.`b", "a quoted name has no end at 1:5; expected letters, digits or ._-/ `"},
      {"a.``", "a quoted name is empty at 1:3"},
  };
  for (const Case& c : cases) {
    const StatusOr<Ast> ast = Parse(c.text);
    ASSERT_FALSE(ast.ok()) << c.text;
    EXPECT_EQ(ast.status().code(), StatusCode::kInvalidArgument) << c.text;
    EXPECT_EQ(MessageOf(ast.status()), c.message) << c.text;
  }
}

std::string Repeated(std::string_view text, int times) {
  std::string result;
  for (int i = 0; i < times; ++i) result += text;
  return result;
}

TEST(Parser, RefusesWhatIsTooLargeByTheNameOfTheLimit) {
  struct Case {
    std::string text;
    std::string_view limit;
  };
  const Case cases[] = {
      {Repeated(" ", 16 * 1024 + 1), "text size limit"},
      {Repeated("(", 65) + "a" + Repeated(")", 65), "depth limit"},
      {Repeated("(", 8000), "depth limit"},
      {Repeated("!", 8000) + "a", "depth limit"},
      {Repeated("- ", 8000) + "a", "depth limit"},
      {Repeated("[", 8000), "depth limit"},
      {Repeated("f(", 5000), "depth limit"},
      {Repeated("a?b:", 4000) + "c", "depth limit"},
      {"a" + Repeated("+a", 64), "depth limit"},
      {"a" + Repeated(".b", 64), "depth limit"},
      {"a" + Repeated("&&a", 1000), "node limit"},
      {"a in [" + Repeated("1,", 1000) + "]", "node limit"},
  };
  for (const Case& c : cases) {
    EXPECT_NE(ParseAndPrint(c.text).find(c.limit), std::string::npos) << c.text.substr(0, 40);
  }
  EXPECT_TRUE(Parse("a" + Repeated("&&a", 900)).ok());
  EXPECT_TRUE(Parse(Repeated("(", 63) + "a" + Repeated(")", 63)).ok());
}

TEST(Parser, RefusesWhatIsNotUtf8) {
  const std::string_view bad[] = {
      "'\xff'", "'\xc3'", "'\xc0\x80'", "'\xed\xa0\x80'", "'\xf5\x80\x80\x80'", "'\x80'"};
  for (const std::string_view text : bad) {
    EXPECT_EQ(ParseAndPrint(text), "error: expression is not UTF-8 at byte 1");
  }
}

}  // namespace
}  // namespace spotter::segment
