// SPDX-License-Identifier: Apache-2.0
#include "segment/value.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace spotter::segment {
namespace {

constexpr int64_t kTimeMin = -62135596800000;      // 0001-01-01T00:00:00.000Z
constexpr int64_t kTimeMax = 253402300799999;      // 9999-12-31T23:59:59.999Z
constexpr int64_t kDurationMax = 315576000000000;  // 10,000 years

constexpr std::string_view kOverflow = "integer overflow";
constexpr std::string_view kNoOverload = "the operator does not take such values";

EventTime Earlier(const Value& a, const Value& b) { return std::min(a.valid_until, b.valid_until); }

// The first step d >= 1 at which distance <= slope * d; both are positive.
int64_t StepsTo(int64_t distance, int64_t slope) {
  return std::max<int64_t>(1, distance / slope + (distance % slope == 0 ? 0 : 1));
}

// `value` within [least, most]? and the instant at which the answer changes as it moves.
struct RangeAnswer {
  bool is_within;
  EventTime until = EventTime::Max();
};
RangeAnswer InRange(int64_t value, int64_t slope, int64_t least, int64_t most, EventTime now) {
  if (value > most) {
    if (slope >= 0) return {false};
    return {false, now + Duration(StepsTo(value - most, -slope))};
  }
  if (value < least) {
    if (slope <= 0) return {false};
    return {false, now + Duration(StepsTo(least - value, slope))};
  }
  if (slope == 0) return {true};
  const int64_t room = slope > 0 ? most - value : value - least;
  return {true, now + Duration(StepsTo(room + 1, slope > 0 ? slope : -slope))};
}

Value Moving(ValueKind kind, int64_t ms, int slope, EventTime valid_until, EventTime now) {
  const bool is_time = kind == ValueKind::kTime;
  const RangeAnswer range = InRange(ms, slope, is_time ? kTimeMin : -kDurationMax,
                                    is_time ? kTimeMax : kDurationMax, now);
  // No instant lies beyond the last year, so what would change there does not change.
  const EventTime until =
      range.until.ms > kTimeMax ? valid_until : std::min(valid_until, range.until);
  if (!range.is_within) {
    return ErrorValue(is_time ? "timestamp out of range" : "duration out of range", until);
  }
  return {.kind = kind, .slope = slope, .number = ms, .valid_until = until};
}

Value CalculateInts(BinaryOp op, int64_t a, int64_t b, EventTime until) {
  int64_t result = 0;
  bool is_overflow = false;
  switch (op) {
    case BinaryOp::kAdd:
      is_overflow = __builtin_add_overflow(a, b, &result);
      break;
    case BinaryOp::kSubtract:
      is_overflow = __builtin_sub_overflow(a, b, &result);
      break;
    case BinaryOp::kMultiply:
      is_overflow = __builtin_mul_overflow(a, b, &result);
      break;
    default:
      if (b == 0) return ErrorValue("division by zero", until);
      is_overflow = a == std::numeric_limits<int64_t>::min() && b == -1;
      if (!is_overflow) result = op == BinaryOp::kDivide ? a / b : a % b;
  }
  return is_overflow ? ErrorValue(kOverflow, until) : IntValue(result, until);
}

Value CalculateDoubles(BinaryOp op, double a, double b, EventTime until) {
  switch (op) {
    case BinaryOp::kAdd:
      return DoubleValue(a + b, until);
    case BinaryOp::kSubtract:
      return DoubleValue(a - b, until);
    case BinaryOp::kMultiply:
      return DoubleValue(a * b, until);
    case BinaryOp::kDivide:
      return DoubleValue(a / b, until);
    default:
      return ErrorValue(kNoOverload, until);
  }
}

// time - time, time ± duration, duration + time, duration ± duration.
Value CalculateTimes(BinaryOp op, const Value& a, const Value& b, EventTime now) {
  const EventTime until = Earlier(a, b);
  const bool a_is_time = a.kind == ValueKind::kTime;
  const bool b_is_time = b.kind == ValueKind::kTime;
  if (op == BinaryOp::kAdd && !(a_is_time && b_is_time)) {
    return Moving(a_is_time || b_is_time ? ValueKind::kTime : ValueKind::kDuration,
                  a.number + b.number, a.slope + b.slope, until, now);
  }
  if (op == BinaryOp::kSubtract && (a_is_time || !b_is_time)) {
    return Moving(a_is_time && !b_is_time ? ValueKind::kTime : ValueKind::kDuration,
                  a.number - b.number, a.slope - b.slope, until, now);
  }
  return ErrorValue(kNoOverload, until);
}

bool IsTimelike(const Value& value) {
  return value.kind == ValueKind::kTime || value.kind == ValueKind::kDuration;
}
bool IsNumber(const Value& value) {
  return value.kind == ValueKind::kInt || value.kind == ValueKind::kDouble;
}

// Does an order of -1, 0 or 1 satisfy the operator?
bool Satisfies(BinaryOp op, int order) {
  switch (op) {
    case BinaryOp::kEqual:
      return order == 0;
    case BinaryOp::kNotEqual:
      return order != 0;
    case BinaryOp::kLess:
      return order < 0;
    case BinaryOp::kLessEqual:
      return order <= 0;
    case BinaryOp::kGreater:
      return order > 0;
    default:
      return order >= 0;
  }
}

template <typename T>
int Order(const T& a, const T& b) {
  return a < b ? -1 : (b < a ? 1 : 0);
}

// Exact, where converting the integer to double would round. `real` is not NaN.
int OrderIntDouble(int64_t number, double real) {
  constexpr double kTwoTo63 = 9223372036854775808.0;
  if (real >= kTwoTo63) return -1;
  if (real < -kTwoTo63) return 1;
  const double whole = std::trunc(real);
  const int order = Order(number, static_cast<int64_t>(whole));
  return order != 0 ? order : Order(whole, real);
}

// nullopt: a NaN is unordered with everything.
std::optional<int> OrderNumbers(const Value& a, const Value& b) {
  const bool a_is_int = a.kind == ValueKind::kInt;
  const bool b_is_int = b.kind == ValueKind::kInt;
  if (a_is_int && b_is_int) return Order(a.number, b.number);
  if ((!a_is_int && std::isnan(a.real)) || (!b_is_int && std::isnan(b.real))) return std::nullopt;
  if (a_is_int) return OrderIntDouble(a.number, b.real);
  if (b_is_int) return -OrderIntDouble(b.number, a.real);
  return Order(a.real, b.real);
}

// distance + slope * d for d = 0, 1, ...: its order with zero now, and the first d at which the
// answer of `op` changes.
Value CompareMoving(BinaryOp op, int64_t distance, int64_t slope, EventTime until, EventTime now) {
  const bool answer = Satisfies(op, Order<int64_t>(distance, 0));
  if (slope == 0 || distance == 0 || (distance > 0) == (slope > 0)) {
    // It leaves zero at once, or never comes to it.
    if (slope != 0 && distance == 0 && Satisfies(op, slope > 0 ? 1 : -1) != answer) {
      until = std::min(until, now + Duration(1));
    }
    return BoolValue(answer, until);
  }
  const int64_t gap = distance > 0 ? distance : -distance;
  const int64_t speed = slope > 0 ? slope : -slope;
  const bool hits_zero = gap % speed == 0;
  const int64_t last_before = (gap - 1) / speed;  // the last d on this side of zero
  const int far_side = slope > 0 ? 1 : -1;
  if (hits_zero && Satisfies(op, 0) != answer) {
    until = std::min(until, now + Duration(gap / speed));
  } else if (Satisfies(op, far_side) != answer) {
    until = std::min(until, now + Duration(last_before + (hits_zero ? 2 : 1)));
  }
  return BoolValue(answer, until);
}

}  // namespace

Value ErrorValue(std::string_view reason, EventTime valid_until) {
  return {.kind = ValueKind::kError, .text = reason, .valid_until = valid_until};
}
Value BoolValue(bool value, EventTime valid_until) {
  return {.kind = ValueKind::kBool, .number = value ? 1 : 0, .valid_until = valid_until};
}
Value IntValue(int64_t value, EventTime valid_until) {
  return {.kind = ValueKind::kInt, .number = value, .valid_until = valid_until};
}
Value DoubleValue(double value, EventTime valid_until) {
  return {.kind = ValueKind::kDouble, .real = value, .valid_until = valid_until};
}
Value StringValue(std::string_view value, EventTime valid_until) {
  return {.kind = ValueKind::kString, .text = value, .valid_until = valid_until};
}
Value NullValue(EventTime valid_until) {
  return {.kind = ValueKind::kNull, .valid_until = valid_until};
}
Value TimeValue(int64_t ms, int slope, EventTime valid_until, EventTime now) {
  return Moving(ValueKind::kTime, ms, slope, valid_until, now);
}
Value DurationValue(int64_t ms, int slope, EventTime valid_until, EventTime now) {
  return Moving(ValueKind::kDuration, ms, slope, valid_until, now);
}

Value Calculate(BinaryOp op, const Value& left, const Value& right, EventTime now) {
  const EventTime until = Earlier(left, right);
  if (left.is_error()) return ErrorValue(left.text, until);
  if (right.is_error()) return ErrorValue(right.text, until);
  if (left.kind == ValueKind::kInt && right.kind == ValueKind::kInt) {
    return CalculateInts(op, left.number, right.number, until);
  }
  if (left.kind == ValueKind::kDouble && right.kind == ValueKind::kDouble) {
    return CalculateDoubles(op, left.real, right.real, until);
  }
  if (IsTimelike(left) && IsTimelike(right)) return CalculateTimes(op, left, right, now);
  return ErrorValue(kNoOverload, until);
}

Value Compare(BinaryOp op, const Value& left, const Value& right, EventTime now) {
  const EventTime until = Earlier(left, right);
  if (left.is_error()) return ErrorValue(left.text, until);
  if (right.is_error()) return ErrorValue(right.text, until);
  const bool is_equality = op == BinaryOp::kEqual || op == BinaryOp::kNotEqual;
  if (IsNumber(left) && IsNumber(right)) {
    const std::optional<int> order = OrderNumbers(left, right);
    return BoolValue(order ? Satisfies(op, *order) : op == BinaryOp::kNotEqual, until);
  }
  if (left.kind != right.kind || left.kind == ValueKind::kEvent) {
    // Heterogeneous equality is false, not an error.
    return is_equality ? BoolValue(op == BinaryOp::kNotEqual, until)
                       : ErrorValue(kNoOverload, until);
  }
  if (IsTimelike(left)) {
    return CompareMoving(op, left.number - right.number, left.slope - right.slope, until, now);
  }
  if (left.kind == ValueKind::kString) {
    if (is_equality) return BoolValue((left.text == right.text) == (op == BinaryOp::kEqual), until);
    return BoolValue(Satisfies(op, Order(left.text, right.text)), until);
  }
  if (left.kind == ValueKind::kNull && !is_equality) return ErrorValue(kNoOverload, until);
  return BoolValue(Satisfies(op, Order(left.number, right.number)), until);
}

Value Negate(const Value& operand) {
  if (operand.kind == ValueKind::kDouble) return DoubleValue(-operand.real, operand.valid_until);
  if (operand.kind != ValueKind::kInt) {
    return ErrorValue(operand.is_error() ? operand.text : kNoOverload, operand.valid_until);
  }
  return CalculateInts(BinaryOp::kSubtract, 0, operand.number, operand.valid_until);
}

Value Units(const Value& count, int64_t unit_ms, EventTime now) {
  if (count.kind != ValueKind::kInt) {
    return ErrorValue(count.is_error() ? count.text : kNoOverload, count.valid_until);
  }
  if (count.number > kDurationMax / unit_ms || count.number < -kDurationMax / unit_ms) {
    return ErrorValue("duration out of range", count.valid_until);
  }
  return DurationValue(count.number * unit_ms, 0, count.valid_until, now);
}

}  // namespace spotter::segment
