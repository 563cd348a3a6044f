// SPDX-License-Identifier: Apache-2.0
//
// .sum(e, x) and its like over the events of a window that pass. What they answer holds until one
// of those events leaves or another comes: of the least and the greatest, until the last event that
// has it leaves; of different ones, until the last of one of them does. Events are taken newest
// first, so a sum of doubles is the same on every replica.
#include <algorithm>

#include "segment/evaluator.h"

namespace spotter::segment {
namespace {

constexpr std::string_view kSeveralCurrencies = "the events are in several currencies";

// Folds one value after the other, each with the instant until which its event is there.
class Folding {
 public:
  Folding(const EventFold& fold, std::span<Value> room, EventTime now, Workspace& work)
      : fold_(fold), result_(fold.zero), room_(room), now_(now), work_(work) {}

  void Add(const Value& value, EventTime until) {
    if (value.is_error() || value.slope != 0) {
      error_ = value.is_error() ? value.text : "what is folded moves with now";
      error_until_ = std::min({error_until_, until, value.valid_until});
      is_error_ = true;
      return;
    }
    moves_at_ = std::min(moves_at_, value.valid_until);
    all_until_ = std::min(all_until_, until);
    switch (fold_.kind) {
      case FoldKind::kSumOfAmounts:
      case FoldKind::kSum:
      case FoldKind::kAverage:
        result_ = count_ == 0 ? value : Calculate(BinaryOp::kAdd, result_, value, now_, work_);
        break;
      case FoldKind::kLeast:
      case FoldKind::kMost:
        AddExtreme(value, until);
        break;
      case FoldKind::kDistinct:
        AddDistinct(value, until);
    }
    ++count_;
  }
  void AddCurrency(const model::Fact& fact) {
    if (fact.amount_minor == 0) return;
    is_mixed_ = is_mixed_ || (currency_ != 0 && currency_ != fact.currency);
    currency_ = fact.currency;
  }

  // `until`: when other events come.
  Value Take(EventTime until) const {
    until = std::min(until, moves_at_);
    if (is_error_) return ErrorValue(error_, std::min(until, error_until_));
    if (is_mixed_) return ErrorValue(kSeveralCurrencies, std::min(until, all_until_));
    if (fold_.kind == FoldKind::kDistinct) return Distinct(until);
    if (count_ == 0)
      return fold_.kind == FoldKind::kSum ? Holding(result_, until) : NullValue(until);
    if (fold_.kind == FoldKind::kAverage) return Holding(Average(), std::min(until, all_until_));
    const bool is_extreme = fold_.kind == FoldKind::kLeast || fold_.kind == FoldKind::kMost;
    return Holding(result_, std::min(until, is_extreme ? best_until_ : all_until_));
  }

 private:
  static Value Holding(Value value, EventTime until) {
    value.valid_until = until;
    return value;
  }
  void AddExtreme(const Value& value, EventTime until) {
    const BinaryOp op = fold_.kind == FoldKind::kLeast ? BinaryOp::kLess : BinaryOp::kGreater;
    if (count_ == 0 || Compare(op, value, result_, now_, work_).is_true()) {
      result_ = value;
      best_until_ = until;
    } else if (Compare(BinaryOp::kEqual, value, result_, now_, work_).is_true()) {
      best_until_ = std::max(best_until_, until);
    }
  }
  void AddDistinct(const Value& value, EventTime until) {
    for (Value& known : room_.first(distinct_)) {
      if (!work_.Spend(1)) return;
      if (!Compare(BinaryOp::kEqual, known, value, now_, work_).is_true()) continue;
      known.valid_until = std::max(known.valid_until, until);
      return;
    }
    if (distinct_ >= room_.size()) return;  // over the bound
    room_[distinct_] = value;
    room_[distinct_++].valid_until = until;
  }
  Value Distinct(EventTime until) const {
    for (const Value& known : room_.first(distinct_)) until = std::min(until, known.valid_until);
    return IntValue(static_cast<int64_t>(distinct_), until);
  }
  Value Average() const {
    if (result_.is_error()) return result_;
    const double sum = result_.kind == ValueKind::kDouble ? result_.real
                       : result_.kind == ValueKind::kUint ? static_cast<double>(result_.magnitude())
                                                          : static_cast<double>(result_.number);
    return DoubleValue(sum / static_cast<double>(count_));
  }

  const EventFold& fold_;
  Value result_;
  std::span<Value> room_;  // for different values
  EventTime now_;
  Workspace& work_;
  int64_t count_ = 0;
  size_t distinct_ = 0;
  EventTime all_until_ = kNever;    // all events are there
  EventTime best_until_ = kNever;   // one of those with the least or greatest value is
  EventTime error_until_ = kNever;  // all those with an error are
  EventTime moves_at_ = kNever;     // one of the values does
  uint32_t currency_ = 0;
  bool is_mixed_ = false;
  bool is_error_ = false;
  std::string_view error_;
};

}  // namespace

Value Evaluator::FoldWindow(const EventFold& fold, const EventQuery& query,
                            const FactWindow& window) {
  if (fold.kind == FoldKind::kSumOfAmounts) return SumOfAmounts(query, window);
  const std::optional<EventTime> kept_until = window.KeptUntil(!query.next.empty());
  if (!kept_until) return ErrorValue("the window reaches back over 400 days");
  std::span<Value> room;
  if (fold.kind == FoldKind::kDistinct) {
    room = work_.NewValues(static_cast<size_t>(window.count()));
  }
  Folding folding(fold, room, now(), work_);
  const EventTime comes = EachPassing(query, window, [&](FoundFact found, EventTime until) {
    if (!work_.Spend(fold.steps)) return;
    folding.Add(Part(fold.body), until);
    if (fold.is_money) folding.AddCurrency(*found.fact);
  });
  SeeWindow(window);
  return folding.Take(std::min({comes, *kept_until, window.known_until()}));
}

// The ledger's: no filter and no attribute, so that it can be asked for life.
Value Evaluator::SumOfAmounts(const EventQuery& query, const FactWindow& window) {
  const EventTime until = window.CountValidUntil();
  int64_t sum = 0;
  uint32_t currency = 0;
  bool is_mixed = false;
  bool is_overflow = false;
  const auto add = [&](uint32_t code, int64_t amount) {
    if (amount == 0) return;
    is_mixed = is_mixed || (currency != 0 && code != currency);
    currency = code;
    is_overflow = is_overflow || __builtin_add_overflow(sum, amount, &sum);
  };
  FactWalk walk(window, FactWalk::Order::kNewestFirst);
  for (FoundFact found = walk.Next(); found.fact != nullptr; found = walk.Next()) {
    add(found.fact->currency, found.fact->amount_minor);
  }
  if (window.retired() > 0) {
    for (const model::SourceRecord* record : input_.member.records) {
      for (const auto& [kind, totals] : record->timeline.retired_totals()) {
        if (kind != query.kind) continue;
        for (const auto& [code, amount] : totals.sums) add(code, amount);
      }
    }
  }
  if (is_mixed) return ErrorValue(kSeveralCurrencies, until);
  if (is_overflow) return ErrorValue(kOverflow, until);
  return IntValue(sum, until);
}

}  // namespace spotter::segment
