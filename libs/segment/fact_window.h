// SPDX-License-Identifier: Apache-2.0
//
// The facts of one kind that stand in a window at an instant, over all records of a member, and
// when that changes. Everything is a function of fact times and `now`: no buckets, no drift.
//
// A window is the intersection of instants [from, to] and ages [near, far]. A fact at x with
// from <= x <= to is in it at exactly the instants [x + near, x + far]: facts enter in the order of
// their times and leave in the same order. So the facts in the window at `now` are a run of each
// record's series, a count falls below K when the K-th newest leaves, and rises to K when the
// (K - count)-th fact after the run enters.
#pragma once

#include <array>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "model/source_record.h"

namespace spotter::segment {

inline constexpr EventTime kNever = EventTime::Max();

// Inclusive milliseconds; the language's half-open windows are turned into these.
struct WindowBounds {
  int64_t from = std::numeric_limits<int64_t>::min();  // instants
  int64_t to = std::numeric_limits<int64_t>::max();
  int64_t near = 0;  // ages; a future fact has a negative one
  int64_t far = std::numeric_limits<int64_t>::max();

  bool is_whole_life() const { return far == std::numeric_limits<int64_t>::max(); }
};

// Kinds whose number, first and last are known for life, so that windows may be open to the past:
// the totals' kinds, and those that describe the member and are never dropped.
bool IsKeptForLife(model::FactKind kind);

struct CountAnswer {
  bool holds = false;
  EventTime valid_until = kNever;
};
// A fact and which of the member's records it stands in.
struct FoundFact {
  const model::Fact* fact = nullptr;  // nullptr: there is none
  uint32_t record = 0;
};
struct FactAnswer {
  bool is_present = false;
  EventTime time;
  FoundFact found;  // none, though present: it has left the timeline
  EventTime valid_until = kNever;
};

// Lives for one evaluation; borrows the member's records.
class FactWindow {
 public:
  FactWindow(const model::MemberView& member, model::FactKind kind, const WindowBounds& bounds,
             EventTime now);

  // The timeline does not reach back far enough to tell; the other answers are then not to be
  // asked for. Holds until valid_until().
  bool is_unknown() const { return is_unknown_; }
  // Until which no answer can change for want of facts older than the timeline.
  EventTime known_until() const { return known_until_; }

  int64_t count() const { return count_; }
  EventTime CountValidUntil() const;  // of the exact number
  CountAnswer CountIsAtLeast(int64_t k) const;
  CountAnswer CountIs(int64_t k) const;
  FactAnswer First() const;
  FactAnswer Last() const;

  // For who looks at each fact. Those that have left the timeline are counted, but not walked.
  int64_t retired() const { return retired_; }
  EventTime EntersAt(FoundFact found) const;  // never, for none
  EventTime LeavesAt(FoundFact found) const;
  // Until when the attributes of all facts in the window are kept, and with `what_follows` whatever
  // came after them; nullopt: they are not.
  std::optional<EventTime> KeptUntil(bool what_follows) const;

 private:
  friend class FactWalk;
  // The window's run in one record: facts[lo, hi) are in, facts[hi...) will enter.
  struct Run {
    std::span<const model::Fact> facts;  // those with from <= time <= to
    size_t lo = 0;
    size_t hi = 0;
    uint32_t record = 0;
  };
  void AddRecord(const model::SourceRecord& record, uint32_t index, model::FactKind kind);
  void AddRetired(const model::SourceRecord& record, model::FactKind kind);
  void DecideWhetherKnown();
  std::span<const Run> runs() const;
  // The k-th (from 1) over all records; none if there are fewer.
  FoundFact Newest(int64_t k) const;  // in the window, latest first
  FoundFact Oldest(int64_t k) const;  // in the window, earliest first
  FoundFact Coming(int64_t k) const;  // still to enter, earliest first

  model::FactKind kind_;
  WindowBounds bounds_;
  EventTime now_;
  int64_t count_ = 0;
  int64_t retired_ = 0;                      // of them, those that have left the timeline
  EventTime life_first_ = EventTime::Max();  // over all facts of the kind, ever
  EventTime life_last_ = EventTime::Min();
  EventTime retired_first_ = EventTime::Max();
  EventTime retired_last_ = EventTime::Min();
  bool is_unknown_ = false;
  EventTime known_until_ = kNever;
  static constexpr size_t kInline = 4;  // records that need no allocation
  std::array<Run, kInline> inline_;
  size_t inline_size_ = 0;
  std::vector<Run> more_;  // all of them, once there are more
};

// The facts of a window one after the other, merged over all records. Few records have many facts,
// so a linear search for the best head is the fastest.
class FactWalk {
 public:
  enum class Order : uint8_t { kNewestFirst, kOldestFirst, kComing };
  FactWalk(const FactWindow& window, Order order);
  FactWalk(const FactWalk&) = delete;
  FactWalk& operator=(const FactWalk&) = delete;

  FoundFact Next();  // none at the end

 private:
  const model::Fact* Head(const FactWindow::Run& run, size_t taken) const;

  const std::span<const FactWindow::Run> runs_;
  const Order order_;
  std::array<size_t, FactWindow::kInline> few_{};  // how many were taken of each run
  std::vector<size_t> many_;                       // the same, once there are more
};

}  // namespace spotter::segment
