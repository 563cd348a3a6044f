// SPDX-License-Identifier: Apache-2.0
//
// An event finds its entity in the record's timeline and becomes a fact, a correction of one, or
// a duplicate. Pure: the caller stores the record and accounts for the state hash by the change.
//
// States of an entity are ordered by the source's version, else its update time, else the event
// time; ties by the hash of the source event id. Each attribute has the value of the greatest state
// that carried it, so an entity is a function of the set of its states and not of their order; an
// equal or already covered state changes nothing, at any age. A source gives all states of an
// entity a version (or update time), or none of them. Without one, a state is also a duplicate if
// its event id was seen or if it says nothing new (a nightly roster).
#pragma once

#include <optional>
#include <vector>

#include "model/source_record.h"

namespace spotter::profile {

enum class FoldOutcome : uint8_t {
  kNewEntity,  // the entity was not known
  kChanged,    // another state of a known entity: a newer one, or an older one with something new
  kUnchanged,  // a duplicate, or the entity is retired (older than the timeline): nothing changed
};

struct FoldResult {
  FoldOutcome outcome = FoldOutcome::kUnchanged;
  std::optional<model::Entity> before;                    // of kChanged
  std::optional<model::Entity> after;                     // of kNewEntity and kChanged
  std::vector<model::HeldIdentifier> identifiers_before;  // only where identifiers changed
  bool identifiers_changed = false;
  std::vector<model::FactKind> touched;            // kinds whose facts changed, ascending
  std::vector<model::AttributeId> traits_changed;  // ascending
  bool consent_changed = false;  // the ledger grew, even where the entity did not change
};

// Applies `event` to `record`. Deterministic, never fails: what a fold cannot use (an attribute
// of the wrong type) was refused at the border. With `event.entity.id` empty the source event id
// stands for the entity. Whatever a retired entity says is ignored: its totals are kept as they
// were when it left the timeline.
FoldResult FoldEvent(const model::MemberEvent& event, model::SourceRecord& record);

// The entity id an event addresses, as FoldEvent computes it.
uint64_t EntityIdOf(const model::MemberEvent& event);

// Rebuilds what is derived (traits, tags) after entities were loaded from storage or expired.
void RebuildDerived(model::SourceRecord& record);

// True for event kinds whose later events may come without a customer id (payments and bookings):
// the shard keeps an index row (source, type, id) -> record for their entities.
bool NeedsEntityIndex(const model::MemberEvent& event);

// The entities another entity's event must find first: a refund finds its payment by payment_id.
// Returns {type, id} to look up when the event has no customer id; empty id: not addressable. The
// views borrow from the event.
struct OwnerReference {
  std::string_view type;
  std::string_view id;
};
OwnerReference OwnerOf(const model::MemberEvent& event);

}  // namespace spotter::profile
