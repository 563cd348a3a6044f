// SPDX-License-Identifier: Apache-2.0
//
// Identity inside the shard: after a record's identifiers changed, the component around it is
// resolved anew from the set of its records and the human assertions, and the profiles are made to
// equal the result. Facts do not move: a profile is a set of records, and the set changes.
#include <algorithm>
#include <set>

#include "base/assert.h"
#include "engine/shard_impl.h"

namespace spotter::engine {
namespace {

// A value that more records carry than one person plausibly has accounts links nobody.
constexpr size_t kRecordsPerLinkMax = 50;

// Also of what could not be normalised: it has no row.
bool IsHeld(const model::HeldIdentifier& identifier,
            const std::vector<model::HeldIdentifier>& held) {
  return identifier.normalized.empty() ||
         std::ranges::any_of(held, [&](const model::HeldIdentifier& other) {
           return other.type == identifier.type && other.normalized == identifier.normalized;
         });
}

}  // namespace

Status Shard::Impl::UpdateIdentity(Tenant& tenant, LoadedRecord& record,
                                   const std::vector<model::HeldIdentifier>& identifiers_before) {
  const model::RecordKey key = record.stored.record.key;
  // Most events only repeat identifiers: a row is written where one comes and deleted where one
  // goes.
  const std::vector<model::HeldIdentifier>& identifiers_now = record.stored.record.identifiers;
  const auto row_of = [&](const model::HeldIdentifier& identifier) {
    return state::IdentifierKey(IdOf(tenant), identifier.type, identifier.normalized, key);
  };
  for (const model::HeldIdentifier& identifier : identifiers_before) {
    if (IsHeld(identifier, identifiers_now)) continue;
    overlay_.Delete(Family::kState, row_of(identifier));
  }
  for (const model::HeldIdentifier& identifier : identifiers_now) {
    if (IsHeld(identifier, identifiers_before)) continue;
    overlay_.Put(Family::kState, row_of(identifier), "");
  }
  model::SourceRecord before;
  before.key = key;
  before.identifiers = identifiers_before;
  const std::vector<identity::LinkKey> old_links =
      identity::LinkKeysOf(before, tenant.settings.kind);
  const std::vector<identity::LinkKey> new_links =
      identity::LinkKeysOf(record.stored.record, tenant.settings.kind);
  if (old_links == new_links) return OkStatus();

  // Whoever shared a link that goes, and whoever shares one that comes, is looked at again.
  std::set<model::RecordKey> around = {key};
  for (const identity::LinkKey& link : old_links) {
    overlay_.Delete(Family::kState, state::LinkKeyOf(IdOf(tenant), link.hash, key));
  }
  for (const identity::LinkKey& link : new_links) {
    overlay_.Put(Family::kState, state::LinkKeyOf(IdOf(tenant), link.hash, key), "");
  }
  Sharing read;
  for (const std::vector<identity::LinkKey>* links : {&old_links, &new_links}) {
    for (const identity::LinkKey& link : *links) {
      SPOTTER_ASSIGN_OR_RETURN(const auto* sharing, RecordsOf(tenant, link.hash, read));
      around.insert(sharing->begin(), sharing->end());
    }
  }
  if (around.size() == 1 && record.member->records.size() == 1) return OkStatus();
  return ResolveAround(tenant, {around.begin(), around.end()}, "", std::move(read));
}

StatusOr<const std::vector<model::RecordKey>*> Shard::Impl::RecordsOf(Tenant& tenant, Hash128 link,
                                                                      Sharing& read) {
  const auto [at, is_new] = read.try_emplace(link);
  std::vector<model::RecordKey>& sharing = at->second;
  if (!is_new) return &sharing;
  const std::string prefix = state::LinkPrefix(IdOf(tenant), link);
  SPOTTER_RETURN_IF_ERROR(overlay_.Scan(Family::kState, prefix, store::PrefixEnd(prefix),
                                        [&](std::string_view row, std::string_view) {
                                          sharing.push_back(state::LastRecordKey(row));
                                          return sharing.size() <= kRecordsPerLinkMax + 1;
                                        }));
  return &sharing;
}

Status Shard::Impl::ResolveAround(Tenant& tenant, const std::vector<model::RecordKey>& records,
                                  std::string_view principal, Sharing read) {
  // The closed set: everything reachable by links, assertions and present profiles.
  std::map<model::RecordKey, LoadedRecord*> closed;
  std::map<model::ProfileId, Member*> profiles;
  std::set<identity::Assertion> assertions;
  std::vector<identity::Node> nodes;
  std::vector<model::RecordKey> open = records;
  while (!open.empty()) {
    const model::RecordKey key = open.back();
    open.pop_back();
    if (closed.contains(key)) continue;
    SPOTTER_ASSIGN_OR_RETURN(LoadedRecord * record, FindRecord(tenant, key));
    if (record == nullptr) continue;
    closed.emplace(key, record);
    if (profiles.emplace(record->member->profile.id, record->member).second) {
      open.insert(open.end(), record->member->profile.records.begin(),
                  record->member->profile.records.end());
    }
    identity::Node node{.key = key, .links = {}};
    for (const identity::LinkKey& link :
         identity::LinkKeysOf(record->stored.record, tenant.settings.kind)) {
      SPOTTER_ASSIGN_OR_RETURN(const auto* sharing, RecordsOf(tenant, link.hash, read));
      if (sharing->size() > kRecordsPerLinkMax) continue;  // generic: links nobody
      node.links.push_back(link);
      open.insert(open.end(), sharing->begin(), sharing->end());
    }
    nodes.push_back(std::move(node));
    if (!tenant.may_have_assertions) continue;
    const std::string prefix = state::AssertionPrefix(IdOf(tenant), key);
    SPOTTER_RETURN_IF_ERROR(overlay_.Scan(
        Family::kState, prefix, store::PrefixEnd(prefix),
        [&](std::string_view row, std::string_view value) {
          const model::RecordKey other = state::LastRecordKey(row);
          const bool same = value == "same";
          assertions.insert({.same = same, .a = std::min(key, other), .b = std::max(key, other)});
          if (same) open.push_back(other);
          return true;
        }));
  }
  std::ranges::sort(nodes, {}, &identity::Node::key);
  const std::vector<identity::Assertion> asserted(assertions.begin(), assertions.end());
  const identity::Partition partition = identity::ResolveRecords(nodes, asserted);

  std::vector<identity::OldProfile> old;
  old.reserve(profiles.size());
  for (const auto& [id, member] : profiles) {
    old.push_back({.id = id,
                   .founded_offset = member->profile.founded_offset,
                   .records = member->profile.records});
  }
  const std::vector<identity::Assignment> assignments = identity::AssignProfiles(partition, old);

  // Members whose set of records changes: due transitions first, while the old set still stands.
  struct Change {
    const identity::Assignment* assignment;
    Member* member;
    bool grew;
  };
  std::vector<Change> changes;
  for (const identity::Assignment& assignment : assignments) {
    const auto kept = profiles.find(assignment.keeps);
    if (kept != profiles.end() && kept->second->profile.records == assignment.records) continue;
    changes.push_back({&assignment, kept == profiles.end() ? nullptr : kept->second,
                       kept != profiles.end() &&
                           assignment.records.size() > kept->second->profile.records.size()});
  }
  if (changes.empty()) return OkStatus();
  for (const auto& [id, member] : profiles) {
    if (member->profile.evaluated_at.ms != 0) SPOTTER_RETURN_IF_ERROR(FireDue(tenant, *member));
  }
  for (Change& change : changes) {
    std::vector<LoadedRecord*> loaded;
    loaded.reserve(change.assignment->records.size());
    for (const model::RecordKey key : change.assignment->records) loaded.push_back(closed.at(key));
    if (change.member == nullptr) {
      const LoadedRecord* founder = *std::ranges::min_element(loaded, {}, [](LoadedRecord* r) {
        return std::pair(r->stored.record.created_offset, r->stored.record.key);
      });
      SPOTTER_ASSIGN_OR_RETURN(const model::ProfileId id, MintProfile(tenant, *founder));
      change.member = &FoundMember(tenant, {.id = id,
                                            .founder = founder->stored.record.key,
                                            .founded_offset = OffsetFor(tenant),
                                            .merged_into = {},
                                            .records = {},
                                            .memberships = {},
                                            .definitions = tenant.progress.definitions,
                                            .evaluated_at = {}});
    }
    this->Change(tenant, *change.member);
    BindRecords(tenant, *change.member, std::move(loaded));
  }
  // First everything stands where it belongs, then it is looked at.
  for (const Change& change : changes) {
    SPOTTER_RETURN_IF_ERROR(MoveWaiting(tenant, *change.member));
    for (const model::ProfileId loser : change.assignment->absorbs) {
      SPOTTER_RETURN_IF_ERROR(Redirect(tenant, *profiles.at(loser), *change.member));
      SPOTTER_RETURN_IF_ERROR(Audit(
          tenant, principal,
          fmt::format("merged {} into {}", ToText(loser), ToText(change.member->profile.id))));
    }
  }
  for (const Change& change : changes) {
    Member& member = *change.member;
    const std::vector<model::ProfileId>& absorbs = change.assignment->absorbs;
    if (absorbs.empty()) {
      SPOTTER_RETURN_IF_ERROR(
          Audit(tenant, principal,
                fmt::format("records of {} changed: now {}", ToText(member.profile.id),
                            change.assignment->records.size())));
    }
    (change.grew ? counters_.merges : counters_.splits)++;
    SPOTTER_RETURN_IF_ERROR(UniteEnrolments(tenant, member, change.grew));
    SPOTTER_RETURN_IF_ERROR(WithdrawDenied(tenant, member));
    // A record that this very event created only joins the profile it belongs to: what changes is
    // the event's doing, and ApplyToRecord decides it under the event's own cause. A sign-up in a
    // second source still starts its journey.
    const bool joins = change.grew && !absorbs.empty() &&
                       std::ranges::all_of(absorbs, [&](const model::ProfileId loser) {
                         return profiles.at(loser)->profile.founded_offset == OffsetFor(tenant);
                       });
    if (joins) continue;
    SPOTTER_RETURN_IF_ERROR(
        GovernWaiting(tenant, member, change.grew ? "after a merge" : "after a split"));
    SPOTTER_RETURN_IF_ERROR(
        Decide(tenant, member, change.grew ? model::Cause::kMerge : model::Cause::kSplit));
  }
  return OkStatus();
}

// The losing id stays as a redirect and its sequences end: what was not settled becomes Void and is
// issued again under the survivor with the same action id.
Status Shard::Impl::Redirect(Tenant& tenant, Member& loser, Member& survivor) {
  SPOTTER_RETURN_IF_ERROR(MoveWaiting(tenant, loser));
  for (const auto& [id, subscription] : tenant.subscriptions) {
    if (subscription.has_expired()) continue;  // what waits there is about to be removed
    SPOTTER_ASSIGN_OR_RETURN(
        const std::optional<std::string> sequence,
        overlay_.Get(Family::kState, state::SequenceKey(IdOf(tenant), loser.profile.id, id)));
    if (!sequence.has_value()) continue;  // nothing was ever sent under the losing id
    SPOTTER_RETURN_IF_ERROR(AppendOutbox(tenant, loser.profile.id, id,
                                         model::MergedInto{.survivor = survivor.profile.id}));
  }
  tenant.progress.profiles--;
  tenant.progress_dirty = true;
  Change(tenant, loser);
  for (const model::Membership& membership : loser.profile.memberships) {
    SPOTTER_RETURN_IF_ERROR(
        Leave(tenant, loser, membership, meta_.shard_time, model::Cause::kMerge));
  }
  loser.profile.merged_into = survivor.profile.id;
  loser.profile.records.clear();
  loser.profile.memberships.clear();
  loser.profile.armed = EventTime::Max();
  loser.records.clear();
  loser.views.clear();
  loser.due = EventTime::Max();
  return OkStatus();
}

// After a merge one enrolment per journey survives, the earliest; sent steps are united, so what
// either has sent is not sent again.
Status Shard::Impl::UniteEnrolments(Tenant& tenant, Member& member, bool grew) {
  if (!grew) ReviveEnrolments(tenant, member);
  std::map<std::string, std::vector<std::pair<LoadedRecord*, model::Enrolment*>>> active;
  for (LoadedRecord* record : member.records) {
    for (model::Enrolment& enrolment : record->anchor.enrolments) {
      if (enrolment.state != model::EnrolmentState::kEnded) {
        active[enrolment.journey].emplace_back(record, &enrolment);
      }
    }
  }
  for (auto& [journey, enrolments] : active) {
    std::ranges::sort(enrolments, {}, [](const auto& held) {
      return std::pair(held.second->entered_at, held.second->id);
    });
    auto& [keeper, survivor] = enrolments.front();
    if (enrolments.size() > 1) ChangeAnchor(tenant, *keeper);
    for (size_t i = 1; i < enrolments.size(); ++i) {
      auto& [record, enrolment] = enrolments[i];
      ChangeAnchor(tenant, *record);
      std::vector<std::string> united;
      std::ranges::set_union(survivor->sent_steps, enrolment->sent_steps,
                             std::back_inserter(united));
      survivor->sent_steps = std::move(united);
      enrolment->state = model::EnrolmentState::kEnded;
      enrolment->outcome = "merged";  // its step stays: a split lets it go on
      enrolment->ended_at = meta_.shard_time;
    }
    if (grew) UniteWithEnded(tenant, member, *keeper, *survivor);
  }
  return OkStatus();
}

bool Shard::Impl::IsSuperseded(const Member& member, const model::Enrolment& enrolment) {
  if (enrolment.outcome != "merged") return false;
  return std::ranges::any_of(member.records, [&](const LoadedRecord* record) {
    return std::ranges::any_of(record->anchor.enrolments, [&](const model::Enrolment& other) {
      return other.journey == enrolment.journey && other.outcome != "merged";
    });
  });
}

// The survivor of a merge went to the other half: here the earliest that it had ended goes on.
void Shard::Impl::ReviveEnrolments(Tenant& tenant, Member& member) {
  std::map<std::string, std::vector<std::pair<LoadedRecord*, size_t>>> ended;
  for (LoadedRecord* record : member.records) {
    for (size_t i = 0; i < record->anchor.enrolments.size(); ++i) {
      const model::Enrolment& enrolment = record->anchor.enrolments[i];
      if (enrolment.outcome != "merged" || IsSuperseded(member, enrolment)) continue;
      ended[enrolment.journey].emplace_back(record, i);
    }
  }
  for (auto& [id, enrolments] : ended) {
    const journey::Journey* journey = tenant.FindJourney(id);
    if (journey == nullptr) continue;
    const auto& [record, i] = *std::ranges::min_element(enrolments, {}, [](const auto& held) {
      const model::Enrolment& enrolment = held.first->anchor.enrolments[held.second];
      return std::pair(enrolment.entered_at, enrolment.id);
    });
    ChangeAnchor(tenant, *record);
    model::Enrolment& enrolment = record->anchor.enrolments[i];
    enrolment.state = journey::StartEnrolment(*journey, tenant.settings.id, enrolment.anchor,
                                              enrolment.ordinal, enrolment.entered_at)
                          .state;  // whether it is held out
    enrolment.outcome.clear();
    enrolment.ended_at = {};
    enrolment.valid_until = meta_.shard_time;  // to be walked at once
  }
}

// What the other half was sent by an enrolment that is over is not sent again either, unless the
// journey lets a member return and this enrolment would have been such a return.
void Shard::Impl::UniteWithEnded(Tenant& tenant, const Member& member, LoadedRecord& keeper,
                                 model::Enrolment& survivor) {
  const journey::Journey* journey = tenant.FindJourney(survivor.journey);
  if (journey == nullptr) return;
  std::vector<const model::Enrolment*> ended;
  EventTime last_entry = EventTime::Min();
  for (const LoadedRecord* record : member.records) {
    for (const model::Enrolment& other : record->anchor.enrolments) {
      if (other.journey != survivor.journey || IsSuperseded(member, other)) continue;
      if (other.state != model::EnrolmentState::kEnded) continue;
      ended.push_back(&other);
      last_entry = std::max(last_entry, other.entered_at);
    }
  }
  if (ended.empty() ||
      MayReturn(journey->definition(), ended.size(), last_entry, survivor.entered_at)) {
    return;
  }
  std::vector<std::string> united = survivor.sent_steps;
  for (const model::Enrolment* other : ended) {
    if (other->anchor == survivor.anchor) continue;  // an earlier entry of its own
    std::vector<std::string> both;
    std::ranges::set_union(united, other->sent_steps, std::back_inserter(both));
    united = std::move(both);
  }
  if (united == survivor.sent_steps) return;
  ChangeAnchor(tenant, keeper);
  survivor.sent_steps = std::move(united);
}

}  // namespace spotter::engine
