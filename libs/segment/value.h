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
#include <string_view>

#include "base/time.h"
#include "segment/ast.h"

namespace spotter::segment {

enum class ValueKind : uint8_t {
  kError,
  kNull,
  kBool,
  kInt,
  kDouble,
  kString,
  kTime,
  kDuration,
  kEvent
};

struct Value {
  ValueKind kind = ValueKind::kError;
  int slope = 0;       // of kTime and kDuration
  int64_t number = 0;  // of kBool, kInt; milliseconds of kTime, kDuration, kEvent
  union {
    int64_t amount = 0;  // of kEvent, minor units
    double real;         // of kDouble
  };
  std::string_view text = {};  // of kString; of kError the reason, which lives for ever
  EventTime valid_until = EventTime::Max();

  bool is_error() const { return kind == ValueKind::kError; }
  bool is_true() const { return kind == ValueKind::kBool && number != 0; }
  bool is_false() const { return kind == ValueKind::kBool && number == 0; }
};

Value ErrorValue(std::string_view reason, EventTime valid_until = EventTime::Max());
Value BoolValue(bool value, EventTime valid_until = EventTime::Max());
Value IntValue(int64_t value, EventTime valid_until = EventTime::Max());
Value DoubleValue(double value, EventTime valid_until = EventTime::Max());
Value StringValue(std::string_view value, EventTime valid_until = EventTime::Max());
Value NullValue(EventTime valid_until = EventTime::Max());
// An error outside CEL's ranges (years 1 to 9999, 10,000 years), until a moving value comes back.
Value TimeValue(int64_t ms, int slope, EventTime valid_until, EventTime now);
Value DurationValue(int64_t ms, int slope, EventTime valid_until, EventTime now);

// The operators of CEL over values of any kind; what has no overload is an error value, and so is
// an overflow. `now` is the instant at which both values were computed.
Value Calculate(BinaryOp op, const Value& left, const Value& right, EventTime now);
Value Compare(BinaryOp op, const Value& left, const Value& right, EventTime now);  // also kEqual
Value Negate(const Value& operand);
// n units of `unit_ms` milliseconds, e.g. days(n).
Value Units(const Value& count, int64_t unit_ms, EventTime now);

}  // namespace spotter::segment
