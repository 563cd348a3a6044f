// SPDX-License-Identifier: Apache-2.0
#include "conformance/cel_generator.h"

#include <fmt/format.h>

#include <span>

#include "property/segment_generator.h"

namespace spotter::segment {
namespace {

enum Type : uint8_t {
  kBool,
  kInt,
  kUint,
  kDouble,
  kText,
  kBytes,
  kList,
  kMap,
  kTime,
  kSpan,
  kTypes
};

class Generator {
 public:
  explicit Generator(uint64_t seed) : dice_(seed) {}

  // An expression of the type, once in thirty of another.
  std::string Of(Type type, int depth) {
    if (dice_.OneIn(60)) type = static_cast<Type>(dice_.Roll(kTypes));
    if (depth <= 0) return Leaf(type);
    // Whatever its type, it may be chosen, bound, or an element.
    switch (dice_.Roll(14)) {
      case 0:
        return fmt::format("({} ? {} : {})", Of(kBool, depth - 1), Of(type, depth - 1),
                           Of(type, depth - 1));
      case 1:
        return fmt::format("[{}, {}][{}]", Of(type, depth - 1), Of(type, depth - 1),
                           dice_.OneIn(8) ? Of(kInt, depth - 2) : std::to_string(dice_.Roll(2)));
      case 2:
        return fmt::format("{{'k': {}, {}: {}}}.k", Of(type, depth - 1), Of(kInt, 0),
                           Of(type, depth - 1));
      case 3:
        return Leaf(type);
      case 4:
        return fmt::format("dyn({})", Of(type, depth - 1));
      default:
        return Made(type, depth - 1);
    }
  }

  Type AnyType() { return static_cast<Type>(dice_.Roll(kTypes)); }

 private:
  std::string_view Choose(std::span<const std::string_view> texts) {
    return texts[dice_.Roll(texts.size())];
  }

  std::string Leaf(Type type) {
    static constexpr std::string_view kLeaves[kTypes][12] = {
        {"true", "false", "i < j", "s == 'héllo'", "true", "false", "1 in l", "has(m.a)",
         "z == null", "d > 1.0", "'a' in m", "u >= 5u"},
        {"0", "1", "-1", "2", "i", "j", "9223372036854775807", "-9223372036854775808", "0x1F", "13",
         "size(l)", "m.a"},
        {"0u", "1u", "u", "18446744073709551615u", "7u", "0x10u", "2u", "u", "3u", "9u", "1u",
         "12u"},
        {"0.0", "1.5", "d", "-2.25", "1e10", "1.0/0.0", "0.0/0.0", "-0.0", "3.0", "1e-3", "-7.5",
         "9007199254740993.0"},
        {"''", "'a'", "s", "'héllo wörld'", "'A b C'", "'12'", "'-7'", "'true'", "'1.5'",
         "'2024-02-29T12:00:00Z'", "'1h30m'", "\"it's\""},
        {"b''", "b'a'", "b", "b'\\xff\\x00'", "b'abc'", "b'h\\303\\251'", "b'a'", "b", "b'ab'",
         "b'z'", "b'12'", "b'1'"},
        {"[]", "[1]", "l", "[3, 1, 2]", "[1, 1]", "[-5, 7]", "l", "[0]", "[i, j]", "[2, 3, 4, 5]",
         "[10]", "l"},
        {"{}", "m", "{'a': 1}", "{'x': 0, 'y': 1}", "m", "{'b': 2, 'a': 1}", "{'': 3}", "m", "{}",
         "{'k': i}", "m", "{'é': 1}"},
        {"t", "timestamp('2024-02-29T23:59:59.999Z')", "timestamp(0)",
         "timestamp('1970-01-01T00:00:00Z')", "timestamp('9999-12-31T23:59:59Z')",
         "timestamp('0001-01-01T00:00:00Z')", "t", "timestamp('2026-11-01T05:30:00+01:00')",
         "timestamp('2000-01-01T00:00:00Z')", "t", "timestamp('1969-12-31T23:59:59.5Z')", "t"},
        {"duration('0s')", "duration('1.5s')", "duration('-1h')", "duration('36h')",
         "duration('1ms')", "duration('90m')", "duration('1us')", "duration('-0.5s')",
         "duration('24h')", "duration('1h1m1s')", "duration('3s')", "duration('100ms')"}};
    return std::string(kLeaves[type][dice_.Roll(12)]);
  }

  std::string Made(Type type, int depth) {
    switch (type) {
      case kBool:
        return MadeBool(depth);
      case kInt:
        return MadeInt(depth);
      case kUint:
        return MadeNumber(kUint, "uint", depth);
      case kDouble:
        return MadeNumber(kDouble, "double", depth);
      case kText:
        return MadeText(depth);
      case kBytes:
        return dice_.OneIn(2) ? fmt::format("bytes({})", Of(kText, depth))
                              : fmt::format("({} + {})", Of(kBytes, depth), Of(kBytes, depth));
      case kList:
        return MadeList(depth);
      case kMap:
        return fmt::format("{{{}: {}, {}: {}}}", Of(kText, depth - 1), Of(kInt, depth),
                           Of(kText, depth - 1), Of(kInt, depth));
      case kTime:
        return dice_.OneIn(4) ? fmt::format("timestamp({})", Of(dice_.OneIn(8) ? kInt : kText, 0))
                              : fmt::format("({} {} {})", Of(kTime, depth),
                                            dice_.OneIn(2) ? "+" : "-", Of(kSpan, depth));
      default:
        return dice_.OneIn(3)   ? fmt::format("({} - {})", Of(kTime, depth), Of(kTime, depth))
               : dice_.OneIn(3) ? fmt::format("duration({})", Of(kText, 0))
                                : fmt::format("({} {} {})", Of(kSpan, depth),
                                              dice_.OneIn(2) ? "+" : "-", Of(kSpan, depth));
    }
  }

  std::string MadeBool(int depth) {
    static constexpr std::string_view kCompare[] = {"<", "<=", ">", ">=", "==", "!="};
    const Type type = AnyType();
    switch (dice_.Roll(12)) {
      case 0:
      case 1:
        return fmt::format("({} && {})", Of(kBool, depth), Of(kBool, depth));
      case 2:
      case 3:
        return fmt::format("({} || {})", Of(kBool, depth), Of(kBool, depth));
      case 4:
        return fmt::format("!{}", Of(kBool, depth));
      case 5:
        return fmt::format("({} in {})", Of(kInt, depth), Of(kList, depth));
      case 6:
        return fmt::format("({} in {})", Of(kText, depth), Of(kMap, depth));
      case 7:
        return fmt::format("{}.{}(e, {})", Of(kList, depth),
                           dice_.OneIn(3)   ? "all"
                           : dice_.OneIn(2) ? "exists"
                                            : "exists_one",
                           InLoop(kBool, depth));
      case 8: {
        static constexpr std::string_view kTests[] = {"contains", "startsWith", "endsWith"};
        return fmt::format("{}.{}({})", Of(kText, depth), Choose(kTests), Of(kText, depth));
      }
      case 9: {
        static constexpr std::string_view kPatterns[] = {"'^a'",     "'[a-z]+$'", "'h.llo'",
                                                         "'(a|b)*'", "'\\\\d+'",  "''"};
        return fmt::format("{}.matches({})", Of(kText, depth), Choose(kPatterns));
      }
      default:
        return fmt::format("({} {} {})", Of(type, depth), Choose(kCompare), Of(type, depth));
    }
  }

  std::string MadeInt(int depth) {
    static constexpr std::string_view kGetters[] = {
        "getFullYear",  "getMonth", "getDayOfYear", "getDayOfMonth", "getDate",
        "getDayOfWeek", "getHours", "getMinutes",   "getSeconds",    "getMilliseconds"};
    switch (dice_.Roll(8)) {
      case 0: {
        const Type type = dice_.OneIn(3) ? kText : dice_.OneIn(2) ? kList : kMap;
        return fmt::format("size({})", Of(type, depth));
      }
      case 1:
        return fmt::format("int({})", Of(AnyType(), depth));
      case 2: {
        static constexpr std::string_view kZones[] = {"", "'UTC'", "'+05:30'", "'-02:00'"};
        return fmt::format("{}.{}({})", Of(kTime, depth), Choose(kGetters), Choose(kZones));
      }
      case 3:
        return fmt::format("{}.{}()", Of(kSpan, depth), kGetters[6 + dice_.Roll(4)]);
      case 4:
        return fmt::format("{}.indexOf({})", Of(kText, depth), Of(kText, depth));
      default:
        return MadeNumber(kInt, "int", depth);
    }
  }

  std::string MadeNumber(Type type, std::string_view name, int depth) {
    static constexpr std::string_view kOperators[] = {"+", "-", "*", "/", "%"};
    if (dice_.OneIn(6)) return fmt::format("{}({})", name, Of(AnyType(), depth));
    if (dice_.OneIn(type == kUint ? 60 : 8)) return fmt::format("-({})", Of(type, depth));
    return fmt::format("({} {} {})", Of(type, depth),
                       kOperators[dice_.Roll(type == kDouble ? 4 : 5)], Of(type, depth));
  }

  std::string MadeText(int depth) {
    static constexpr std::string_view kPlain[] = {"lowerAscii()", "upperAscii()", "trim()"};
    switch (dice_.Roll(8)) {
      case 0:
        return fmt::format("string({})", Of(AnyType(), depth));
      case 1:
        return fmt::format("{}.{}", Of(kText, depth), Choose(kPlain));
      case 2:
        return fmt::format("{}.substring({})", Of(kText, depth), Of(kInt, 0));
      case 3:
        return fmt::format("{}.replace({}, {})", Of(kText, depth), Of(kText, 0), Of(kText, 0));
      case 4:
        return fmt::format("{}.charAt({})", Of(kText, depth), Of(kInt, 0));
      case 5:
        return fmt::format("{}.split({}).join('-')", Of(kText, depth), Of(kText, 0));
      default:
        return fmt::format("({} + {})", Of(kText, depth), Of(kText, depth));
    }
  }

  std::string MadeList(int depth) {
    switch (dice_.Roll(4)) {
      case 0:
        return fmt::format("({} + {})", Of(kList, depth), Of(kList, depth));
      case 1:
        return fmt::format("{}.map(e, {})", Of(kList, depth), InLoop(kInt, depth));
      case 2:
        return fmt::format("{}.filter(e, {})", Of(kList, depth), InLoop(kBool, depth));
      default:
        return fmt::format("[{}, {}]", Of(kInt, depth), Of(kInt, depth));
    }
  }

  std::string InLoop(Type type, int depth) {
    const std::string other = Of(kInt, depth - 1);
    if (type == kInt) return fmt::format("e {} {}", dice_.OneIn(2) ? "+" : "*", other);
    return fmt::format("e {} {}", dice_.OneIn(2) ? "<" : "==", other);
  }

  Dice dice_;
};

}  // namespace

std::string RandomCel(uint64_t seed) {
  Generator generator(seed);
  return generator.Of(generator.AnyType(), 3);
}

}  // namespace spotter::segment
