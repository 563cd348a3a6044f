// SPDX-License-Identifier: Apache-2.0
//
// What is known of an expression before it is asked of anybody (docs/adr/0038).
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "model/entity.h"
#include "segment/ast.h"

namespace spotter::segment {

// In units of one step, about 50 ns: what one evaluation takes at most, lists and events at the
// sizes below.
inline constexpr int64_t kCostMax = 1'000'000;
inline constexpr int64_t kEventsAssumed = 1'000;  // of one kind, that a filter looks at
inline constexpr int64_t kItemsAssumed = 100;     // of a list or map that is not written out
// Wakes of one member a day by time alone; one in 30 seconds.
inline constexpr int64_t kWakesPerDayMax = 2'880;

// What an expression needs of the facts of one kind.
struct KindNeeds {
  model::FactKind kind = model::FactKind::unspecified;
  Duration retention{0};  // its largest window; Duration::max(): as long as they are kept
  // It asks for no more than this many of the newest; nullopt: for all.
  std::optional<int64_t> newest;
};

struct Analysis {
  int64_t cost = 0;
  int64_t wakes_per_day = 0;
  std::vector<KindNeeds> kinds;  // ascending by kind
  Position costly;               // the innermost part that is over kCostMax, or the whole
  Position restless;             // likewise over kWakesPerDayMax
};
Analysis Analyze(const Ast& ast);

// InvalidArgument for what Compile() takes but is not to be installed: "costs up to 3000000 units
// at 1:7, at most 1000000 are allowed".
Status CheckLimits(const Analysis& analysis);
// Of a text that compiles.
Status CheckLimits(std::string_view expression);

}  // namespace spotter::segment
