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

  // evaluate.cc: operators, the member, events
  Value Logic(const Node& node, int64_t decider);
  Value In(const Node& node);
  Value SegmentMembership(const Node& node) const;
  Value AddBound(int node, bool is_since, WindowBounds& bounds);
  Value Query(const Node& node);
  Value EventField(const Node& node);

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
  const bool is_watching_;
  EventTime seen_until_ = kNever;
};

}  // namespace spotter::segment
