// SPDX-License-Identifier: Apache-2.0
#include "segment/value.h"

#include <algorithm>
#include <array>

#include "segment/workspace.h"

namespace spotter::segment {
namespace {

constexpr int64_t kNanosPerMs = 1000000;

EventTime Earlier(const Value& a, const Value& b) { return std::min(a.valid_until, b.valid_until); }

// The first step d >= 1 at which distance <= slope * d; both are positive.
int64_t StepsTo(int64_t distance, int64_t slope) {
  if (slope == 1) [[likely]]
    return std::max<int64_t>(1, distance);
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

// `nanos` may be outside of a millisecond by less than one.
Value Moving(ValueKind kind, int64_t ms, int64_t nanos, int slope, EventTime valid_until,
             EventTime now) {
  if (nanos < 0 || nanos >= kNanosPerMs) {
    ms += nanos < 0 ? -1 : 1;
    nanos += nanos < 0 ? kNanosPerMs : -kNanosPerMs;
  }
  const bool is_time = kind == ValueKind::kTime;
  // A span that moves with `now` may be longer, lest `now - x` changed in three centuries.
  constexpr int64_t kMovingMax = 315576000000000;  // 10,000 years
  const int64_t span_max = slope == 0 ? kDurationMax : kMovingMax;
  const RangeAnswer range =
      InRange(ms, slope, is_time ? kTimeMin : -span_max, is_time ? kTimeMax : span_max, now);
  // No instant lies beyond the last year, so what would change there does not change.
  const EventTime until =
      range.until.ms > kTimeMax ? valid_until : std::min(valid_until, range.until);
  if (!range.is_within) {
    return ErrorValue(is_time ? "timestamp out of range" : kDurationRange, until);
  }
  return {.kind = kind, .slope = slope, .number = ms, .nanos = nanos, .valid_until = until};
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

Value CalculateUints(BinaryOp op, uint64_t a, uint64_t b, EventTime until) {
  uint64_t result = 0;
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
      result = op == BinaryOp::kDivide ? a / b : a % b;
  }
  return is_overflow ? ErrorValue(kOverflow, until) : UintValue(result, until);
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
                  a.number + b.number, a.nanos + b.nanos, a.slope + b.slope, until, now);
  }
  if (op == BinaryOp::kSubtract && (a_is_time || !b_is_time)) {
    return Moving(a_is_time && !b_is_time ? ValueKind::kTime : ValueKind::kDuration,
                  a.number - b.number, a.nanos - b.nanos, a.slope - b.slope, until, now);
  }
  return ErrorValue(kNoOverload, until);
}

bool IsTimelike(const Value& value) {
  return value.kind == ValueKind::kTime || value.kind == ValueKind::kDuration;
}

// Texts, bytes and lists, one after the other.
Value Join(const Value& a, const Value& b, EventTime until, Workspace& work) {
  if (a.kind == ValueKind::kList) {
    const std::span<Value> all = work.NewValues(a.elements().size() + b.elements().size());
    if (all.size() < a.elements().size() + b.elements().size()) return Workspace::OverBound();
    std::ranges::copy(b.elements(), std::ranges::copy(a.elements(), all.begin()).out);
    return ListValue(all, until);
  }
  const std::span<char> all = work.NewText(a.text.size() + b.text.size());
  if (all.size() < a.text.size() + b.text.size()) return Workspace::OverBound();
  std::ranges::copy(b.text, std::ranges::copy(a.text, all.begin()).out);
  Value joined = a;
  joined.text = {all.data(), all.size()};
  joined.valid_until = until;
  return joined;
}

EventTime HoldsUntil(std::span<const Value> items, EventTime until) {
  for (const Value& item : items) until = std::min(until, item.valid_until);
  return until;
}

}  // namespace

Value TypeValue(std::string_view name) { return {.kind = ValueKind::kType, .text = name}; }
Value ListValue(std::span<const Value> elements, EventTime valid_until) {
  return {.kind = ValueKind::kList,
          .number = static_cast<int64_t>(elements.size()),
          .items = elements.data(),
          .valid_until = HoldsUntil(elements, valid_until)};
}
Value MapValue(std::span<const Value> keys_and_values, EventTime valid_until) {
  return {.kind = ValueKind::kMap,
          .number = static_cast<int64_t>(keys_and_values.size() / 2),
          .items = keys_and_values.data(),
          .valid_until = HoldsUntil(keys_and_values, valid_until)};
}
Value TimeValue(int64_t ms, int slope, EventTime valid_until, EventTime now, int64_t nanos) {
  return Moving(ValueKind::kTime, ms, nanos, slope, valid_until, now);
}
Value DurationValue(int64_t ms, int slope, EventTime valid_until, EventTime now, int64_t nanos) {
  return Moving(ValueKind::kDuration, ms, nanos, slope, valid_until, now);
}

Value Calculate(BinaryOp op, const Value& left, const Value& right, EventTime now,
                Workspace& work) {
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
  if (left.kind != right.kind) return ErrorValue(kNoOverload, until);
  if (left.kind == ValueKind::kUint) {
    return CalculateUints(op, left.magnitude(), right.magnitude(), until);
  }
  const bool can_be_joined = left.kind == ValueKind::kString || left.kind == ValueKind::kBytes ||
                             left.kind == ValueKind::kList;
  if (op == BinaryOp::kAdd && can_be_joined) return Join(left, right, until, work);
  return ErrorValue(kNoOverload, until);
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
    return ErrorValue(kDurationRange, count.valid_until);
  }
  return DurationValue(count.number * unit_ms, 0, count.valid_until, now);
}

EventTime NextStep(const Value& value, int64_t unit, EventTime now) {
  if (value.slope == 0) return EventTime::Max();
  const int64_t above = (value.number % unit + unit) % unit;  // the last step, floored
  return now + Duration(value.slope > 0 ? StepsTo(unit - above, value.slope)
                                        : StepsTo(above + 1, -value.slope));
}

std::string_view TypeNameOf(const Value& value) {
  static constexpr std::array<std::string_view, 14> kNames = {"error",
                                                              "null_type",
                                                              "bool",
                                                              "int",
                                                              "uint",
                                                              "double",
                                                              "string",
                                                              "bytes",
                                                              "google.protobuf.Timestamp",
                                                              "google.protobuf.Duration",
                                                              "list",
                                                              "map",
                                                              "type",
                                                              "event"};
  return kNames[static_cast<size_t>(value.kind)];
}

}  // namespace spotter::segment
