// SPDX-License-Identifier: Apache-2.0
//
// A value with the instant until which it holds.
//
// Times and durations may move: with `slope` k the value is number + k * (t - now) at instant t, so
// `now` has slope 1 and `now - x` is a Duration of slope 1. A comparison of two moving values then
// changes at an instant that can be computed (it lifts the usual restriction that `now` stands
// alone on one side). All other values stand still until valid_until.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

#include "base/time.h"
#include "model/entity.h"
#include "segment/ast.h"

namespace spotter::segment {

class Workspace;

// CEL's ranges in milliseconds: the years 1 to 9999, and the 292 years of 64 bits of nanoseconds
// (10,000 of a span that moves).
inline constexpr int64_t kTimeMin = -62135596800000;
inline constexpr int64_t kTimeMax = 253402300799999;
inline constexpr int64_t kDurationMax = 9223372036854;

enum class ValueKind : uint8_t {
  kError,
  kNull,
  kBool,
  kInt,
  kUint,
  kDouble,
  kString,
  kBytes,
  kTime,
  kDuration,
  kList,
  kMap,
  kType,
  kEvent
};

struct Value {
  ValueKind kind = ValueKind::kError;
  int slope = 0;  // of kTime and kDuration; of kEvent the member's record in which it stands
  // Of kBool, kInt, kUint (its bits); milliseconds of kTime, kDuration, kEvent; how many elements
  // a kList has, or entries a kMap.
  int64_t number = 0;
  union {
    int64_t nanos = 0;        // of kTime, kDuration: 0 to 999,999 above its milliseconds
    double real;              // of kDouble
    const Value* items;       // of kList; of kMap key, value, key, value …
    const model::Fact* fact;  // of kEvent; nullptr: it has left the timeline
  };
  std::string_view text = {};  // of kString, kBytes, kType; of kError the reason
  EventTime valid_until = EventTime::Max();

  bool is_error() const { return kind == ValueKind::kError; }
  bool is_true() const { return kind == ValueKind::kBool && number != 0; }
  bool is_false() const { return kind == ValueKind::kBool && number == 0; }
  bool is_moving() const { return slope != 0; }
  uint64_t magnitude() const { return static_cast<uint64_t>(number); }  // of kUint
  // Of kList and kMap: what is between its brackets.
  std::span<const Value> elements() const {
    return {items, static_cast<size_t>(number) * (kind == ValueKind::kMap ? 2 : 1)};
  }
};

// Texts and elements are borrowed: from the member, the code, or the workspace of the evaluation.
inline Value ErrorValue(std::string_view reason, EventTime valid_until = EventTime::Max()) {
  return {.kind = ValueKind::kError, .text = reason, .valid_until = valid_until};
}
inline Value BoolValue(bool value, EventTime valid_until = EventTime::Max()) {
  return {.kind = ValueKind::kBool, .number = value ? 1 : 0, .valid_until = valid_until};
}
inline Value IntValue(int64_t value, EventTime valid_until = EventTime::Max()) {
  return {.kind = ValueKind::kInt, .number = value, .valid_until = valid_until};
}
inline Value UintValue(uint64_t value, EventTime valid_until = EventTime::Max()) {
  return {
      .kind = ValueKind::kUint, .number = static_cast<int64_t>(value), .valid_until = valid_until};
}
inline Value DoubleValue(double value, EventTime valid_until = EventTime::Max()) {
  return {.kind = ValueKind::kDouble, .real = value, .valid_until = valid_until};
}
inline Value StringValue(std::string_view value, EventTime valid_until = EventTime::Max()) {
  return {.kind = ValueKind::kString, .text = value, .valid_until = valid_until};
}
inline Value BytesValue(std::string_view value, EventTime valid_until = EventTime::Max()) {
  return {.kind = ValueKind::kBytes, .text = value, .valid_until = valid_until};
}
Value TypeValue(std::string_view name);
inline Value NullValue(EventTime valid_until = EventTime::Max()) {
  return {.kind = ValueKind::kNull, .valid_until = valid_until};
}
// A list or map holds no longer than what is in it.
Value ListValue(std::span<const Value> elements, EventTime valid_until = EventTime::Max());
Value MapValue(std::span<const Value> keys_and_values, EventTime valid_until = EventTime::Max());
// An error outside CEL's ranges, until a moving value comes back.
Value TimeValue(int64_t ms, int slope, EventTime valid_until, EventTime now, int64_t nanos = 0);
Value DurationValue(int64_t ms, int slope, EventTime valid_until, EventTime now, int64_t nanos = 0);

inline constexpr std::string_view kNoOverload = "no such overload";
inline constexpr std::string_view kDurationRange = "duration out of range";
inline constexpr std::string_view kNoSuchKey = "no such key";
inline constexpr std::string_view kOverflow = "integer overflow";

// The operators of CEL over values of any kind; what has no overload is an error value, and so is
// an overflow. `now` is the instant at which both values were computed.
Value Calculate(BinaryOp op, const Value& left, const Value& right, EventTime now, Workspace& work);
Value Compare(BinaryOp op, const Value& left, const Value& right, EventTime now, Workspace& work);
Value Negate(const Value& operand);
// `needle in haystack`, a list or the keys of a map.
Value Contains(const Value& needle, const Value& haystack, EventTime now, Workspace& work);
// target[index]; an error if it is not there.
Value ElementAt(const Value& target, const Value& index, EventTime now, Workspace& work);
// n units of `unit_ms` milliseconds, e.g. days(n).
Value Units(const Value& count, int64_t unit_ms, EventTime now);

// The instant at which floor(number / unit) of a moving time or duration next changes.
EventTime NextStep(const Value& value, int64_t unit, EventTime now);
// "int", "google.protobuf.Timestamp": what type() answers.
std::string_view TypeNameOf(const Value& value);

}  // namespace spotter::segment
