// SPDX-License-Identifier: Apache-2.0
#include "segment/names.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "model/attribute.h"
#include "model/entity.h"

namespace spotter::segment {
namespace {

// Of the language to come; a reader of its plans may try them.
constexpr std::string_view kNotYet[] = {"trigger"};
static_assert(std::ranges::is_sorted(kNotYet));

// Of CEL's other extensions; out by decision.
constexpr std::string_view kOut[] = {"cel.block", "cidr",          "ip",          "ip.isCanonical",
                                     "isCIDR",    "isIP",          "lists.range", "optFlatMap",
                                     "optMap",    "optional.none", "optional.of", "sets.contains"};
static_assert(std::ranges::is_sorted(kOut));

// Levenshtein's distance, with swaps of neighbours counted once (optimal string alignment).
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1);
  std::vector<size_t> previous(b.size() + 1);
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    before = std::exchange(previous, row);
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({previous[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
  }
  return row[b.size()];
}

}  // namespace

std::string Suggestion(std::string_view name, std::span<const std::string_view> candidates) {
  constexpr size_t kLongestName = 64;
  if (name.empty() || name.size() > kLongestName) return "";
  std::string_view best;
  size_t best_distance = std::max<size_t>(1, name.size() / 3) + 1;
  for (const std::string_view candidate : candidates) {
    const size_t distance = Distance(name, candidate);
    if (distance >= best_distance) continue;
    best = candidate;
    best_distance = distance;
  }
  return best.empty() ? "" : fmt::format("did you mean '{}'?", best);
}

Status UnknownName(std::string_view what, std::string_view name, Position position,
                   std::span<const std::string_view> candidates) {
  if (std::ranges::binary_search(kNotYet, name)) {
    return ErrorAt(position, fmt::format("'{}' is not in the language yet", name));
  }
  if (std::ranges::binary_search(kOut, name)) {
    return ErrorAt(position, fmt::format("'{}' is not in the language", name));
  }
  std::string hint = Suggestion(name, candidates);
  if (hint.empty() && candidates.size() <= 8) {
    hint = fmt::format("expected one of {}", fmt::join(candidates, ", "));
  }
  return ErrorAt(position, fmt::format("unknown {} '{}'", what, name), hint);
}

std::span<const std::string_view> RootNames() {
  static constexpr std::string_view kNames[] = {"journey", "member", "now", "step"};
  return kNames;
}

std::span<const std::string_view> RootFunctionNames() {
  static constexpr std::string_view kNames[] = {"bucket", "consent", "days",    "events", "has",
                                                "hours",  "minutes", "segment", "weeks"};
  return kNames;
}

std::span<const std::string_view> WindowNames() {
  static constexpr std::string_view kNames[] = {
      "avg",      "before", "between", "calendarMonth", "calendarWeek", "count",
      "distinct", "exists", "filter",  "first",         "last",         "max",
      "min",      "since",  "sum",     "then",          "within"};
  return kNames;
}

bool IsReducerName(std::string_view name) {
  static constexpr std::string_view kNames[] = {"avg",  "count", "distinct", "exists", "first",
                                                "last", "max",   "min",      "sum"};
  return std::ranges::find(kNames, name) != std::end(kNames);
}

std::span<const std::string_view> MacroAndWindowNames() {
  static constexpr std::string_view kNames[] = {
      "all",   "avg",      "before",        "between",      "calendarMonth", "calendarWeek",
      "count", "distinct", "exists",        "existsOne",    "exists_one",    "filter",
      "first", "last",     "map",           "max",          "min",           "since",
      "sum",   "then",     "transformList", "transformMap", "within"};
  return kNames;
}

int64_t UnitOf(std::string_view function) {
  constexpr int64_t kMinuteMs = 60 * 1000;
  if (function == "minutes") return kMinuteMs;
  if (function == "hours") return 60 * kMinuteMs;
  if (function == "weeks") return 7 * 24 * 60 * kMinuteMs;
  return function == "days" ? 24 * 60 * kMinuteMs : 0;
}

std::span<const std::string_view> FactKindNames() {
#define X(number, name) #name,
  static constexpr std::string_view kNames[] = {SPOTTER_FACT_KINDS(X)};
#undef X
  return kNames;
}

std::span<const std::string_view> MemberNames() {
  static const std::vector<std::string_view> kNames = [] {
    std::vector<std::string_view> names = {"status",          "lifetime_spend",
                                           "total_bookings",  "avg_classes_per_month",
                                           "last_visit_date", "tags"};
    for (const model::AttributeInfo& info : model::AllAttributes()) {
      if (info.is_trait) names.push_back(info.name);
    }
    return names;
  }();
  return kNames;
}

// The amount is that of the fact, with the sign it counts with; the source's goes by no other name.
std::span<const std::string_view> EventFieldNames() {
  static const std::vector<std::string_view> kNames = [] {
    std::vector<std::string_view> names = {"amount", "time"};
    for (const model::AttributeInfo& info : model::AllAttributes()) {
      if (info.id != model::AttributeId::amount_minor) names.push_back(info.name);
    }
    return names;
  }();
  return kNames;
}

std::span<const std::string_view> ChannelNames() {
  static constexpr std::array<std::string_view, 5> kNames = {"email", "sms", "push", "task",
                                                             "in_app"};
  return kNames;
}

}  // namespace spotter::segment
