// SPDX-License-Identifier: Apache-2.0
//
// A checked expression as the evaluator walks it: nodes in one array, children before parents.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "segment/calendar.h"
#include "segment/expression.h"
#include "segment/fact_window.h"
#include "segment/functions.h"
#include "segment/pattern.h"
#include "segment/value.h"
#include "segment/workspace.h"

namespace spotter::segment {

enum class Op : uint8_t {
  kConstant,  // constants[index]
  kNow,
  kJourneyEnteredAt,
  kStepEnteredAt,
  kVariable,  // Input::variables[index]
  kLocal,     // of a macro: slot index
  kFailure,   // text: what an unchecked expression got wrong
  kTrait,     // of attribute
  kHasTrait,
  kStatus,
  kLifetimeSpend,
  kTags,
  kHasTags,
  kHasTag,        // child: the tag
  kConsent,       // text: channel, other_text: purpose
  kSegment,       // text: id
  kBucket,        // text: salt
  kZone,          // the name of the member's
  kCount,         // of queries[index]
  kCountCompare,  // the same, binary and number: with what
  kFirst,
  kLast,
  kLastTime,   // the time of kLast, or null
  kFold,       // of folds[index]
  kEventTime,  // child: an event
  kEventAmount,
  kEventField,  // the same, of attribute
  kHasEventField,
  kNot,
  kNegate,
  kUnits,      // child times number milliseconds
  kCalculate,  // binary
  kCompare,    // binary
  kIn,         // first child in the others
  kContains,   // first child in the second, a list or a map
  kAnd,
  kOr,
  kTernary,
  kList,      // children
  kMap,       // children: key, value, key, value …
  kElement,   // child[child]
  kField,     // child, text: the key
  kHasField,  // the same
  kCall,      // calls[index]; children: the arguments
  kMatches,   // child, patterns[index]
  kBind,      // children: value, body; index: slot
  kLoop,      // loops[index]; children: range, filter if it has one, body
};

enum class LoopKind : uint8_t { kAll, kExists, kExistsOne, kList, kMap };

// A macro over the elements of a list or the entries of a map.
struct Loop {
  LoopKind kind = LoopKind::kAll;
  bool has_filter = false;
  // With one variable it is the element of a list or the key of a map; with two they are index
  // and element, or key and value.
  bool has_two = false;
  uint32_t first_slot = 0;
  int64_t steps = 1;  // of one round
};

// .then(kind, within): one of the kind came later, before `within_ms` had passed.
struct NextEvent {
  model::FactKind kind = model::FactKind::unspecified;
  int64_t within_ms = 0;
};

// events(kind) with its window. Bounds that are expressions are computed at evaluation.
struct EventQuery {
  model::FactKind kind = model::FactKind::unspecified;
  WindowBounds bounds;
  int since = -1;  // node; -1: none
  int before = -1;
  std::optional<Calendar> calendar;  // its period around now
  uint32_t zone = 0;                 // node; of the calendar
  std::vector<uint32_t> filters;     // nodes, of the event in `slot`
  std::vector<NextEvent> next;       // what came after the event, one after the other
  int slot = -1;                     // also of a fold's body; -1: nothing looks at the event
  int64_t steps = 1;                 // of the filters, for one event

  bool looks_at_each() const { return !filters.empty() || !next.empty(); }
};

enum class FoldKind : uint8_t { kSumOfAmounts, kSum, kAverage, kLeast, kMost, kDistinct };

// .sum(e, body) and its like.
struct EventFold {
  FoldKind kind = FoldKind::kSum;
  uint32_t query = 0;
  uint32_t body = 0;      // of kSumOfAmounts, which is sum(e, e.amount), none is walked
  int64_t steps = 1;      // of the body, for one event
  Value zero;             // the sum of nothing
  bool is_money = false;  // amounts of two currencies have no sum and no order
};

struct Node {
  Op op = Op::kConstant;
  BinaryOp binary = BinaryOp::kEqual;
  model::AttributeId attribute{};
  uint16_t child_count = 0;
  uint32_t first_child = 0;  // into Code::children
  uint32_t index = 0;
  int64_t number = 0;
  std::string_view text;
  std::string_view other_text;
};

struct Code {
  std::vector<Node> nodes;  // the last is the root
  std::vector<uint32_t> children;
  std::vector<Value> constants;
  std::vector<EventQuery> queries;
  std::vector<EventFold> folds;
  std::vector<std::vector<const Overload*>> calls;  // what the kinds of the arguments choose from
  std::vector<Pattern> patterns;
  std::vector<Loop> loops;
  uint32_t slots = 0;                         // of the variables of macros
  std::deque<std::string> strings;            // what the views above point into; never moves
  std::unique_ptr<Workspace> constant_parts;  // what the constants consist of
  std::string type;                           // of the root, "list(int)"
  Dependencies dependencies;
};

// The value of a node, by the rules of the language; `input.now` must be a real instant. It borrows
// from code, input and workspace.
Value Evaluate(const Code& code, uint32_t node, const Input& input, Workspace& work);

}  // namespace spotter::segment
