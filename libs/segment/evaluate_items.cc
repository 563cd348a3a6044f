// SPDX-License-Identifier: Apache-2.0
//
// Lists, maps, functions and macros: what can be long, and therefore spends.
#include <algorithm>
#include <array>

#include "base/assert.h"
#include "segment/evaluator.h"

namespace spotter::segment {
namespace {

Value Limited(Value value, EventTime until) {
  value.valid_until = std::min(value.valid_until, until);
  return value;
}

Value NotABool(const Value& value) {
  return value.is_error() ? value : ErrorValue(kNoOverload, value.valid_until);
}

bool IsKey(const Value& value) {
  return value.kind == ValueKind::kBool || value.kind == ValueKind::kInt ||
         value.kind == ValueKind::kUint || value.kind == ValueKind::kString;
}

}  // namespace

Value Evaluator::Items(const Node& node) {
  const std::span<Value> items = work_.NewValues(node.child_count);
  if (items.size() < node.child_count) return Workspace::OverBound();
  const bool is_map = node.op == Op::kMap;
  EventTime until = kNever;
  for (uint32_t i = 0; i < node.child_count; ++i) {
    items[i] = Child(node, i);
    until = std::min(until, items[i].valid_until);
    if (items[i].is_error()) return Limited(items[i], until);
    if (!is_map || i % 2 == 1) continue;
    if (!IsKey(items[i])) return ErrorValue("unsupported key type", until);
    const Value before = MapValue(items.first(i));
    const Value is_there = Contains(items[i], before, now(), work_);
    if (is_there.is_error()) return is_there;
    if (is_there.is_true()) return ErrorValue("a map has the same key twice", until);
  }
  return is_map ? MapValue(items) : ListValue(items);
}

Value Evaluator::HasField(const Node& node) {
  const Value target = Child(node, 0);
  if (target.is_error()) return target;
  if (target.kind != ValueKind::kMap) return ErrorValue(kNoOverload, target.valid_until);
  return Contains(StringValue(node.text), target, now(), work_);
}

Value Evaluator::CallFunction(const Node& node) {
  constexpr int64_t kBytesPerStep = 16;
  std::array<Value, 4> values;
  Assert(node.child_count <= values.size(), "a function has few arguments");
  const std::span<Value> arguments = std::span(values).first(node.child_count);
  EventTime until = kNever;
  for (uint32_t i = 0; i < node.child_count; ++i) {
    arguments[i] = Child(node, i);
    until = std::min(until, arguments[i].valid_until);
  }
  for (const Value& argument : arguments) {
    if (argument.is_error()) return Limited(argument, until);
    if (!work_.Spend(1 + static_cast<int64_t>(argument.text.size()) / kBytesPerStep)) {
      return Workspace::OverBound();
    }
  }
  const Call call{.arguments = arguments, .now = now(), .zones = input_.zones, .work = work_};
  for (const Overload* overload : code_.calls[node.index]) {
    if (overload->Takes(arguments)) return Limited(overload->function->run(call), until);
  }
  return ErrorValue(kNoOverload, until);
}

// The body may not look at the value, so the value's instant counts only where it is looked at.
Value Evaluator::Bind(const Node& node) {
  if (slots_.empty()) return Workspace::OverBound();
  slots_[node.index] = Child(node, 0);
  return Child(node, 1);
}

Value Evaluator::Macro(const Node& node) {
  if (slots_.empty()) return Workspace::OverBound();
  const Value range = Child(node, 0);
  if (range.is_error()) return range;
  if (range.kind != ValueKind::kList && range.kind != ValueKind::kMap) {
    return ErrorValue(kNoOverload, range.valid_until);
  }
  const Loop& loop = code_.loops[node.index];
  const auto run = [&] {
    switch (loop.kind) {
      case LoopKind::kAll:
      case LoopKind::kExists:
        return Quantify(node, loop, range);
      case LoopKind::kExistsOne:
        return CountOne(node, loop, range);
      case LoopKind::kList:
      case LoopKind::kMap:
        break;
    }
    return Transform(node, loop, range);
  };
  return Limited(run(), range.valid_until);
}

bool Evaluator::BeginRound(const Loop& loop, const Value& range, int64_t round) {
  const bool is_map = range.kind == ValueKind::kMap;
  const Value& first = range.items[is_map ? 2 * round : round];
  if (loop.has_two) {
    slots_[loop.first_slot] = is_map ? first : IntValue(round);
    slots_[loop.first_slot + 1] = is_map ? range.items[2 * round + 1] : first;
  } else {
    slots_[loop.first_slot] = first;
  }
  return work_.Spend(loop.steps);
}

Value Evaluator::Quantify(const Node& node, const Loop& loop, const Value& range) {
  const bool decider = loop.kind == LoopKind::kExists;
  EventTime decided_until = EventTime::Min();
  EventTime undecided_until = kNever;
  std::string_view error;
  for (int64_t round = 0; round < range.number; ++round) {
    if (!BeginRound(loop, range, round)) return Workspace::OverBound();
    const Value value = Child(node, 1);
    if (value.kind == ValueKind::kBool && value.is_true() == decider) {
      decided_until = std::max(decided_until, value.valid_until);
      if (decided_until >= range.valid_until) break;
      continue;
    }
    undecided_until = std::min(undecided_until, value.valid_until);
    if (value.kind != ValueKind::kBool && error.empty()) error = NotABool(value).text;
  }
  if (decided_until > EventTime::Min()) return BoolValue(decider, decided_until);
  return error.empty() ? BoolValue(!decider, undecided_until) : ErrorValue(error, undecided_until);
}

Value Evaluator::CountOne(const Node& node, const Loop& loop, const Value& range) {
  EventTime until = kNever;
  int64_t count = 0;
  for (int64_t round = 0; round < range.number; ++round) {
    if (!BeginRound(loop, range, round)) return Workspace::OverBound();
    const Value value = Child(node, 1);
    until = std::min(until, value.valid_until);
    if (value.kind != ValueKind::kBool) return Limited(NotABool(value), until);
    if (value.is_true()) ++count;
  }
  return BoolValue(count == 1, until);
}

// map, filter and their forms with two variables: the range's elements that pass the filter,
// transformed.
Value Evaluator::Transform(const Node& node, const Loop& loop, const Value& range) {
  const bool is_map = loop.kind == LoopKind::kMap;
  const std::span<Value> room =
      work_.NewValues(static_cast<size_t>(range.number) * (is_map ? 2 : 1));
  if (work_.is_over_bound()) return Workspace::OverBound();
  size_t size = 0;
  EventTime until = kNever;
  for (int64_t round = 0; round < range.number; ++round) {
    if (!BeginRound(loop, range, round)) return Workspace::OverBound();
    const Value key = slots_[loop.first_slot];
    if (loop.has_filter) {
      const Value passes = Child(node, 1);
      until = std::min(until, passes.valid_until);
      if (passes.kind != ValueKind::kBool) return Limited(NotABool(passes), until);
      if (!passes.is_true()) continue;
    }
    const Value element = Child(node, loop.has_filter ? 2 : 1);
    until = std::min(until, element.valid_until);
    if (element.is_error()) return Limited(element, until);
    if (is_map) room[size++] = key;
    room[size++] = element;
  }
  return is_map ? MapValue(room.first(size), until) : ListValue(room.first(size), until);
}

}  // namespace spotter::segment
