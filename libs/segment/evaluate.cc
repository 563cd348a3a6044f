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

CountAnswer CompareCount(const Node& node, const FactWindow& window) {
  const int64_t k = node.number;
  const auto negated = [](CountAnswer count) {
    return CountAnswer{.holds = !count.holds, .valid_until = count.valid_until};
  };
  switch (node.binary) {
    case BinaryOp::kEqual:
      return window.CountIs(k);
    case BinaryOp::kNotEqual:
      return negated(window.CountIs(k));
    case BinaryOp::kGreaterEqual:
      return window.CountIsAtLeast(k);
    case BinaryOp::kLess:
      return negated(window.CountIsAtLeast(k));
    case BinaryOp::kGreater:
      return window.CountIsAtLeast(k + 1);
    default:
      return negated(window.CountIsAtLeast(k + 1));
  }
}

// Into a value that is there already: events are asked for more often than anything else.
void Reduce(const Node& node, const FactWindow& window, Value& answer) {
  if (node.op == Op::kCountCompare) {
    const CountAnswer count = CompareCount(node, window);
    answer = BoolValue(count.holds, count.valid_until);
    return;
  }
  if (node.op == Op::kCount) {
    answer = IntValue(window.count(), window.CountValidUntil());
    return;
  }
  const FactAnswer fact = node.op == Op::kFirst ? window.First() : window.Last();
  if (!fact.is_present) {
    answer = NullValue(fact.valid_until);
    return;
  }
  answer = {.kind = node.op == Op::kLastTime ? ValueKind::kTime : ValueKind::kEvent,
            .number = fact.time.ms,
            .valid_until = fact.valid_until};
  if (node.op != Op::kLastTime) answer.amount = fact.amount_minor.value_or(0);
}

}  // namespace

Value Evaluator::Run(uint32_t at) {
  const Node& node = code_.nodes[at];
  switch (node.op) {
    case Op::kConstant:
      return code_.constants[node.index];
    case Op::kNow:
      return {.kind = ValueKind::kTime, .slope = 1, .number = now().ms, .nanos = 0};
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
    answer.number |= equal.number;
    answer.valid_until = std::min(answer.valid_until, equal.valid_until);
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
  const Value at = Part(static_cast<uint32_t>(node));
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
  Value answer;
  for (const bool is_since : {true, false}) {
    const int bound = is_since ? query.since : query.before;
    if (bound < 0) [[likely]]
      continue;
    answer = AddBound(bound, is_since, bounds);
    until = std::min(until, answer.valid_until);
    if (answer.is_error()) {
      answer.valid_until = until;
      return answer;
    }
  }
  const FactWindow window(input_.member, query.kind, bounds, now());
  if (window.is_unknown()) {
    answer = ErrorValue(kTooFarBack, std::min(until, window.known_until()));
  } else {
    Reduce(node, window, answer);
    answer.valid_until = std::min(answer.valid_until, until);
  }
  return answer;
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
  Value value = Evaluator(code, input, work).Run(node);
  if (work.is_over_bound()) [[unlikely]] {
    // Beyond the bound the parts are meaningless, so no && or || may make an answer of them; and it
    // was reached because of all that was looked at, so it holds as long as that does.
    Workspace again;
    Evaluator watching(code, input, again, /*is_watching=*/true);
    watching.Run(node);
    value = Limited(Workspace::OverBound(), watching.seen_until());
  }
  return value;
}

}  // namespace spotter::segment
