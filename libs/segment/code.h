// SPDX-License-Identifier: Apache-2.0
//
// A checked expression as the evaluator walks it: nodes in one array, children before parents.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "segment/expression.h"
#include "segment/fact_window.h"
#include "segment/value.h"

namespace spotter::segment {

enum class Op : uint8_t {
  kConstant,  // constants[index]
  kNow,
  kJourneyEnteredAt,
  kStepEnteredAt,
  kTrait,  // of attribute
  kHasTrait,
  kStatus,
  kLifetimeSpend,
  kHasTags,
  kHasTag,        // child: the tag
  kConsent,       // text: channel, other_text: purpose
  kSegment,       // text: id
  kBucket,        // text: salt
  kCount,         // of queries[index]
  kCountCompare,  // the same, binary and number: with what
  kFirst,
  kLast,
  kLastTime,   // the time of kLast, or null
  kEventTime,  // child: an event
  kEventAmount,
  kNot,
  kNegate,
  kUnits,      // child times number milliseconds
  kCalculate,  // binary
  kCompare,    // binary
  kIn,         // first child in the others
  kAnd,
  kOr,
  kTernary,
};

// events(kind) with its window. Bounds that are expressions are computed at evaluation.
struct EventQuery {
  model::FactKind kind = model::FactKind::unspecified;
  WindowBounds bounds;
  int since = -1;  // node; -1: none
  int before = -1;
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
  std::deque<std::string> strings;  // what the views above point into; never moves
  Dependencies dependencies;
};

// The value of a node, by the rules of the language; `input.now` must be a real instant.
Value Evaluate(const Code& code, uint32_t node, const Input& input);

}  // namespace spotter::segment
