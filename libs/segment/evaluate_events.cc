// SPDX-License-Identifier: Apache-2.0
//
// Windows of events. Without a filter everything is counted by FactWindow, without looking at a
// fact that does not matter. With one, facts are looked at one by one from the end that decides,
// newest first for a count, and no further than the answer needs:
//   a fact that passes    may leave the window, or cease to pass
//   one that does not     may come to pass, unless it leaves before
//   one that is to enter  counts as one that will pass unless its filter says no beyond its entry
// An event whose filter ends in an error does not pass: an error is not a match.
#include <algorithm>

#include "base/assert.h"
#include "segment/evaluator.h"
#include "segment/member_values.h"

namespace spotter::segment {
namespace {

constexpr std::string_view kTooFarBack = "the window reaches back over 400 days";

CountAnswer Negated(CountAnswer count) { return {!count.holds, count.valid_until}; }

// `window` says whether it has at least k events, or exactly k.
template <typename Window>
CountAnswer CompareCount(const Node& node, Window& window) {
  const int64_t k = node.number;
  switch (node.binary) {
    case BinaryOp::kEqual:
      return window.CountIs(k);
    case BinaryOp::kNotEqual:
      return Negated(window.CountIs(k));
    case BinaryOp::kGreaterEqual:
      return window.CountIsAtLeast(k);
    case BinaryOp::kLess:
      return Negated(window.CountIsAtLeast(k));
    case BinaryOp::kGreater:
      return window.CountIsAtLeast(k + 1);
    default:
      return Negated(window.CountIsAtLeast(k + 1));
  }
}

Value EventValue(FoundFact found, EventTime time, EventTime until) {
  Value event{.kind = ValueKind::kEvent,
              .slope = static_cast<int>(found.record),
              .number = time.ms,
              .valid_until = until};
  event.fact = found.fact;
  return event;
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
  } else if (node.op == Op::kLastTime) {
    answer = {.kind = ValueKind::kTime, .number = fact.time.ms, .valid_until = fact.valid_until};
  } else {
    answer = EventValue(fact.found, fact.time, fact.valid_until);
  }
}

}  // namespace

// The events of a window that pass, counted.
class Evaluator::Passing {
 public:
  Passing(Evaluator& evaluator, const EventQuery& query, const FactWindow& window)
      : evaluator_(evaluator), query_(query), window_(window) {}

  CountAnswer CountIsAtLeast(int64_t k) {
    if (k <= 0) return {true};
    EventTime held_until = kNever;
    EventTime closed_until = kNever;
    int64_t count = 0;
    FactWalk walk(window_, FactWalk::Order::kNewestFirst);
    for (FoundFact found = walk.Next(); found.fact != nullptr; found = walk.Next()) {
      const CountAnswer passes = evaluator_.Passes(query_, found);
      const EventTime leaves = window_.LeavesAt(found);
      if (passes.holds) {
        held_until = std::min({held_until, leaves, passes.valid_until});
        if (++count == k) return {true, held_until};
      } else if (passes.valid_until < leaves) {
        closed_until = std::min(closed_until, passes.valid_until);
      }
    }
    return {false, std::min(closed_until, Comes(k - count))};
  }

  CountAnswer CountIs(int64_t k) {
    if (k < 0) return {false};
    const CountAnswer more = CountIsAtLeast(k + 1);
    if (more.holds) return {false, more.valid_until};
    const CountAnswer enough = CountIsAtLeast(k);
    if (!enough.holds) return enough;
    return {true, std::min(more.valid_until, enough.valid_until)};
  }

  Value Count() {
    int64_t count = 0;
    EventTime held_until = kNever;
    const EventTime closed_until =
        evaluator_.EachPassing(query_, window_, [&](FoundFact, EventTime until) {
          ++count;
          held_until = std::min(held_until, until);
        });
    return IntValue(count, std::min(held_until, closed_until));
  }

  // The first or the last that passes; null if none does.
  Value Edge(bool is_first) {
    EventTime until = kNever;
    FactWalk walk(window_,
                  is_first ? FactWalk::Order::kOldestFirst : FactWalk::Order::kNewestFirst);
    FoundFact found = walk.Next();
    for (; found.fact != nullptr; found = walk.Next()) {
      const CountAnswer passes = evaluator_.Passes(query_, found);
      const EventTime leaves = window_.LeavesAt(found);
      if (passes.holds) {
        until = std::min({until, leaves, passes.valid_until});
        break;
      }
      if (passes.valid_until < leaves) until = std::min(until, passes.valid_until);
    }
    // What enters is newer than all.
    if (!is_first || found.fact == nullptr) until = std::min(until, Comes(1));
    if (found.fact == nullptr) return NullValue(until);
    return EventValue(found, found.fact->time, until);
  }

 private:
  EventTime Comes(int64_t k) { return evaluator_.Comes(query_, window_, k); }

  Evaluator& evaluator_;
  const EventQuery& query_;
  const FactWindow& window_;
};

Value Evaluator::MemberZone() const {
  const std::string_view zone = input_.zones == nullptr ? "" : input_.zones->ZoneOf(input_.member);
  return zone.empty() ? ErrorValue("the member's time zone is not known") : StringValue(zone);
}

Value Evaluator::AddCalendar(const EventQuery& query, WindowBounds& bounds) {
  const Value zone = Part(query.zone);
  if (zone.is_error()) return zone;
  const auto period = PeriodAround(*query.calendar, zone.text, now(), input_.zones);
  if (!period) return ErrorValue("the rules of the time zone are not known", zone.valid_until);
  bounds.from = std::max(bounds.from, period->from.ms);
  bounds.to = std::min(bounds.to, period->to.ms - 1);
  return BoolValue(true, std::min(zone.valid_until, period->to));
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

Value Evaluator::Query(const Node& node, const EventQuery& query) {
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
  if (query.calendar) [[unlikely]] {
    answer = AddCalendar(query, bounds);
    until = std::min(until, answer.valid_until);
    if (answer.is_error()) {
      answer.valid_until = until;
      return answer;
    }
  }
  const FactWindow window(input_.member, query.kind, bounds, now());
  if (window.is_unknown()) {
    answer = ErrorValue(kTooFarBack, std::min(until, window.known_until()));
    return answer;
  }
  if (node.op == Op::kFold) [[unlikely]] {
    answer = FoldWindow(code_.folds[node.index], query, window);
  } else if (query.looks_at_each()) [[unlikely]] {
    answer = Filtered(node, query, window);
  } else {
    Reduce(node, window, answer);
  }
  answer.valid_until = std::min(answer.valid_until, until);
  return answer;
}

CountAnswer Evaluator::Passes(const EventQuery& query, FoundFact found) {
  if (!work_.Spend(query.steps)) return {false};
  if (query.slot >= 0) {
    slots_[static_cast<size_t>(query.slot)] = EventValue(found, found.fact->time, kNever);
  }
  EventTime until = kNever;
  for (const uint32_t filter : query.filters) {
    const Value passes = Part(filter);
    if (!passes.is_true()) return {false, passes.valid_until};
    until = std::min(until, passes.valid_until);
  }
  if (query.next.empty()) return {true, until};
  const EventTime followed = Followed(found.fact->time, query.next);
  if (followed > now()) return {false, followed};
  return {true, until};
}

EventTime Evaluator::Followed(EventTime after, std::span<const NextEvent> next) {
  if (next.empty()) return after;
  const EventTime end = after + Duration(next[0].within_ms);
  EventTime earliest = kNever;
  for (const model::SourceRecord* record : input_.member.records) {
    const std::span<const model::Fact> facts = record->timeline.Of(next[0].kind);
    auto fact = std::ranges::upper_bound(facts, after, {}, &model::Fact::time);
    for (; fact != facts.end() && fact->time < end; ++fact) {
      if (!work_.Spend(1)) return kNever;
      if (is_watching_ && fact->time > now()) seen_until_ = std::min(seen_until_, fact->time);
      earliest = std::min(earliest, Followed(fact->time, next.subspan(1)));
      // The first is the earliest, unless it is not followed itself.
      if (next.size() == 1 || earliest <= now()) break;
    }
  }
  return earliest;
}

EventTime Evaluator::Comes(const EventQuery& query, const FactWindow& window, int64_t k) {
  FactWalk walk(window, FactWalk::Order::kComing);
  for (FoundFact found = walk.Next(); found.fact != nullptr; found = walk.Next()) {
    const EventTime enters = window.EntersAt(found);
    const CountAnswer passes = Passes(query, found);
    if (!passes.holds && passes.valid_until >= window.LeavesAt(found)) continue;
    if (--k == 0) return enters;
  }
  return kNever;
}

Value Evaluator::Filtered(const Node& node, const EventQuery& query, const FactWindow& window) {
  const std::optional<EventTime> kept_until = window.KeptUntil(!query.next.empty());
  if (!kept_until) return ErrorValue(kTooFarBack);
  Passing passing(*this, query, window);
  Value answer;
  if (node.op == Op::kCountCompare) {
    const CountAnswer count = CompareCount(node, passing);
    answer = BoolValue(count.holds, count.valid_until);
  } else if (node.op == Op::kCount) {
    answer = passing.Count();
  } else {
    answer = passing.Edge(node.op == Op::kFirst);
  }
  SeeWindow(window);
  answer.valid_until = std::min(answer.valid_until, std::min(*kept_until, window.known_until()));
  return answer;
}

// Over the bound any fact that comes or goes may change what was done.
void Evaluator::SeeWindow(const FactWindow& window) {
  if (!is_watching_) [[likely]]
    return;
  seen_until_ = std::min(seen_until_, window.CountValidUntil());
}

Value Evaluator::EventField(const Node& node) {
  const Value event = Child(node, 0);
  if (event.is_error()) return event;
  if (event.kind != ValueKind::kEvent)
    return ErrorValue("there is no such event", event.valid_until);
  if (node.op == Op::kEventTime) return TimeValue(event.number, 0, event.valid_until, now());
  // Of older facts only the time is kept, whether or not they were dropped yet; but what describes
  // the member is kept for life.
  const model::Fact* const fact = event.fact;
  const bool is_for_life =
      fact != nullptr && IsKeptForLife(fact->kind) && !model::IsLifetime(fact->kind);
  EventTime until = event.valid_until;
  if (!is_for_life) {
    const EventTime kept_until = EventTime{event.number} + model::kTimelineKeep;
    if (now() > kept_until) {
      return ErrorValue("attributes of events are kept for 400 days", until);
    }
    until = std::min(until, kept_until + Duration(1));
  }
  if (node.op == Op::kEventAmount) return IntValue(fact->amount_minor, until);
  const model::SourceRecord& record = *input_.member.records[static_cast<size_t>(event.slope)];
  const model::Entity* const entity = record.timeline.Find(fact->entity);
  Assert(entity != nullptr, "every fact has its entity");
  const model::Scalar* const scalar = entity->attributes.Find(node.attribute);
  if (node.op == Op::kHasEventField) return BoolValue(scalar != nullptr, until);
  if (scalar == nullptr) return ErrorValue("the event lacks the attribute", until);
  Value value = ScalarValue(*scalar, now());
  value.valid_until = std::min(value.valid_until, until);
  return value;
}

}  // namespace spotter::segment
