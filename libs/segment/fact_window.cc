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

FoundFact Kth(const FactWindow& window, FactWalk::Order order, int64_t k) {
  FactWalk walk(window, order);
  FoundFact found;
  for (; k > 0; --k) {
    found = walk.Next();
    if (found.fact == nullptr) break;
  }
  return found;
}

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
    : kind_(kind), bounds_(bounds), now_(now) {
  uint32_t index = 0;
  for (const SourceRecord* record : member.records) AddRecord(*record, index++, kind);
  if (!bounds_.is_whole_life()) return;
  for (const SourceRecord* record : member.records) AddRetired(*record, kind);
  DecideWhetherKnown();
}

void FactWindow::AddRecord(const SourceRecord& record, uint32_t index, FactKind kind) {
  std::span<const Fact> facts = record.timeline.Of(kind);
  if (facts.empty()) return;
  life_first_ = std::min(life_first_, facts.front().time);
  life_last_ = std::max(life_last_, facts.back().time);
  facts = facts.first(IndexAfter(facts, bounds_.to));
  facts = facts.subspan(IndexFrom(facts, bounds_.from));
  // An empty window keeps no facts, so that none is said to enter.
  if (bounds_.near > bounds_.far) facts = {};
  Run run{.facts = facts, .record = index};
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

EventTime FactWindow::EntersAt(FoundFact found) const {
  return found.fact == nullptr ? kNever : EventTime{Plus(found.fact->time.ms, bounds_.near)};
}
EventTime FactWindow::LeavesAt(FoundFact found) const {
  if (found.fact == nullptr || bounds_.is_whole_life()) return kNever;
  return {Plus(Plus(found.fact->time.ms, bounds_.far), 1)};
}

std::optional<EventTime> FactWindow::KeptUntil(bool what_follows) const {
  if (!bounds_.is_whole_life()) return kNever;
  if (!model::IsLifetime(kind_) && !what_follows) return kNever;
  const FoundFact oldest = Oldest(1);
  if (retired_ > 0) return std::nullopt;
  if (oldest.fact == nullptr) return kNever;
  const EventTime kept_until = oldest.fact->time + model::kTimelineKeep;
  if (now_ > kept_until) return std::nullopt;
  return kept_until + Duration(1);
}

// One record is usual, and the k-th of one run is at hand.
FoundFact FactWindow::Newest(int64_t k) const {
  if (runs().size() != 1) return Kth(*this, FactWalk::Order::kNewestFirst, k);
  const Run& run = runs()[0];
  if (k < 1 || static_cast<size_t>(k) > run.hi - run.lo) return {};
  return {&run.facts[run.hi - static_cast<size_t>(k)], run.record};
}
FoundFact FactWindow::Oldest(int64_t k) const {
  if (runs().size() != 1) return Kth(*this, FactWalk::Order::kOldestFirst, k);
  const Run& run = runs()[0];
  if (k < 1 || static_cast<size_t>(k) > run.hi - run.lo) return {};
  return {&run.facts[run.lo + static_cast<size_t>(k) - 1], run.record};
}
FoundFact FactWindow::Coming(int64_t k) const {
  if (runs().size() != 1) return Kth(*this, FactWalk::Order::kComing, k);
  const Run& run = runs()[0];
  if (k < 1 || static_cast<size_t>(k) > run.facts.size() - run.hi) return {};
  return {&run.facts[run.hi + static_cast<size_t>(k) - 1], run.record};
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
  const FoundFact oldest = Oldest(1);
  if (retired_ > 0 && (oldest.fact == nullptr || retired_first_ <= oldest.fact->time)) {
    return {.is_present = true, .time = retired_first_, .valid_until = known_until_};
  }
  return {.is_present = true,
          .time = oldest.fact->time,
          .found = oldest,
          .valid_until = std::min(known_until_, LeavesAt(oldest))};
}

FactAnswer FactWindow::Last() const {
  if (count_ == 0) return {.valid_until = CountValidUntil()};
  const EventTime replaced_at = std::min(known_until_, EntersAt(Coming(1)));
  const FoundFact newest = Newest(1);
  if (retired_ > 0 && (newest.fact == nullptr || retired_last_ > newest.fact->time)) {
    return {.is_present = true, .time = retired_last_, .valid_until = replaced_at};
  }
  return {.is_present = true,
          .time = newest.fact->time,
          .found = newest,
          .valid_until = std::min(replaced_at, LeavesAt(newest))};
}

FactWalk::FactWalk(const FactWindow& window, Order order) : runs_(window.runs()), order_(order) {
  if (runs_.size() > few_.size()) many_.resize(runs_.size());
}

const Fact* FactWalk::Head(const FactWindow::Run& run, size_t taken) const {
  switch (order_) {
    case Order::kNewestFirst:
      return run.lo + taken < run.hi ? &run.facts[run.hi - 1 - taken] : nullptr;
    case Order::kOldestFirst:
      return run.lo + taken < run.hi ? &run.facts[run.lo + taken] : nullptr;
    case Order::kComing:
      break;
  }
  return run.hi + taken < run.facts.size() ? &run.facts[run.hi + taken] : nullptr;
}

FoundFact FactWalk::Next() {
  const std::span<size_t> taken = many_.empty() ? std::span<size_t>(few_) : std::span(many_);
  FoundFact best;
  size_t from = 0;
  for (size_t i = 0; i < runs_.size(); ++i) {
    const Fact* const candidate = Head(runs_[i], taken[i]);
    if (candidate == nullptr) continue;
    const bool is_better =
        best.fact == nullptr ||
        (order_ == Order::kNewestFirst ? *best.fact < *candidate : *candidate < *best.fact);
    if (!is_better) continue;
    best = {candidate, runs_[i].record};
    from = i;
  }
  if (best.fact != nullptr) ++taken[from];
  return best;
}

}  // namespace spotter::segment
