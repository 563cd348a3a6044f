// SPDX-License-Identifier: Apache-2.0
#include "model/timeline.h"

#include <algorithm>

#include "base/assert.h"

namespace spotter::model {
namespace {

constexpr size_t kFactsPerEntity = 3;

bool HasSmallerId(const Entity& entity, uint64_t id) { return entity.id < id; }
bool HasSmallerKind(const Series& series, FactKind kind) { return series.kind < kind; }

std::vector<Fact> FactsFrom(const Entity& entity) {
  std::vector<Fact> facts;
  facts.reserve(kFactsPerEntity);
  FactsOf(entity, facts);
  return facts;
}

// The instant at which nothing about the entity is younger.
EventTime LastInstant(const Entity& entity, const std::vector<Fact>& facts) {
  EventTime last = std::max(entity.time, entity.changed_at);
  for (const Fact& fact : facts) last = std::max(last, fact.time);
  return last;
}

Totals& TotalsIn(std::vector<std::pair<FactKind, Totals>>& totals, FactKind kind) {
  const auto at =
      std::lower_bound(totals.begin(), totals.end(), kind,
                       [](const auto& entry, FactKind wanted) { return entry.first < wanted; });
  if (at != totals.end() && at->first == kind) return at->second;
  return totals.insert(at, {kind, {}})->second;
}

// Absurd amounts wrap rather than stop the shard; so the sum depends on no order.
int64_t WrappingSum(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}

void AddAmount(uint32_t currency, int64_t amount, std::vector<std::pair<uint32_t, int64_t>>& sums) {
  const auto at =
      std::lower_bound(sums.begin(), sums.end(), currency,
                       [](const auto& sum, uint32_t wanted) { return sum.first < wanted; });
  if (at != sums.end() && at->first == currency) {
    at->second = WrappingSum(at->second, amount);
  } else {
    sums.insert(at, {currency, amount});
  }
}

}  // namespace

void Totals::Add(const Fact& fact) {
  ++count;
  first = std::min(first, fact.time);
  last = std::max(last, fact.time);
  if (fact.amount_minor != 0) AddAmount(fact.currency, fact.amount_minor, sums);
}

void Totals::Merge(const Totals& other) {
  count += other.count;
  first = std::min(first, other.first);
  last = std::max(last, other.last);
  for (const auto& [currency, amount] : other.sums) AddAmount(currency, amount, sums);
}

const Entity* Timeline::Find(uint64_t id) const {
  const auto at = std::lower_bound(entities_.begin(), entities_.end(), id, HasSmallerId);
  return at != entities_.end() && at->id == id ? &*at : nullptr;
}

bool Timeline::IsRetired(uint64_t id) const {
  const auto at = std::lower_bound(
      retired_.begin(), retired_.end(), id,
      [](const RetiredEntity& retired, uint64_t wanted) { return retired.id < wanted; });
  return at != retired_.end() && at->id == id;
}

std::vector<FactKind> Timeline::Put(Entity entity) {
  const std::vector<Fact> facts = FactsFrom(entity);
  if (!IsLasting(entity.type)) oldest_ = std::min(oldest_, LastInstant(entity, facts));
  const auto at = std::lower_bound(entities_.begin(), entities_.end(), entity.id, HasSmallerId);
  std::vector<Fact> before;
  if (at == entities_.end() || at->id != entity.id) {
    entities_.insert(at, std::move(entity));
  } else {
    before = FactsFrom(*at);
    *at = std::move(entity);
  }
  std::vector<FactKind> changed;
  for (const Fact& fact : before) {
    if (std::find(facts.begin(), facts.end(), fact) != facts.end()) continue;
    Remove(fact);
    changed.push_back(fact.kind);
  }
  for (const Fact& fact : facts) {
    if (std::find(before.begin(), before.end(), fact) != before.end()) continue;
    Insert(fact);
    changed.push_back(fact.kind);
  }
  std::sort(changed.begin(), changed.end());
  changed.erase(std::unique(changed.begin(), changed.end()), changed.end());
  return changed;
}

std::vector<Entity> Timeline::ExpireBefore(EventTime cutoff) {
  std::vector<Entity> dropped;
  if (oldest_ >= cutoff) return dropped;
  oldest_ = EventTime::Max();
  auto kept = entities_.begin();
  for (auto at = entities_.begin(); at != entities_.end(); ++at) {
    const std::vector<Fact> facts = FactsFrom(*at);
    const EventTime last = LastInstant(*at, facts);
    if (!IsLasting(at->type) && last < cutoff) {
      Retire(*at, facts);
      dropped.push_back(std::move(*at));
      continue;
    }
    if (!IsLasting(at->type)) oldest_ = std::min(oldest_, last);
    if (kept != at) *kept = std::move(*at);
    ++kept;
  }
  entities_.erase(kept, entities_.end());
  return dropped;
}

void Timeline::Retire(const Entity& entity, const std::vector<Fact>& facts) {
  bool counts_for_life = false;
  for (const Fact& fact : facts) {
    Remove(fact);
    if (!IsLifetime(fact.kind)) continue;
    TotalsIn(retired_totals_, fact.kind).Add(fact);
    counts_for_life = true;
  }
  if (!counts_for_life) return;
  const RetiredEntity retired{entity.id, entity.version};
  retired_.insert(std::lower_bound(retired_.begin(), retired_.end(), retired), retired);
}

const Series* Timeline::Find(FactKind kind) const {
  return &*std::lower_bound(series_.begin(), series_.end(), kind, HasSmallerKind);
}

void Timeline::Insert(const Fact& fact) {
  auto at = std::lower_bound(series_.begin(), series_.end(), fact.kind, HasSmallerKind);
  if (!Has(fact.kind)) at = series_.insert(at, {fact.kind, {}});
  kinds_ |= uint64_t{1} << static_cast<unsigned>(fact.kind);
  std::vector<Fact>& facts = at->facts;
  if (facts.empty() || facts.back() < fact) {
    facts.push_back(fact);
  } else {
    facts.insert(std::lower_bound(facts.begin(), facts.end(), fact), fact);
  }
}

void Timeline::Remove(const Fact& fact) {
  Assert(Has(fact.kind), "every fact of an entity is in its series");
  const auto at = std::lower_bound(series_.begin(), series_.end(), fact.kind, HasSmallerKind);
  const auto found = std::lower_bound(at->facts.begin(), at->facts.end(), fact);
  Assert(found != at->facts.end() && *found == fact, "every fact of an entity is in its series");
  at->facts.erase(found);
  if (!at->facts.empty()) return;
  series_.erase(at);
  kinds_ &= ~(uint64_t{1} << static_cast<unsigned>(fact.kind));
}

Totals Timeline::TotalsOf(FactKind kind) const {
  Totals totals;
  for (const auto& [retired_kind, retired] : retired_totals_) {
    if (retired_kind == kind) totals = retired;
  }
  for (const Fact& fact : Of(kind)) totals.Add(fact);
  return totals;
}

void Timeline::RestoreRetired(std::vector<RetiredEntity> retired,
                              std::vector<std::pair<FactKind, Totals>> totals) {
  retired_ = std::move(retired);
  retired_totals_ = std::move(totals);
}

size_t Timeline::memory_bytes() const {
  size_t bytes = entities_.capacity() * sizeof(Entity) + series_.capacity() * sizeof(Series) +
                 retired_.capacity() * sizeof(RetiredEntity) +
                 retired_totals_.capacity() * sizeof(retired_totals_[0]);
  for (const Entity& entity : entities_) {
    bytes += entity.attributes.items().size() * sizeof(Attribute) +
             entity.older.capacity() * sizeof(AttributeStamp) +
             entity.seen_events.capacity() * sizeof(uint64_t);
    for (const Attribute& attribute : entity.attributes.items()) {
      const auto* text = std::get_if<std::string>(&attribute.value);
      if (text != nullptr && text->capacity() > sizeof(std::string)) bytes += text->capacity();
    }
  }
  for (const Series& series : series_) bytes += series.facts.capacity() * sizeof(Fact);
  return bytes;
}

}  // namespace spotter::model
