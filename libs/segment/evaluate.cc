// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>

#include "base/assert.h"
#include "segment/evaluator.h"
#include "segment/member_values.h"

namespace spotter::segment {
namespace {

// An error stays what it is.
Value NotABool(const Value& value) {
  return value.is_error() ? value : ErrorValue(kNoOverload, value.valid_until);
}

Value Limited(Value value, EventTime until) {
  value.valid_until = std::min(value.valid_until, until);
  return value;
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
    case Op::kZone:
      return MemberZone();
    case Op::kCount:
    case Op::kCountCompare:
    case Op::kFirst:
    case Op::kLast:
    case Op::kLastTime:
      return Query(node, code_.queries[node.index]);
    case Op::kFold:
      return Query(node, code_.queries[code_.folds[node.index].query]);
    case Op::kEventTime:
    case Op::kEventAmount:
    case Op::kEventField:
    case Op::kHasEventField:
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

void Evaluator::MakeSlots() {
  if (code_.slots > kFewSlots) {
    slots_ = work_.NewValues(code_.slots);
    return;
  }
  auto* const values = reinterpret_cast<Value*>(few_slots_.data());
  std::uninitialized_fill_n(values, code_.slots, Value{});
  slots_ = {values, code_.slots};
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
