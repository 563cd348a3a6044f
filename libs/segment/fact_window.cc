// SPDX-License-Identifier: Apache-2.0
#include "segment/fact_window.h"

#include <algorithm>

#include "base/assert.h"

namespace spotter::segment {
namespace {

using model::Fact;
using model::FactKind;
using model::SourceRecord;

// a - b and a + b, where the ends of the range mean "without bound".
int64_t Minus(int64_t a, int64_t b) {
  int64_t result = 0;
  if (!__builtin_sub_overflow(a, b, &result)) return result;
  return b > 0 ? std::numeric_limits<int64_t>::min() : std::numeric_limits<int64_t>::max();
}
int64_t Plus(int64_t a, int64_t b) {
  int64_t result = 0;
  if (!__builtin_add_overflow(a, b, &result)) return result;
  return b > 0 ? std::numeric_limits<int64_t>::max() : std::numeric_limits<int64_t>::min();
}

// The first index whose time is at or after `time`. Most windows end at the newest facts or begin
// before the oldest, so both ends are tried first.
size_t IndexFrom(std::span<const Fact> facts, int64_t time) {
  if (facts.empty() || facts.front().time.ms >= time) return 0;
  if (facts.back().time.ms < time) return facts.size();
  const auto at = std::lower_bound(facts.begin(), facts.end(), time,
                                   [](const Fact& fact, int64_t t) { return fact.time.ms < t; });
  return static_cast<size_t>(at - facts.begin());
}
size_t IndexAfter(std::span<const Fact> facts, int64_t time) {
  return time == std::numeric_limits<int64_t>::max() ? facts.size() : IndexFrom(facts, time + 1);
}

// The k-th of several ascending (or descending) sequences by merging; cursors advance by `next`.
// Few records have many facts, so a linear search for the best head is the fastest.
template <typename Run, typename Head, typename Better>
const Fact* MergeKth(std::span<const Run> runs, int64_t k, Head head, Better better) {
  if (runs.size() == 1) return k > 0 ? head(runs[0], static_cast<size_t>(k - 1)) : nullptr;
  constexpr size_t kInlineCursors = 8;
  std::array<size_t, kInlineCursors> few{};
  std::vector<size_t> many(runs.size() > kInlineCursors ? runs.size() : 0);
  const std::span<size_t> taken = many.empty() ? std::span<size_t>(few) : std::span<size_t>(many);
  const Fact* best = nullptr;
  for (; k > 0; --k) {
    best = nullptr;
    size_t from = 0;
    for (size_t i = 0; i < runs.size(); ++i) {
      const Fact* candidate = head(runs[i], taken[i]);
      if (candidate == nullptr || (best != nullptr && !better(*candidate, *best))) continue;
      best = candidate;
      from = i;
    }
    if (best == nullptr) return nullptr;
    ++taken[from];
  }
  return best;
}

bool IsEarlier(const Fact& a, const Fact& b) { return a < b; }
bool IsLater(const Fact& a, const Fact& b) { return b < a; }

}  // namespace

bool IsKeptForLife(FactKind kind) {
  switch (kind) {
    case FactKind::signup:
    case FactKind::membership:
    case FactKind::payment_method:
    case FactKind::session_pack:
    case FactKind::intake_form:
    case FactKind::block:
    case FactKind::goal:
    case FactKind::consent:
    case FactKind::tag:
    case FactKind::lead:
    case FactKind::referral:
      return true;
    default:
      return model::IsLifetime(kind);
  }
}

FactWindow::FactWindow(const model::MemberView& member, FactKind kind, const WindowBounds& bounds,
                       EventTime now)
    : bounds_(bounds), now_(now) {
  for (const SourceRecord* record : member.records) AddRecord(*record, kind);
  if (!bounds_.is_whole_life()) return;
  for (const SourceRecord* record : member.records) AddRetired(*record, kind);
  DecideWhetherKnown();
}

void FactWindow::AddRecord(const SourceRecord& record, FactKind kind) {
  std::span<const Fact> facts = record.timeline.Of(kind);
  if (facts.empty()) return;
  life_first_ = std::min(life_first_, facts.front().time);
  life_last_ = std::max(life_last_, facts.back().time);
  facts = facts.first(IndexAfter(facts, bounds_.to));
  facts = facts.subspan(IndexFrom(facts, bounds_.from));
  // An empty window keeps no facts, so that none is said to enter.
  if (bounds_.near > bounds_.far) facts = {};
  Run run{.facts = facts};
  run.lo = IndexFrom(facts, Minus(now_.ms, bounds_.far));
  run.hi = std::max(run.lo, IndexAfter(facts, Minus(now_.ms, bounds_.near)));
  count_ += static_cast<int64_t>(run.hi - run.lo);
  if (more_.empty() && inline_size_ < kInline) {
    inline_[inline_size_++] = run;
    return;
  }
  if (more_.empty()) more_.assign(inline_.begin(), inline_.end());
  more_.push_back(run);
}

void FactWindow::AddRetired(const SourceRecord& record, FactKind kind) {
  for (const auto& [retired_kind, totals] : record.timeline.retired_totals()) {
    if (retired_kind != kind || totals.count == 0) continue;
    retired_ += totals.count;
    retired_first_ = std::min(retired_first_, totals.first);
    retired_last_ = std::max(retired_last_, totals.last);
  }
  life_first_ = std::min(life_first_, retired_first_);
  life_last_ = std::max(life_last_, retired_last_);
}

// Which facts older than kTimelineKeep are still at hand depends on when they were dropped, so an
// answer may rest only on facts younger than that and on the totals. A bound that lies further
// back is told by the totals if all facts lie on one side of it; otherwise the answer is unknown.
void FactWindow::DecideWhetherKnown() {
  const int64_t edge = (now_ - model::kTimelineKeep).ms;
  const bool takes_all_old = bounds_.from <= life_first_.ms;
  if (!takes_all_old) {
    const EventTime reach = EventTime{bounds_.from} + model::kTimelineKeep;
    is_unknown_ = bounds_.from < edge;
    if (!is_unknown_) known_until_ = reach + Duration(1);
  }
  if (bounds_.to < life_last_.ms) {
    const EventTime reach = EventTime{bounds_.to} + model::kTimelineKeep;
    if (now_ > reach) is_unknown_ = true;
    if (now_ <= reach) known_until_ = std::min(known_until_, reach + Duration(1));
  }
  if (!is_unknown_ && Minus(now_.ms, bounds_.near) < edge &&
      Minus(now_.ms, bounds_.near) < life_last_.ms) {
    is_unknown_ = true;
    known_until_ = {Plus(life_last_.ms, bounds_.near)};
  }
  if (!takes_all_old) retired_ = 0;
  count_ += retired_;
}

std::span<const FactWindow::Run> FactWindow::runs() const {
  if (!more_.empty()) return more_;
  return std::span<const Run>(inline_).first(inline_size_);
}

EventTime FactWindow::EntersAt(const Fact* fact) const {
  return fact == nullptr ? kNever : EventTime{Plus(fact->time.ms, bounds_.near)};
}
EventTime FactWindow::LeavesAt(const Fact* fact) const {
  if (fact == nullptr || bounds_.is_whole_life()) return kNever;
  return {Plus(Plus(fact->time.ms, bounds_.far), 1)};
}

const Fact* FactWindow::Newest(int64_t k) const {
  return MergeKth(
      runs(), k,
      [](const Run& run, size_t taken) {
        return run.lo + taken < run.hi ? &run.facts[run.hi - 1 - taken] : nullptr;
      },
      IsLater);
}
const Fact* FactWindow::Oldest(int64_t k) const {
  return MergeKth(
      runs(), k,
      [](const Run& run, size_t taken) {
        return run.lo + taken < run.hi ? &run.facts[run.lo + taken] : nullptr;
      },
      IsEarlier);
}
const Fact* FactWindow::Coming(int64_t k) const {
  return MergeKth(
      runs(), k,
      [](const Run& run, size_t taken) {
        return run.hi + taken < run.facts.size() ? &run.facts[run.hi + taken] : nullptr;
      },
      IsEarlier);
}

EventTime FactWindow::CountValidUntil() const {
  return std::min({known_until_, EntersAt(Coming(1)), LeavesAt(Oldest(1))});
}

CountAnswer FactWindow::CountIsAtLeast(int64_t k) const {
  if (k <= 0) return {true, known_until_};
  if (count_ < k) return {false, std::min(known_until_, EntersAt(Coming(k - count_)))};
  // Those that have left the timeline never leave a window without a far end.
  return {true, std::min(known_until_, k > retired_ ? LeavesAt(Newest(k - retired_)) : kNever)};
}

CountAnswer FactWindow::CountIs(int64_t k) const {
  if (k < 0) return {false, known_until_};
  if (count_ == k) return {true, CountValidUntil()};
  if (count_ < k) return {false, std::min(known_until_, EntersAt(Coming(k - count_)))};
  return {false, std::min(known_until_, LeavesAt(Oldest(count_ - k)))};
}

FactAnswer FactWindow::First() const {
  if (count_ == 0) return {.valid_until = CountValidUntil()};
  const Fact* oldest = Oldest(1);
  if (retired_ > 0 && (oldest == nullptr || retired_first_ <= oldest->time)) {
    return {.is_present = true, .time = retired_first_, .valid_until = known_until_};
  }
  return {.is_present = true,
          .time = oldest->time,
          .amount_minor = oldest->amount_minor,
          .valid_until = std::min(known_until_, LeavesAt(oldest))};
}

FactAnswer FactWindow::Last() const {
  if (count_ == 0) return {.valid_until = CountValidUntil()};
  const EventTime replaced_at = std::min(known_until_, EntersAt(Coming(1)));
  const Fact* newest = Newest(1);
  if (retired_ > 0 && (newest == nullptr || retired_last_ > newest->time)) {
    return {.is_present = true, .time = retired_last_, .valid_until = replaced_at};
  }
  return {.is_present = true,
          .time = newest->time,
          .amount_minor = newest->amount_minor,
          .valid_until = std::min(replaced_at, LeavesAt(newest))};
}

}  // namespace spotter::segment
