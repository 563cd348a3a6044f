// SPDX-License-Identifier: Apache-2.0
//
// Members in memory. A profile is held together with all its records; what a batch changes is
// written back once, at its end. Eviction drops whole members that the batch did not touch.
#include <algorithm>

#include "base/assert.h"
#include "engine/shard_impl.h"
#include "state/verify_hash.h"

namespace spotter::engine {

Tenant* Shard::Impl::FindTenant(const model::TenantId& id) {
  const auto it = tenants_.find(id.value());
  return it == tenants_.end() ? nullptr : it->second.get();
}

Status Shard::Impl::LoadTenant(const std::string& id) {
  auto tenant = std::make_unique<Tenant>();
  SPOTTER_ASSIGN_OR_RETURN(const std::optional<std::string> settings,
                           store_.Get(Family::kState, state::Key(id, state::Table::kSettings, "")));
  if (!settings.has_value()) return DataLoss("tenant '{}': its settings are missing", id);
  SPOTTER_ASSIGN_OR_RETURN(tenant->settings, state::DecodeTenantSettings(*settings));
  SPOTTER_ASSIGN_OR_RETURN(const std::optional<std::string> progress,
                           store_.Get(Family::kState, state::Key(id, state::Table::kProgress, "")));
  if (progress.has_value()) {
    SPOTTER_ASSIGN_OR_RETURN(tenant->progress, state::DecodeTenantProgress(*progress));
  }
  counters_.orphans_waiting += tenant->progress.orphans;

  const auto each = [&](state::Table table, auto&& take) -> Status {
    const std::string prefix = state::TablePrefix(id, table);
    Status status = OkStatus();
    SPOTTER_RETURN_IF_ERROR(store_.Scan(Family::kState, prefix, store::PrefixEnd(prefix),
                                        [&](std::string_view key, std::string_view value) {
                                          status = take(key.substr(prefix.size()), value);
                                          return status.ok();
                                        }));
    return status;
  };
  using View = std::string_view;
  SPOTTER_RETURN_IF_ERROR(each(state::Table::kSegment, [&](View key, View value) -> Status {
    SPOTTER_ASSIGN_OR_RETURN(auto definition, state::DecodeSegmentDefinition(value));
    tenant->segment_definitions.emplace(key, std::move(definition));
    return OkStatus();
  }));
  SPOTTER_RETURN_IF_ERROR(each(state::Table::kJourney, [&](View key, View value) -> Status {
    SPOTTER_ASSIGN_OR_RETURN(auto definition, state::DecodeJourneyDefinition(value));
    tenant->journey_definitions.emplace(key, std::move(definition));
    return OkStatus();
  }));
  SPOTTER_RETURN_IF_ERROR(each(state::Table::kSubscription, [&](View key, View value) -> Status {
    SPOTTER_ASSIGN_OR_RETURN(auto subscription, state::DecodeSubscription(value));
    tenant->subscriptions.emplace(key, std::move(subscription));
    return OkStatus();
  }));
  SPOTTER_RETURN_IF_ERROR(each(state::Table::kZone, [&](View key, View value) -> Status {
    SPOTTER_ASSIGN_OR_RETURN(govern::Zone zone, govern::Zone::FromRules(key, value));
    tenant->zones.insert_or_assign(std::string(key), std::move(zone));
    return OkStatus();
  }));
  const std::string assertions = state::TablePrefix(id, state::Table::kAssertion);
  SPOTTER_RETURN_IF_ERROR(
      store_.Scan(Family::kState, assertions, store::PrefixEnd(assertions), [&](View, View) {
        tenant->may_have_assertions = true;
        return false;
      }));
  SPOTTER_RETURN_IF_ERROR(tenant->Rebuild());
  if (const state::TenantMove* move = FindMove(id)) tenant->offset_base = move->offset_base;
  SPOTTER_RETURN_IF_ERROR(LoadCounts(*tenant));
  tenants_.emplace(id, std::move(tenant));
  return OkStatus();
}

StatusOr<LoadedRecord*> Shard::Impl::FindRecord(Tenant& tenant, model::RecordKey key) {
  if (const auto it = tenant.records.find(key.value()); it != tenant.records.end()) {
    Use(tenant, *it->second->member);
    return it->second.get();
  }
  // Every record in memory came with its whole member, so the row alone tells which member to load.
  SPOTTER_ASSIGN_OR_RETURN(std::optional<state::StoredRecord> stored,
                           state::ReadRecord(store_, IdOf(tenant), key));
  if (!stored.has_value()) return nullptr;
  const model::ProfileId profile = stored->profile;
  SPOTTER_ASSIGN_OR_RETURN(Member * member, FindMember(tenant, profile, &*stored));
  const auto it = tenant.records.find(key.value());
  Assert(it != tenant.records.end() && it->second->member == member,
         "a record belongs to the profile it names");
  return it->second.get();
}

StatusOr<Member*> Shard::Impl::FindMember(Tenant& tenant, model::ProfileId id,
                                          state::StoredRecord* read) {
  for (int hops = 0; hops < 1000; ++hops) {
    if (const auto it = tenant.members.find(id.value()); it != tenant.members.end()) {
      Member& member = *it->second;
      if (!member.profile.merged_into.value().is_zero()) {
        id = member.profile.merged_into;
        continue;
      }
      Use(tenant, member);
      return &member;
    }
    SPOTTER_ASSIGN_OR_RETURN(const std::optional<std::string> row,
                             overlay_.Get(Family::kState, state::ProfileKey(IdOf(tenant), id)));
    if (!row.has_value()) return NotFound("profile '{}' does not exist", ToText(id));
    SPOTTER_ASSIGN_OR_RETURN(state::Profile profile, state::DecodeProfile(*row));
    if (!profile.merged_into.value().is_zero()) {
      id = profile.merged_into;
      continue;
    }
    std::vector<LoadedRecord*> records;
    for (const model::RecordKey key : profile.records) {
      auto record = std::make_unique<LoadedRecord>();
      if (read != nullptr && read->record.key == key) {
        record->stored = std::move(*read);
      } else {
        SPOTTER_ASSIGN_OR_RETURN(std::optional<state::StoredRecord> stored,
                                 state::ReadKnownRecord(store_, IdOf(tenant), key));
        if (!stored.has_value()) {
          return DataLoss("profile '{}': its record '{}' is missing", ToText(id), ToText(key));
        }
        record->stored = *std::move(stored);
      }
      SPOTTER_ASSIGN_OR_RETURN(const std::optional<std::string> anchor,
                               store_.Get(Family::kState, state::AnchorKey(IdOf(tenant), key)));
      record->anchor.record = key;
      if (anchor.has_value()) {
        SPOTTER_ASSIGN_OR_RETURN(record->anchor, state::DecodeAnchor(*anchor));
      }
      records.push_back(record.get());
      tenant.records.insert_or_assign(key.value(), std::move(record));
    }
    Member& member = AddMember(tenant, std::move(profile));
    member.records = std::move(records);
    for (LoadedRecord* record : member.records) {
      record->member = &member;
      member.views.push_back(&record->stored.record);
    }
    return &member;
  }
  return DataLoss("profile '{}': its redirects do not end", ToText(id));
}

Member& Shard::Impl::AddMember(Tenant& tenant, state::Profile profile) {
  auto member = std::make_unique<Member>();
  member->profile = std::move(profile);
  Member& added = *member;
  tenant.members.insert_or_assign(added.profile.id.value(), std::move(member));
  added.used = tenant.recent.insert(tenant.recent.end(), &added);
  members_++;
  return added;
}

StatusOr<LoadedRecord*> Shard::Impl::CreateRecord(Tenant& tenant, std::string source,
                                                  std::string customer_id) {
  auto record = std::make_unique<LoadedRecord>();
  model::SourceRecord& facts = record->stored.record;
  facts.key = model::MakeRecordKey(source, customer_id);
  facts.source = std::move(source);
  facts.customer_id = std::move(customer_id);
  facts.created_offset = OffsetFor(tenant);
  record->anchor.record = facts.key;
  LoadedRecord* created = record.get();
  tenant.records.insert_or_assign(facts.key.value(), std::move(record));

  SPOTTER_ASSIGN_OR_RETURN(const model::ProfileId id, MintProfile(tenant, *created));
  Member& member = FoundMember(tenant, {.id = id,
                                        .founder = facts.key,
                                        .founded_offset = OffsetFor(tenant),
                                        .merged_into = {},
                                        .records = {facts.key},
                                        .memberships = {},
                                        .definitions = tenant.progress.definitions,
                                        .evaluated_at = {}});
  member.records = {created};
  member.views = {&facts};
  created->member = &member;
  created->stored.profile = id;
  state::AddRecordElements(IdOf(tenant), created->stored, meta_.hash);
  created->dirty = true;
  dirty_records_.emplace_back(&tenant, created);
  return created;
}

Member& Shard::Impl::FoundMember(Tenant& tenant, state::Profile profile) {
  Member& member = AddMember(tenant, std::move(profile));
  // The row is visible at once to scans over profiles, whatever the batch size.
  overlay_.Put(Family::kState, state::ProfileKey(IdOf(tenant), member.profile.id),
               state::EncodeRow(member.profile));
  member.dirty = true;  // no elements to take back: the profile is new
  dirty_members_.emplace_back(&tenant, &member);
  tenant.progress.profiles++;
  tenant.progress_dirty = true;
  return member;
}

StatusOr<model::ProfileId> Shard::Impl::MintProfile(Tenant& tenant, const LoadedRecord& founder) {
  for (uint32_t ordinal = 0;; ++ordinal) {
    const model::ProfileId id =
        model::MakeProfileId(tenant.settings.id, founder.stored.record.key, ordinal);
    SPOTTER_ASSIGN_OR_RETURN(const std::optional<std::string> row,
                             overlay_.Get(Family::kState, state::ProfileKey(IdOf(tenant), id)));
    if (!row.has_value() && !tenant.members.contains(id.value())) return id;
  }
}

void Shard::Impl::Change(Tenant& tenant, Member& member) {
  if (member.dirty) return;
  state::ChangeProfileElements(IdOf(tenant), member.profile, false, meta_.hash);
  member.dirty = true;
  dirty_members_.emplace_back(&tenant, &member);
}

void Shard::Impl::Change(Tenant& tenant, LoadedRecord& record) {
  if (record.dirty) return;
  record.dirty = true;
  dirty_records_.emplace_back(&tenant, &record);
}

void Shard::Impl::ChangeAnchor(Tenant& tenant, LoadedRecord& record) {
  if (record.anchor_dirty) return;
  state::ChangeAnchorElements(IdOf(tenant), record.anchor, false, meta_.hash);
  record.anchor_dirty = true;
  dirty_anchors_.emplace_back(&tenant, &record);
}

void Shard::Impl::SetProfile(Tenant& tenant, LoadedRecord& record, Member& member) {
  record.member = &member;
  if (record.stored.profile == member.profile.id) return;
  const std::string key = Encoder().Hash(record.stored.record.key.value()).Take();
  Change(tenant, record);
  meta_.hash.Subtract(state::Element::kRecord, IdOf(tenant), key,
                      state::RecordElement(record.stored));
  record.stored.profile = member.profile.id;
  meta_.hash.Add(state::Element::kRecord, IdOf(tenant), key, state::RecordElement(record.stored));
  record.delta.SetProfile(member.profile.id);
}

// The member consists of exactly `records` from now on; the caller has called Change(member).
void Shard::Impl::BindRecords(Tenant& tenant, Member& member, std::vector<LoadedRecord*> records) {
  std::ranges::sort(records, {}, [](const LoadedRecord* r) { return r->stored.record.key; });
  member.records = std::move(records);
  member.views.clear();
  member.profile.records.clear();
  for (LoadedRecord* record : member.records) {
    SetProfile(tenant, *record, member);
    member.views.push_back(&record->stored.record);
    member.profile.records.push_back(record->stored.record.key);
  }
  member.decided_under = 0;
}

void Shard::Impl::Use(Tenant& tenant, Member& member) {
  tenant.recent.splice(tenant.recent.end(), tenant.recent, member.used);
}

void Shard::Impl::DropMember(Tenant& tenant, Member& member) {
  for (const LoadedRecord* record : member.records) {
    tenant.records.erase(record->stored.record.key.value());
  }
  tenant.recent.erase(member.used);
  members_--;
  tenant.members.erase(member.profile.id.value());
}

void Shard::Impl::Evict() {
  for (auto& [id, tenant] : tenants_) {
    while (members_ > options_.members_cached_max && !tenant->recent.empty()) {
      DropMember(*tenant, *tenant->recent.front());
    }
  }
}

}  // namespace spotter::engine
