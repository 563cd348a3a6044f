// SPDX-License-Identifier: Apache-2.0
//
// One walk over the nodes of a code for one member at one instant. How validity combines:
//   f(a, b)      the earlier of both
//   a && b       a false operand alone decides, as long as it holds: with several false ones until
//                the latest of them (and dually for ||); else the earliest of all
//   all, exists  as && and || over the elements, and no longer than the list
//   c ? x : y    the earlier of the condition's and the taken branch's
// Errors are values and carry an instant like any other.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "segment/code.h"

namespace spotter::segment {

class Evaluator {
 public:
  Evaluator(const Code& code, const Input& input, Workspace& work, bool is_watching = false)
      : code_(code), input_(input), work_(work), is_watching_(is_watching) {
    if (code.slots > 0) [[unlikely]]
      slots_ = work.NewValues(code.slots);
  }

  Value Run(uint32_t at);
  // Of one that watches: until when everything that was looked at holds.
  EventTime seen_until() const { return seen_until_; }

 private:
  EventTime now() const { return input_.now; }
  Value Part(uint32_t at) {
    Value value = Run(at);
    if (is_watching_) [[unlikely]]
      seen_until_ = std::min(seen_until_, value.valid_until);
    return value;
  }
  Value Child(const Node& node, uint32_t i) { return Part(code_.children[node.first_child + i]); }

  // evaluate.cc: operators, the member
  void MakeSlots();
  Value Logic(const Node& node, int64_t decider);
  Value In(const Node& node);
  Value SegmentMembership(const Node& node) const;

  // evaluate_events.cc: windows, their events and what is asked of them
  class Passing;
  Value MemberZone() const;
  Value AddCalendar(const EventQuery& query, WindowBounds& bounds);
  Value AddBound(int node, bool is_since, WindowBounds& bounds);
  Value Query(const Node& node, const EventQuery& query);
  Value Filtered(const Node& node, const EventQuery& query, const FactWindow& window);
  Value EventField(const Node& node);
  // What the filters say of an event, and until when.
  CountAnswer Passes(const EventQuery& query, FoundFact found);
  // The instant at which an event at `after` has been followed by all of `next`; kNever: never.
  EventTime Followed(EventTime after, std::span<const NextEvent> next);
  // Visits every event of the window that passes, and says until when it does, newest first. The
  // answer: until when no other does.
  template <typename Visit>
  EventTime EachPassing(const EventQuery& query, const FactWindow& window, Visit visit);
  // The instant before which no k events that are still to enter pass in the window.
  EventTime Comes(const EventQuery& query, const FactWindow& window, int64_t k);
  void SeeWindow(const FactWindow& window);

  // evaluate_folds.cc: sums and their like
  Value FoldWindow(const EventFold& fold, const EventQuery& query, const FactWindow& window);
  Value SumOfAmounts(const EventQuery& query, const FactWindow& window);

  // evaluate_items.cc: lists, maps, functions, macros
  Value Items(const Node& node);
  Value HasField(const Node& node);
  Value CallFunction(const Node& node);
  Value Bind(const Node& node);
  Value Macro(const Node& node);
  Value Quantify(const Node& node, const Loop& loop, const Value& range);
  Value CountOne(const Node& node, const Loop& loop, const Value& range);
  Value Transform(const Node& node, const Loop& loop, const Value& range);
  // The variables of a round; false if the evaluation is over its bound.
  bool BeginRound(const Loop& loop, const Value& range, int64_t round);

  const Code& code_;
  const Input& input_;
  Workspace& work_;
  std::span<Value> slots_;
  static constexpr uint32_t kFewSlots = 4;  // need no allocation
  alignas(Value) std::array<std::byte, kFewSlots * sizeof(Value)> few_slots_;
  const bool is_watching_;
  EventTime seen_until_ = kNever;
};

template <typename Visit>
EventTime Evaluator::EachPassing(const EventQuery& query, const FactWindow& window, Visit visit) {
  EventTime closed_until = kNever;
  FactWalk walk(window, FactWalk::Order::kNewestFirst);
  for (FoundFact found = walk.Next(); found.fact != nullptr; found = walk.Next()) {
    const CountAnswer passes = Passes(query, found);
    const EventTime until = std::min(window.LeavesAt(found), passes.valid_until);
    if (passes.holds) {
      visit(found, until);
    } else if (passes.valid_until < window.LeavesAt(found)) {
      closed_until = std::min(closed_until, passes.valid_until);
    }
  }
  return std::min(closed_until, Comes(query, window, 1));
}

}  // namespace spotter::segment
