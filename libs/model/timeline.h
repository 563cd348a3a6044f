// SPDX-License-Identifier: Apache-2.0
//
// What is known of one customer in one source, in time order.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "model/entity.h"

namespace spotter::model {

inline constexpr Duration kTimelineKeep = Days(400);

// Totals of one fact kind, for life. `first`/`last` are Max()/Min() if there is none.
struct Totals {
  int64_t count = 0;
  EventTime first = EventTime::Max();
  EventTime last = EventTime::Min();
  std::vector<std::pair<uint32_t, int64_t>> sums;  // (currency, minor units), ascending
  void Add(const Fact& fact);
  void Merge(const Totals& other);
  friend bool operator==(const Totals&, const Totals&) = default;
};

// Whatever entered a lifetime total and has left the timeline: enough to stay idempotent for life.
struct RetiredEntity {
  uint64_t id = 0;
  int64_t version = 0;
  friend auto operator<=>(const RetiredEntity&, const RetiredEntity&) = default;
};

// The facts of one kind, ascending by (time, entity).
struct Series {
  FactKind kind;
  std::vector<Fact> facts;
};

// Entities by id and facts by kind and time. Invariant: the facts are exactly FactsOf() of the
// entities. Value type; not thread safe.
class Timeline {
 public:
  const Entity* Find(uint64_t id) const;
  bool IsRetired(uint64_t id) const;
  // Inserts or replaces the entity and its facts. Returns the kinds whose facts changed, ascending.
  std::vector<FactKind> Put(Entity entity);
  // Drops entities whose time and last change lie before `cutoff`, folding lifetime kinds into
  // the retired totals. Member-describing entities (member, membership, ...) are never dropped.
  // Returns what was dropped (for the state hash), usually nothing; then what is derived from the
  // entities has to be rebuilt.
  std::vector<Entity> ExpireBefore(EventTime cutoff);

  std::span<const Fact> Of(FactKind kind) const {  // ascending by time
    return Has(kind) ? Find(kind)->facts : std::span<const Fact>();
  }
  Totals TotalsOf(FactKind kind) const;                           // retired and live
  std::span<const Entity> entities() const { return entities_; }  // ascending by id

  const std::vector<RetiredEntity>& retired() const { return retired_; }
  const std::vector<std::pair<FactKind, Totals>>& retired_totals() const { return retired_totals_; }
  // For decoding a stored timeline.
  void RestoreRetired(std::vector<RetiredEntity> retired,
                      std::vector<std::pair<FactKind, Totals>> totals);
  size_t memory_bytes() const;
  // False: ExpireBefore(cutoff) would drop nothing.
  bool MayExpire(EventTime cutoff) const { return oldest_ < cutoff; }

 private:
  bool Has(FactKind kind) const { return (kinds_ >> static_cast<unsigned>(kind) & 1) != 0; }
  const Series* Find(FactKind kind) const;
  void Insert(const Fact& fact);
  void Remove(const Fact& fact);
  void Retire(const Entity& entity, const std::vector<Fact>& facts);

  std::vector<Entity> entities_;
  std::vector<Series> series_;  // ascending by kind, none empty
  uint64_t kinds_ = 0;          // bit k: there is a series of kind k
  // No droppable entity's last instant lies before it: the usual ExpireBefore looks no further.
  EventTime oldest_ = EventTime::Max();
  std::vector<RetiredEntity> retired_;  // ascending
  std::vector<std::pair<FactKind, Totals>> retired_totals_;
};

}  // namespace spotter::model
