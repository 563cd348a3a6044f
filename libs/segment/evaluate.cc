// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/assert.h"
#include "segment/evaluator.h"
#include "segment/member_values.h"

namespace spotter::segment {
namespace {

constexpr std::string_view kTooFarBack = "the window reaches back over 400 days";

// An error stays what it is.
Value NotABool(const Value& value) {
  return value.is_error() ? value : ErrorValue(kNoOverload, value.valid_until);
}

Value Limited(Value value, EventTime until) {
  value.valid_until = std::min(value.valid_until, until);
  return value;
}

Value CompareCount(const Node& node, const FactWindow& window) {
  const int64_t k = node.number;
  const auto answer = [](CountAnswer count, bool is_negated) {
    return BoolValue(count.holds != is_negated, count.valid_until);
  };
  switch (node.binary) {
    case BinaryOp::kEqual:
      return answer(window.CountIs(k), false);
    case BinaryOp::kNotEqual:
      return answer(window.CountIs(k), true);
    case BinaryOp::kGreaterEqual:
      return answer(window.CountIsAtLeast(k), false);
    case BinaryOp::kLess:
      return answer(window.CountIsAtLeast(k), true);
    case BinaryOp::kGreater:
      return answer(window.CountIsAtLeast(k + 1), false);
    default:
      return answer(window.CountIsAtLeast(k + 1), true);
  }
}

Value Reduce(const Node& node, const FactWindow& window) {
  if (node.op == Op::kCountCompare) return CompareCount(node, window);
  if (node.op == Op::kCount) return IntValue(window.count(), window.CountValidUntil());
  const FactAnswer fact = node.op == Op::kFirst ? window.First() : window.Last();
  if (!fact.is_present) return NullValue(fact.valid_until);
  Value event{.kind = node.op == Op::kLastTime ? ValueKind::kTime : ValueKind::kEvent,
              .number = fact.time.ms,
              .valid_until = fact.valid_until};
  event.amount = fact.amount_minor.value_or(0);
  return event;
}

}  // namespace

Evaluator::Evaluator(const Code& code, const Input& input, Workspace& work)
    : code_(code), input_(input), work_(work) {
  if (code.slots > 0) slots_ = work.NewValues(code.slots);
}

Value Evaluator::Run(uint32_t at) {
  Value value = ValueOf(code_.nodes[at]);
  seen_until_ = std::min(seen_until_, value.valid_until);
  return value;
}

Value Evaluator::ValueOf(const Node& node) {
  switch (node.op) {
    case Op::kConstant:
      return code_.constants[node.index];
    case Op::kNow:
      return TimeValue(now().ms, 1, kNever, now());
    case Op::kJourneyEnteredAt:
      return TimeValue(input_.journey_entered_at.ms, 0, kNever, now());
    case Op::kStepEnteredAt:
      return TimeValue(input_.step_entered_at.ms, 0, kNever, now());
    case Op::kVariable:
      return input_.variables[node.index];
    case Op::kLocal:
      return slots_[node.index];
    case Op::kFailure:
      return ErrorValue(node.text);
    case Op::kTrait:
      return TraitValue(input_.member, node.attribute, now());
    case Op::kHasTrait:
      return BoolValue(input_.member.FindTrait(node.attribute) != nullptr);
    case Op::kStatus: {
      const model::StatusAt status = model::StatusOf(input_.member, now());
      return StringValue(model::NameOf(status.status), status.valid_until);
    }
    case Op::kLifetimeSpend:
      return LifetimeSpend(input_.member, now());
    case Op::kTags:
      return Tags(input_.member, work_);
    case Op::kHasTags:
      return HasTags(input_.member);
    case Op::kHasTag:
      return HasTag(input_.member, Child(node, 0));
    case Op::kConsent:
      return StringValue(ConsentName(input_.member.Consent(node.text, node.other_text)));
    case Op::kSegment:
      return SegmentMembership(node);
    case Op::kBucket:
      return DoubleValue(Bucket(input_.member, input_.tenant, node.text));
    case Op::kCount:
    case Op::kCountCompare:
    case Op::kFirst:
    case Op::kLast:
    case Op::kLastTime:
      return Query(node);
    case Op::kEventTime:
    case Op::kEventAmount:
      return EventField(node);
    case Op::kNot: {
      const Value operand = Child(node, 0);
      if (operand.kind != ValueKind::kBool) return NotABool(operand);
      return BoolValue(operand.is_false(), operand.valid_until);
    }
    case Op::kNegate:
      return Negate(Child(node, 0));
    case Op::kUnits:
      return Units(Child(node, 0), node.number, now());
    case Op::kCalculate: {
      const Value left = Child(node, 0);
      return Calculate(node.binary, left, Child(node, 1), now(), work_);
    }
    case Op::kCompare: {
      const Value left = Child(node, 0);
      return Compare(node.binary, left, Child(node, 1), now(), work_);
    }
    case Op::kIn:
      return In(node);
    case Op::kContains: {
      const Value needle = Child(node, 0);
      return Contains(needle, Child(node, 1), now(), work_);
    }
    case Op::kAnd:
      return Logic(node, /*decider=*/0);
    case Op::kOr:
      return Logic(node, /*decider=*/1);
    case Op::kTernary: {
      const Value condition = Child(node, 0);
      if (condition.kind != ValueKind::kBool) return NotABool(condition);
      return Limited(Child(node, condition.is_true() ? 1 : 2), condition.valid_until);
    }
    case Op::kList:
    case Op::kMap:
      return Items(node);
    case Op::kElement: {
      const Value target = Child(node, 0);
      return ElementAt(target, Child(node, 1), now(), work_);
    }
    case Op::kField:
      return ElementAt(Child(node, 0), StringValue(node.text), now(), work_);
    case Op::kHasField:
      return HasField(node);
    case Op::kCall:
      return CallFunction(node);
    case Op::kMatches:
      return code_.patterns[node.index].Find(Child(node, 0), work_);
    case Op::kBind:
      return Bind(node);
    case Op::kLoop:
      return Macro(node);
  }
  Assert(false, "every operation is evaluated");
  return {};
}

Value Evaluator::Logic(const Node& node, int64_t decider) {
  EventTime decided_until = EventTime::Min();
  EventTime undecided_until = kNever;
  std::string_view error;
  bool is_decided = false;
  bool is_error = false;
  for (uint32_t i = 0; i < node.child_count; ++i) {
    const Value value = Child(node, i);
    if (value.kind == ValueKind::kBool && value.number == decider) {
      is_decided = true;
      decided_until = std::max(decided_until, value.valid_until);
      if (decided_until == kNever) break;
      continue;
    }
    undecided_until = std::min(undecided_until, value.valid_until);
    if (value.kind != ValueKind::kBool && !is_error) {
      is_error = true;
      error = NotABool(value).text;
    }
  }
  if (is_decided) return BoolValue(decider != 0, decided_until);
  if (is_error) return ErrorValue(error, undecided_until);
  return BoolValue(decider == 0, undecided_until);
}

Value Evaluator::In(const Node& node) {
  const Value needle = Child(node, 0);
  Value answer = BoolValue(false, needle.valid_until);
  if (needle.is_error()) return needle;
  for (uint32_t i = 1; i < node.child_count; ++i) {
    const Value equal = Compare(BinaryOp::kEqual, needle, Child(node, i), now(), work_);
    // A list with an error in it is an error, wherever the element was found.
    if (equal.is_error()) return Limited(equal, answer.valid_until);
    answer = BoolValue(answer.is_true() || equal.is_true(),
                       std::min(answer.valid_until, equal.valid_until));
  }
  return answer;
}

Value Evaluator::SegmentMembership(const Node& node) const {
  if (input_.segments == nullptr) return ErrorValue("no other segments are known here");
  const SegmentValue value = input_.segments->Lookup(node.text);
  // A stored membership may be overdue; it is then looked at again at once.
  return BoolValue(value.is_member, std::max(value.valid_until, now() + Duration(1)));
}

// The moment's window: bounds that are expressions cut the constant ones.
Value Evaluator::AddBound(int node, bool is_since, WindowBounds& bounds) {
  const Value at = Run(static_cast<uint32_t>(node));
  if (at.is_error()) return at;
  if (at.kind != ValueKind::kTime) {
    return ErrorValue("a window is bounded by null", at.valid_until);
  }
  if (at.slope == 0) {
    if (is_since) bounds.from = std::max(bounds.from, at.number);
    if (!is_since) bounds.to = std::min(bounds.to, at.number - 1);
    return BoolValue(true, at.valid_until);
  }
  if (at.slope != 1) {
    return ErrorValue("a window's bound neither stands nor moves with now", at.valid_until);
  }
  const int64_t age = now().ms - at.number;
  if (is_since && age > model::kTimelineKeep.count()) {
    return ErrorValue(kTooFarBack, at.valid_until);
  }
  if (is_since) bounds.far = std::min(bounds.far, age);
  if (!is_since) bounds.near = std::max(bounds.near, age + 1);
  return BoolValue(true, at.valid_until);
}

Value Evaluator::Query(const Node& node) {
  const EventQuery& query = code_.queries[node.index];
  WindowBounds bounds = query.bounds;
  EventTime until = kNever;
  for (const bool is_since : {true, false}) {
    const int bound = is_since ? query.since : query.before;
    if (bound < 0) continue;
    const Value added = AddBound(bound, is_since, bounds);
    until = std::min(until, added.valid_until);
    if (added.is_error()) return Limited(added, until);
  }
  const FactWindow window(input_.member, query.kind, bounds, now());
  if (window.is_unknown()) {
    return ErrorValue(kTooFarBack, std::min(until, window.known_until()));
  }
  return Limited(Reduce(node, window), until);
}

Value Evaluator::EventField(const Node& node) {
  const Value event = Child(node, 0);
  if (event.is_error()) return event;
  if (event.kind != ValueKind::kEvent)
    return ErrorValue("there is no such event", event.valid_until);
  if (node.op == Op::kEventTime) return TimeValue(event.number, 0, event.valid_until, now());
  // Of older facts only the time is kept, whether or not they were dropped yet.
  const EventTime kept_until = EventTime{event.number} + model::kTimelineKeep;
  if (now() > kept_until) {
    return ErrorValue("amounts are kept for 400 days", event.valid_until);
  }
  return IntValue(event.amount, std::min(event.valid_until, kept_until + Duration(1)));
}

Value Evaluate(const Code& code, uint32_t node, const Input& input, Workspace& work) {
  Evaluator evaluator(code, input, work);
  const Value value = evaluator.Run(node);
  // Beyond the bound the parts are meaningless, so no && or || may make an answer of them.
  if (work.is_over_bound()) [[unlikely]] {
    return Limited(Workspace::OverBound(), evaluator.seen_until());
  }
  return value;
}

}  // namespace spotter::segment
