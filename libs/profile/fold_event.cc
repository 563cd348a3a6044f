// SPDX-License-Identifier: Apache-2.0
#include "profile/fold_event.h"

#include "profile/derive_traits.h"
#include "profile/fold_identifiers.h"
#include "profile/overlay_state.h"

namespace spotter::profile {
namespace {

using model::Entity;
using model::EventKind;
using model::HeldIdentifier;
using model::MemberEvent;
using model::SourceRecord;

void FoldIdentifiersInto(const MemberEvent& event, SourceRecord& record, FoldResult& result) {
  if (event.identifiers.empty()) return;
  std::vector<HeldIdentifier> before = record.identifiers;
  FoldIdentifiers(event, record.identifiers);
  if (before == record.identifiers) return;
  result.identifiers_changed = true;
  result.identifiers_before = std::move(before);
}

}  // namespace

FoldResult FoldEvent(const MemberEvent& event, SourceRecord& record) {
  FoldResult result;
  const uint64_t id = EntityIdOf(event);
  if (record.timeline.IsRetired(id)) return result;

  FoldIdentifiersInto(event, record, result);
  if (event.kind == EventKind::consent_changed) {
    result.consent_changed = FoldConsent(event, id, record.consents);
  }

  const Entity* known = record.timeline.Find(id);
  if (known == nullptr) {
    result.outcome = FoldOutcome::kNewEntity;
    result.after = FirstState(id, AddressOf(event).type, event);
  } else {
    result.after = NextState(*known, event);
    if (!result.after) return result;
    result.outcome = FoldOutcome::kChanged;
    result.before = *known;
  }

  result.touched = record.timeline.Put(*result.after);
  result.traits_changed = UpdateTraits(*result.after, record.timeline, record.traits);
  if (result.after->type == "tag") record.tags = TagsOf(record.timeline);
  return result;
}

void RebuildDerived(SourceRecord& record) {
  record.traits = TraitsOf(record.timeline);
  record.tags = TagsOf(record.timeline);
}

}  // namespace spotter::profile
