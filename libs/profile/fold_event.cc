// SPDX-License-Identifier: Apache-2.0
#include "profile/fold_event.h"

#include <algorithm>

#include "profile/derive_traits.h"
#include "profile/fold_identifiers.h"
#include "profile/overlay_state.h"

namespace spotter::profile {
namespace {

using model::Entity;
using model::EventKind;
using model::Fact;
using model::FactKind;
using model::HeldIdentifier;
using model::MemberEvent;
using model::SourceRecord;

// The kinds of facts that one side has and the other has not.
std::vector<FactKind> KindsThatDiffer(const std::optional<Entity>& before, const Entity& after) {
  std::vector<Fact> old_facts;
  std::vector<Fact> new_facts;
  if (before) FactsOf(*before, old_facts);
  FactsOf(after, new_facts);
  std::vector<FactKind> kinds;
  const auto add_missing = [&kinds](const std::vector<Fact>& from, const std::vector<Fact>& in) {
    for (const Fact& fact : from) {
      if (std::find(in.begin(), in.end(), fact) == in.end()) kinds.push_back(fact.kind);
    }
  };
  add_missing(old_facts, new_facts);
  add_missing(new_facts, old_facts);
  std::sort(kinds.begin(), kinds.end());
  kinds.erase(std::unique(kinds.begin(), kinds.end()), kinds.end());
  return kinds;
}

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

  result.touched = KindsThatDiffer(result.before, *result.after);
  record.timeline.Put(*result.after);
  result.traits_changed = UpdateTraits(*result.after, record.timeline, record.traits);
  if (result.after->type == "tag") record.tags = TagsOf(record.timeline);
  return result;
}

void RebuildDerived(SourceRecord& record) {
  record.traits = TraitsOf(record.timeline);
  record.tags = TagsOf(record.timeline);
}

}  // namespace spotter::profile
