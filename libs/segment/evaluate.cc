// SPDX-License-Identifier: Apache-2.0
//
// The walk over the nodes. How validity combines:
//   f(a, b)      the earlier of both
//   a && b       a false operand alone decides, as long as it holds: with several false ones until
//                the latest of them (and dually for ||); else the earliest of all
//   c ? x : y    the earlier of the condition's and the taken branch's
// Errors are values and carry an instant like any other.
#include <algorithm>
#include <array>
#include <cstring>
#include <span>

#include "base/assert.h"
#include "base/hash.h"
#include "segment/code.h"

namespace spotter::segment {
namespace {

using model::Fact;
using model::FactKind;

constexpr std::string_view kMissingTrait = "the member lacks the attribute";
constexpr std::string_view kTooFarBack = "the window reaches back over 400 days";

Value Limited(Value value, EventTime until) {
  value.valid_until = std::min(value.valid_until, until);
  return value;
}

class Evaluator {
 public:
  Evaluator(const Code& code, const Input& input) : code_(code), input_(input) {}

  Value Run(uint32_t at) const {
    const Node& node = code_.nodes[at];
    switch (node.op) {
      case Op::kConstant:
        return code_.constants[node.index];
      case Op::kNow:
        return TimeValue(now().ms, 1, kNever, now());
      case Op::kJourneyEnteredAt:
        return TimeValue(input_.journey_entered_at.ms, 0, kNever, now());
      case Op::kStepEnteredAt:
        return TimeValue(input_.step_entered_at.ms, 0, kNever, now());
      case Op::kTrait:
        return Trait(node);
      case Op::kHasTrait:
        return BoolValue(input_.member.FindTrait(node.attribute) != nullptr);
      case Op::kStatus: {
        const model::StatusAt status = model::StatusOf(input_.member, now());
        return StringValue(NameOf(status.status), status.valid_until);
      }
      case Op::kLifetimeSpend:
        return LifetimeSpend();
      case Op::kHasTags:
        return BoolValue(std::ranges::any_of(
            input_.member.records, [](const auto* record) { return !record->tags.empty(); }));
      case Op::kHasTag:
        return HasTag(node);
      case Op::kConsent:
        return StringValue(NameOf(input_.member.Consent(node.text, node.other_text)));
      case Op::kSegment:
        return SegmentMembership(node);
      case Op::kBucket:
        return Bucket(node);
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
        if (operand.is_error()) return operand;
        return BoolValue(operand.is_false(), operand.valid_until);
      }
      case Op::kNegate:
        return Negate(Child(node, 0));
      case Op::kUnits:
        return Units(Child(node, 0), node.number, now());
      case Op::kCalculate:
        return Calculate(node.binary, Child(node, 0), Child(node, 1), now());
      case Op::kCompare:
        return Compare(node.binary, Child(node, 0), Child(node, 1), now());
      case Op::kIn:
        return In(node);
      case Op::kAnd:
        return Logic(node, /*decider=*/0);
      case Op::kOr:
        return Logic(node, /*decider=*/1);
      case Op::kTernary: {
        const Value condition = Child(node, 0);
        if (condition.is_error()) return condition;
        return Limited(Child(node, condition.is_true() ? 1 : 2), condition.valid_until);
      }
    }
    Assert(false, "every operation is evaluated");
    return {};
  }

 private:
  EventTime now() const { return input_.now; }

  Value Child(const Node& node, uint32_t i) const {
    return Run(code_.children[node.first_child + i]);
  }

  static std::string_view NameOf(model::ConsentState state) {
    switch (state) {
      case model::ConsentState::kGranted:
        return "granted";
      case model::ConsentState::kDenied:
        return "denied";
      default:
        return "unknown";
    }
  }
  static std::string_view NameOf(model::MemberStatus status) { return model::NameOf(status); }

  Value Logic(const Node& node, int64_t decider) const {
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
      if (value.is_error() && !is_error) {
        is_error = true;
        error = value.text;
      }
    }
    if (is_decided) return BoolValue(decider != 0, decided_until);
    if (is_error) return ErrorValue(error, undecided_until);
    return BoolValue(decider == 0, undecided_until);
  }

  Value In(const Node& node) const {
    const Value needle = Child(node, 0);
    Value answer = BoolValue(false, needle.valid_until);
    if (needle.is_error()) return needle;
    for (uint32_t i = 1; i < node.child_count; ++i) {
      const Value equal = Compare(BinaryOp::kEqual, needle, Child(node, i), now());
      // A list with an error in it is an error, wherever the element was found.
      if (equal.is_error()) return Limited(equal, answer.valid_until);
      answer = BoolValue(answer.is_true() || equal.is_true(),
                         std::min(answer.valid_until, equal.valid_until));
    }
    return answer;
  }

  Value Trait(const Node& node) const {
    const model::Trait* trait = input_.member.FindTrait(node.attribute);
    if (trait == nullptr) return ErrorValue(kMissingTrait);
    const model::Scalar& value = trait->value;
    if (const auto* text = std::get_if<std::string>(&value)) return StringValue(*text);
    if (const auto* number = std::get_if<int64_t>(&value)) return IntValue(*number);
    if (const auto* flag = std::get_if<bool>(&value)) return BoolValue(*flag);
    if (const auto* time = std::get_if<EventTime>(&value)) {
      return TimeValue(time->ms, 0, kNever, now());
    }
    return DoubleValue(std::get<double>(value));
  }

  Value HasTag(const Node& node) const {
    const Value tag = Child(node, 0);
    if (tag.is_error()) return tag;
    const bool is_tagged = std::ranges::any_of(input_.member.records, [&](const auto* record) {
      return std::ranges::find(record->tags, tag.text) != record->tags.end();
    });
    return BoolValue(is_tagged, tag.valid_until);
  }

  Value SegmentMembership(const Node& node) const {
    if (input_.segments == nullptr) return ErrorValue("no other segments are known here");
    const SegmentValue value = input_.segments->Lookup(node.text);
    // A stored membership may be overdue; it is then looked at again at once.
    return BoolValue(value.is_member, std::max(value.valid_until, now() + Duration(1)));
  }

  // See docs/segment-language.md: others can reproduce the draw.
  Value Bucket(const Node& node) const {
    Assert(!input_.member.records.empty(), "a member has at least one record");
    const Hash128 key = input_.member.records.front()->key.value();
    std::array<char, 256> buffer;
    const size_t size = input_.tenant.size() + 1 + node.text.size() + 1 + sizeof(Hash128);
    std::string longer(size > buffer.size() ? size : 0, '\0');
    char* const begin = longer.empty() ? buffer.data() : longer.data();
    char* out = std::ranges::copy(input_.tenant, begin).out;
    *out++ = '\0';
    out = std::ranges::copy(node.text, out).out;
    *out++ = '\0';
    for (const uint64_t word : {key.high, key.low}) {
      for (int shift = 56; shift >= 0; shift -= 8) *out++ = static_cast<char>(word >> shift & 0xFF);
    }
    // The 53 bits that a double holds exactly: always below 1.
    constexpr double kTwoToMinus53 = 0x1p-53;
    const uint64_t bits = HashOf(std::string_view(begin, size)).high >> 11;
    return DoubleValue(static_cast<double>(bits) * kTwoToMinus53);
  }

  // X4: purchases, refunds and lost disputes, in the member's one currency.
  Value LifetimeSpend() const {
    int64_t sum = 0;
    uint32_t currency = 0;
    bool is_mixed = false;
    bool is_overflow = false;
    EventTime until = kNever;
    const auto add = [&](uint32_t code, int64_t amount) {
      if (amount == 0) return;
      is_mixed = is_mixed || (currency != 0 && code != currency);
      currency = code;
      is_overflow = is_overflow || __builtin_add_overflow(sum, amount, &sum);
    };
    constexpr std::array kLedger = {FactKind::purchase, FactKind::refund, FactKind::dispute};
    for (const model::SourceRecord* record : input_.member.records) {
      for (const auto& [kind, totals] : record->timeline.retired_totals()) {
        if (std::ranges::find(kLedger, kind) == kLedger.end()) continue;
        for (const auto& [code, amount] : totals.sums) add(code, amount);
      }
      for (const FactKind kind : kLedger) {
        for (const Fact& fact : record->timeline.Of(kind)) {
          if (fact.time > now()) {
            until = std::min(until, fact.time);
            break;
          }
          add(fact.currency, fact.amount_minor);
        }
      }
    }
    if (is_mixed) return ErrorValue("the member has spent in several currencies", until);
    return is_overflow ? ErrorValue("integer overflow", until) : IntValue(sum, until);
  }

  // The moment's window: bounds that are expressions cut the constant ones.
  Value AddBound(int node, bool is_since, WindowBounds& bounds) const {
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

  Value Query(const Node& node) const {
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

  static Value Reduce(const Node& node, const FactWindow& window) {
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

  static Value CompareCount(const Node& node, const FactWindow& window) {
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

  Value EventField(const Node& node) const {
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

  const Code& code_;
  const Input& input_;
};

}  // namespace

Value Evaluate(const Code& code, uint32_t node, const Input& input) {
  return Evaluator(code, input).Run(node);
}

}  // namespace spotter::segment
