// SPDX-License-Identifier: Apache-2.0
//
// Order, equality and what rests on it: membership, elements by index or key.
#include <algorithm>
#include <cmath>
#include <optional>

#include "segment/value.h"
#include "segment/workspace.h"

namespace spotter::segment {
namespace {

EventTime Earlier(const Value& a, const Value& b) { return std::min(a.valid_until, b.valid_until); }

bool IsNumber(const Value& value) {
  return value.kind >= ValueKind::kInt && value.kind <= ValueKind::kDouble;
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

// Exact, where converting the integer to double would round; but the first double beyond the
// integers stands for the last of them, as in CEL's conformance suite. `real` is not NaN; `Integer`
// is int64_t or uint64_t.
template <typename Integer>
int OrderWithDouble(Integer number, double real) {
  constexpr double kEnd = std::is_signed_v<Integer> ? 0x1p63 : 0x1p64;
  if (real > kEnd) return -1;
  if (real == kEnd) return number == std::numeric_limits<Integer>::max() ? 0 : -1;
  if (real < (std::is_signed_v<Integer> ? -kEnd : 0.0)) return 1;
  const double whole = std::trunc(real);
  const int order = Order(number, static_cast<Integer>(whole));
  return order != 0 ? order : Order(whole, real);
}

int OrderWithDouble(const Value& integer, double real) {
  return integer.kind == ValueKind::kInt ? OrderWithDouble(integer.number, real)
                                         : OrderWithDouble(integer.magnitude(), real);
}

// nullopt: a NaN is unordered with everything.
std::optional<int> OrderNumbers(const Value& a, const Value& b) {
  const bool a_is_real = a.kind == ValueKind::kDouble;
  const bool b_is_real = b.kind == ValueKind::kDouble;
  if ((a_is_real && std::isnan(a.real)) || (b_is_real && std::isnan(b.real))) return std::nullopt;
  if (a_is_real && b_is_real) return Order(a.real, b.real);
  if (b_is_real) return OrderWithDouble(a, b.real);
  if (a_is_real) return -OrderWithDouble(b, a.real);
  if (a.kind == b.kind) {
    return a.kind == ValueKind::kInt ? Order(a.number, b.number)
                                     : Order(a.magnitude(), b.magnitude());
  }
  // An int and a uint: a negative int is below every uint.
  if (a.kind == ValueKind::kInt && a.number < 0) return -1;
  if (b.kind == ValueKind::kInt && b.number < 0) return 1;
  return Order(a.magnitude(), b.magnitude());
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
  const bool hits_zero = speed == 1 || gap % speed == 0;
  const int64_t last_before = speed == 1 ? gap - 1 : (gap - 1) / speed;  // on this side of zero
  const int far_side = slope > 0 ? 1 : -1;
  if (hits_zero && Satisfies(op, 0) != answer) {
    until = std::min(until, now + Duration(speed == 1 ? gap : gap / speed));
  } else if (Satisfies(op, far_side) != answer) {
    until = std::min(until, now + Duration(last_before + (hits_zero ? 2 : 1)));
  }
  return BoolValue(answer, until);
}

Value CompareTimes(BinaryOp op, const Value& a, const Value& b, EventTime until, EventTime now) {
  const int64_t distance = a.number - b.number;
  const int64_t slope = a.slope - b.slope;
  if (a.nanos == b.nanos) [[likely]]
    return CompareMoving(op, distance, slope, until, now);
  // The true distance lies within (floor, floor + 1) milliseconds and moves by whole ones, so it
  // is never zero: twice the distance, made odd, has its sign at every instant.
  const int64_t floor = distance - (a.nanos < b.nanos ? 1 : 0);
  return CompareMoving(op, 2 * floor + 1, 2 * slope, until, now);
}

Value Equal(const Value& a, const Value& b, EventTime now, Workspace& work) {
  return Compare(BinaryOp::kEqual, a, b, now, work);
}

// The entry of `map` whose key equals `key`: its value, or nullptr.
const Value* Find(const Value& map, const Value& key, EventTime now, Workspace& work) {
  const std::span<const Value> items = map.elements();
  for (size_t i = 0; i < items.size() && work.Spend(1); i += 2) {
    if (Equal(items[i], key, now, work).is_true()) return &items[i + 1];
  }
  return nullptr;
}

// One element or entry after the other; the first that differs decides.
Value EqualContents(const Value& a, const Value& b, EventTime until, EventTime now,
                    Workspace& work) {
  if (a.number != b.number) return BoolValue(false, until);
  const bool is_map = a.kind == ValueKind::kMap;
  const std::span<const Value> items = a.elements();
  for (size_t i = 0; i < items.size(); i += is_map ? 2 : 1) {
    if (!work.Spend(1)) return Workspace::OverBound();
    const Value* const other = is_map ? Find(b, items[i], now, work) : &b.items[i];
    if (other == nullptr) return BoolValue(false, until);
    const Value same = Equal(items[i + (is_map ? 1 : 0)], *other, now, work);
    if (!same.is_true()) {
      Value answer = same;
      answer.valid_until = std::min(until, same.valid_until);
      return answer;
    }
    until = std::min(until, same.valid_until);
  }
  return BoolValue(true, until);
}

Value CompareContents(BinaryOp op, const Value& a, const Value& b, EventTime until, EventTime now,
                      Workspace& work) {
  Value same = EqualContents(a, b, until, now, work);
  if (op == BinaryOp::kNotEqual && !same.is_error()) same.number = same.number == 0 ? 1 : 0;
  return same;
}

// A whole number of any kind as an index; nullopt if it is none.
std::optional<int64_t> IndexOf(const Value& index) {
  if (index.kind == ValueKind::kInt) return index.number;
  if (index.kind == ValueKind::kUint && index.number >= 0) return index.number;
  if (index.kind == ValueKind::kDouble && std::trunc(index.real) == index.real &&
      std::abs(index.real) < 0x1p53) {
    return static_cast<int64_t>(index.real);
  }
  return std::nullopt;
}

}  // namespace

Value Compare(BinaryOp op, const Value& left, const Value& right, EventTime now, Workspace& work) {
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
  switch (left.kind) {
    case ValueKind::kTime:
    case ValueKind::kDuration:
      return CompareTimes(op, left, right, until, now);
    case ValueKind::kString:
    case ValueKind::kBytes: {
      constexpr size_t kFree = 64;  // bytes that are compared in no time
      if (left.text.size() > kFree && right.text.size() > kFree &&
          !work.Spend(
              static_cast<int64_t>(std::min(left.text.size(), right.text.size()) / kFree))) {
        return Workspace::OverBound();
      }
      if (is_equality) {
        return BoolValue((left.text == right.text) == (op == BinaryOp::kEqual), until);
      }
      return BoolValue(Satisfies(op, Order(left.text, right.text)), until);
    }
    case ValueKind::kBool:
      return BoolValue(Satisfies(op, Order(left.number, right.number)), until);
    default:
      break;
  }
  if (!is_equality) return ErrorValue(kNoOverload, until);
  if (left.kind == ValueKind::kNull) return BoolValue(op == BinaryOp::kEqual, until);
  if (left.kind == ValueKind::kType) {
    return BoolValue((left.text == right.text) == (op == BinaryOp::kEqual), until);
  }
  return CompareContents(op, left, right, until, now, work);
}

Value Contains(const Value& needle, const Value& haystack, EventTime now, Workspace& work) {
  EventTime until = Earlier(needle, haystack);
  if (needle.is_error()) return ErrorValue(needle.text, until);
  if (haystack.is_error()) return ErrorValue(haystack.text, until);
  if (haystack.kind == ValueKind::kMap) {
    const bool is_there = Find(haystack, needle, now, work) != nullptr;
    return work.is_over_bound() ? Workspace::OverBound() : BoolValue(is_there, until);
  }
  if (haystack.kind != ValueKind::kList) return ErrorValue(kNoOverload, until);
  for (const Value& element : haystack.elements()) {
    if (!work.Spend(1)) return Workspace::OverBound();
    const Value same = Equal(needle, element, now, work);
    if (same.is_true()) return BoolValue(true, std::min(until, same.valid_until));
    until = std::min(until, same.valid_until);
  }
  return BoolValue(false, until);
}

Value ElementAt(const Value& target, const Value& index, EventTime now, Workspace& work) {
  const EventTime until = Earlier(target, index);
  if (target.is_error()) return ErrorValue(target.text, until);
  if (index.is_error()) return ErrorValue(index.text, until);
  Value found;
  if (target.kind == ValueKind::kMap) {
    const Value* const value = Find(target, index, now, work);
    if (work.is_over_bound()) return Workspace::OverBound();
    found = value == nullptr ? ErrorValue(kNoSuchKey) : *value;
  } else if (target.kind == ValueKind::kList) {
    const std::optional<int64_t> at = IndexOf(index);
    if (!at) return ErrorValue("an index must be a whole number", until);
    const bool is_inside = *at >= 0 && *at < target.number;
    found = is_inside ? target.items[*at] : ErrorValue("index out of range");
  } else {
    return ErrorValue(kNoOverload, until);
  }
  found.valid_until = std::min(until, found.valid_until);
  return found;
}

}  // namespace spotter::segment
