// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"
#include "engine/shard_impl.h"
#include "profile/fold_event.h"
#include "wire/wire.h"

namespace spotter::engine {
namespace {

// What waits for `event` to say whose it is: the entity it belongs to, else itself.
Hash128 OrphanHash(const model::MemberEvent& event) {
  const profile::OwnerReference owner = profile::OwnerOf(event);
  if (!owner.id.empty()) return state::EntityHash(event.source, owner.type, owner.id);
  return state::EntityHash(event.source, event.entity.type, event.entity.id);
}

// What rules may see change: the kinds of the entity's facts, as it was and as it is, since a
// filter reads all of it; the traits that changed; consent.
model::InputSet TouchedBy(const profile::FoldResult& fold) {
  model::InputSet touched;
  std::vector<model::Fact> facts;
  if (fold.before.has_value()) model::FactsOf(*fold.before, facts);
  if (fold.after.has_value()) model::FactsOf(*fold.after, facts);
  for (const model::Fact& fact : facts) touched |= model::InputSet::Of(fact.kind);
  for (const model::AttributeId id : fold.traits_changed) touched |= model::InputSet::Of(id);
  if (fold.consent_changed) touched |= model::InputSet::Consent();
  return touched;
}

}  // namespace

Status Shard::Impl::ApplyEvent(const model::MemberEvent& event, std::string_view payload) {
  Tenant* tenant = FindTenant(event.tenant);
  if (tenant == nullptr) {
    if (state::TenantMove* move = FindMove(event.tenant.value())) {
      return KeepBack(event.tenant.value(), *move, payload);
    }
    return PutDeadLetter("", "unknown_tenant",
                         fmt::format("tenant '{}' does not exist", event.tenant.value()), payload);
  }
  counters_.events_by_kind[static_cast<size_t>(event.kind)]++;
  if (const std::string customer = CustomerOf(*tenant, event); !customer.empty()) {
    const model::RecordKey key = model::MakeRecordKey(event.source, customer);
    SPOTTER_ASSIGN_OR_RETURN(LoadedRecord * record, FindRecord(*tenant, key));
    if (record == nullptr) {
      SPOTTER_ASSIGN_OR_RETURN(record, CreateRecord(*tenant, event.source, customer));
    }
    return ApplyToRecord(*tenant, *record, event);
  }
  SPOTTER_ASSIGN_OR_RETURN(const std::optional<model::RecordKey> owner, FindOwner(*tenant, event));
  if (!owner.has_value()) return ParkOrphan(*tenant, event, payload);
  SPOTTER_ASSIGN_OR_RETURN(LoadedRecord * record, FindRecord(*tenant, *owner));
  Assert(record != nullptr, "an entity index row points to a record");
  return ApplyToRecord(*tenant, *record, event);
}

// A mentor's client is the e-mail used (D1, D2). A payer without a customer id is known by what
// identifies the payment, so the same guest comes back to the same record.
std::string Shard::Impl::CustomerOf(const Tenant& tenant, const model::MemberEvent& event) {
  const auto identified_by = [&](model::IdentifierType type) -> std::string {
    for (const model::Identifier& identifier : event.identifiers) {
      if (identifier.type == type && !identifier.normalized.empty()) return identifier.normalized;
    }
    return "";
  };
  if (tenant.settings.kind != model::TenantKind::kStudio) {
    if (std::string email = identified_by(model::IdentifierType::kEmail); !email.empty()) {
      return "email:" + email;
    }
  }
  if (!event.customer_id.empty()) return event.customer_id;
  if (std::string email = identified_by(model::IdentifierType::kEmail); !email.empty()) {
    return "guest-email:" + email;
  }
  if (std::string phone = identified_by(model::IdentifierType::kPhone); !phone.empty()) {
    return "guest-phone:" + phone;
  }
  return "";
}

StatusOr<std::optional<model::RecordKey>> Shard::Impl::FindOwner(Tenant& tenant,
                                                                 const model::MemberEvent& event) {
  const auto lookup = [&](std::string_view type,
                          std::string_view id) -> StatusOr<std::optional<model::RecordKey>> {
    if (id.empty()) return std::nullopt;
    const Hash128 entity = state::EntityHash(event.source, type, id);
    SPOTTER_ASSIGN_OR_RETURN(
        const std::optional<std::string> row,
        overlay_.Get(Family::kState, state::EntityIndexKey(IdOf(tenant), entity)));
    if (!row.has_value()) return std::nullopt;
    return state::LastRecordKey(*row);
  };
  SPOTTER_ASSIGN_OR_RETURN(std::optional<model::RecordKey> record,
                           lookup(event.entity.type, event.entity.id));
  if (record.has_value()) return record;
  const profile::OwnerReference owner = profile::OwnerOf(event);
  return lookup(owner.type, owner.id);
}

Status Shard::Impl::ApplyToRecord(Tenant& tenant, LoadedRecord& record,
                                  const model::MemberEvent& event) {
  Member& member = *record.member;
  const bool is_new = member.profile.evaluated_at.ms == 0;
  if (!is_new) SPOTTER_RETURN_IF_ERROR(FireDue(tenant, member));

  model::SourceRecord& facts = record.stored.record;
  const std::string record_key = Encoder().Hash(facts.key.value()).Take();

  // The ledger is append-only: an entry more is a state of its own, whatever the entity says.
  std::vector<model::ConsentEntry> consents_before;
  if (event.kind == model::EventKind::consent_changed) consents_before = facts.consents;
  const bool indexed = profile::NeedsEntityIndex(event) && !event.entity.id.empty();
  const profile::FoldResult fold = profile::FoldEvent(event, facts);
  if (fold.outcome == profile::FoldOutcome::kUnchanged && !fold.identifiers_changed &&
      !fold.consent_changed) {
    counters_.duplicates++;
    return OkStatus();
  }
  Change(tenant, record);
  if (fold.after.has_value()) {
    const std::string key = state::EntityElementKey(facts.key, fold.after->id);
    if (fold.before.has_value()) {
      meta_.hash.Subtract(state::Element::kEntity, IdOf(tenant), key,
                          state::EntityElement(*fold.before));
    }
    const std::string after = state::EntityElement(*fold.after);
    meta_.hash.Add(state::Element::kEntity, IdOf(tenant), key, after);
    record.delta.PutEntity(after);
  }
  // Last, so that what arrives old retires at once, and a duplicate retires nothing.
  const EventTime cutoff = meta_.shard_time - model::kTimelineKeep;
  const bool has_expired = facts.timeline.MayExpire(cutoff) && ExpireFacts(tenant, record, cutoff);
  const model::InputSet touched = has_expired ? model::InputSet::All() : TouchedBy(fold);
  record.stored.touches.Touch(meta_.shard_time, touched);
  record.delta.Touch(meta_.shard_time, touched);

  if (fold.consent_changed) {
    meta_.hash.Subtract(state::Element::kConsents, IdOf(tenant), record_key,
                        state::ConsentsElement(consents_before));
    meta_.hash.Add(state::Element::kConsents, IdOf(tenant), record_key,
                   state::ConsentsElement(facts.consents));
    record.delta.SetConsents(facts.consents);
  }
  if (fold.identifiers_changed) {
    meta_.hash.Subtract(state::Element::kIdentifier, IdOf(tenant), record_key,
                        state::IdentifiersElement(fold.identifiers_before));
    meta_.hash.Add(state::Element::kIdentifier, IdOf(tenant), record_key,
                   state::IdentifiersElement(facts.identifiers));
    record.delta.SetIdentifiers(facts.identifiers);
    SPOTTER_RETURN_IF_ERROR(UpdateIdentity(tenant, record, fold.identifiers_before));
  }

  const model::Cause cause = CauseOf(tenant, event);
  if (event.kind == model::EventKind::message_in ||
      event.kind == model::EventKind::message_outcome) {
    SPOTTER_RETURN_IF_ERROR(ReadMessage(tenant, record, event));
  }
  if (fold.consent_changed) {
    SPOTTER_RETURN_IF_ERROR(WithdrawDenied(tenant, *record.member));
  }
  // With other identifiers the member may be another one by now.
  SPOTTER_RETURN_IF_ERROR(fold.identifiers_changed
                              ? Decide(tenant, *record.member, cause)
                              : DecideTouched(tenant, *record.member, touched, cause));

  if (indexed) {
    const Hash128 entity = state::EntityHash(event.source, event.entity.type, event.entity.id);
    std::string key = state::EntityIndexKey(IdOf(tenant), entity);
    if (fold.outcome == profile::FoldOutcome::kNewEntity) {
      overlay_.Put(Family::kState, std::move(key), record_key);
      if (tenant.progress.orphans > 0) return AdoptOrphans(tenant, record, event);
    }
  }
  return OkStatus();
}

bool Shard::Impl::ExpireFacts(Tenant& tenant, LoadedRecord& record, EventTime cutoff) {
  model::SourceRecord& facts = record.stored.record;
  const std::string retired_before = state::RetiredElement(facts.timeline);
  const std::vector<model::Entity> dropped = facts.timeline.ExpireBefore(cutoff);
  if (dropped.empty()) return false;
  Change(tenant, record);
  record.delta.Expire(cutoff);
  profile::RebuildDerived(facts);
  for (const model::Entity& entity : dropped) {
    meta_.hash.Subtract(state::Element::kEntity, IdOf(tenant),
                        state::EntityElementKey(facts.key, entity.id),
                        state::EntityElement(entity));
  }
  const std::string key = Encoder().Hash(facts.key.value()).Take();
  meta_.hash.Subtract(state::Element::kRetired, IdOf(tenant), key, retired_before);
  meta_.hash.Add(state::Element::kRetired, IdOf(tenant), key,
                 state::RetiredElement(facts.timeline));
  return true;
}

model::Cause Shard::Impl::CauseOf(const Tenant& tenant, const model::MemberEvent& event) const {
  if (event.backfill) return model::Cause::kBackfill;
  Duration allowed = Days(1);
  for (const model::SourceDeclaration& source : tenant.settings.sources) {
    if (source.name == event.source) allowed = std::max(allowed, 2 * source.interval);
  }
  return event.event_time < meta_.shard_time - allowed ? model::Cause::kLate : model::Cause::kLive;
}

// An event whose entity is not known yet waits under the entity it needs, counted, with a bound.
Status Shard::Impl::ParkOrphan(Tenant& tenant, const model::MemberEvent& event,
                               std::string_view payload) {
  if (tenant.progress.orphans >= kOrphansMax) {
    return PutDeadLetter(IdOf(tenant), "orphan_limit",
                         fmt::format("{} events of tenant '{}' already wait for their customer",
                                     kOrphansMax, IdOf(tenant)),
                         payload);
  }
  tenant.progress.orphans++;
  counters_.orphans_waiting++;
  SPOTTER_RETURN_IF_ERROR(SaveProgress(tenant));
  return overlay_.PutHashed(IdOf(tenant), state::Element::kOrphan, Family::kState,
                            state::OrphanKey(IdOf(tenant), OrphanHash(event), OffsetFor(tenant)),
                            std::string(payload));
}

Status Shard::Impl::AdoptOrphans(Tenant& tenant, LoadedRecord& record,
                                 const model::MemberEvent& event) {
  const std::string prefix = state::OrphanPrefix(
      IdOf(tenant), state::EntityHash(event.source, event.entity.type, event.entity.id));
  std::vector<std::pair<std::string, std::string>> waiting;
  SPOTTER_RETURN_IF_ERROR(overlay_.Scan(Family::kState, prefix, store::PrefixEnd(prefix),
                                        [&](std::string_view key, std::string_view payload) {
                                          waiting.emplace_back(key, payload);
                                          return true;
                                        }));
  for (auto& [key, payload] : waiting) {
    SPOTTER_RETURN_IF_ERROR(overlay_.DeleteHashed(IdOf(tenant), state::Element::kOrphan,
                                                  Family::kState, std::move(key)));
    tenant.progress.orphans--;
    counters_.orphans_waiting--;
    SPOTTER_RETURN_IF_ERROR(SaveProgress(tenant));
    SPOTTER_ASSIGN_OR_RETURN(const model::LogRecord decoded, wire::DecodeLogRecord(payload));
    SPOTTER_RETURN_IF_ERROR(ApplyToRecord(tenant, record, std::get<model::MemberEvent>(decoded)));
  }
  return OkStatus();
}

// X20: an opt-out word acts at once, whatever else it may have meant; so does the word of the
// sending provider that the member opted out with it.
Status Shard::Impl::ReadMessage(Tenant& tenant, LoadedRecord& record,
                                const model::MemberEvent& event) {
  const bool opted_out = event.kind == model::EventKind::message_outcome &&
                         event.attributes.Text(model::AttributeId::outcome) == "opted_out";
  if (event.kind == model::EventKind::message_outcome && !opted_out) return OkStatus();
  const govern::Reply reply =
      opted_out ? govern::Reply::kOptOut
                : govern::ReadReply(event.attributes.Text(model::AttributeId::text));
  if (reply != govern::Reply::kOptOut && reply != govern::Reply::kOptOutAndTask) return OkStatus();
  const std::string_view named = event.attributes.Text(model::AttributeId::channel);
  const model::Channel channel = model::FindChannel(named).value_or(model::Channel::kSms);
  const model::IdentifierType type = channel == model::Channel::kEmail
                                         ? model::IdentifierType::kEmail
                                         : model::IdentifierType::kPhone;
  bool suppressed = false;
  for (const model::Identifier& identifier : event.identifiers) {
    if (identifier.type != type || identifier.normalized.empty()) continue;
    SPOTTER_RETURN_IF_ERROR(
        Suppress(tenant, model::NameOf(channel), identifier.normalized, "opt_out"));
    suppressed = true;
  }
  if (!suppressed) {  // the message does not say which number: all the member is known by
    for (const model::SourceRecord* known : record.member->views) {
      for (const model::HeldIdentifier& identifier : known->identifiers) {
        if (identifier.type != type) continue;
        SPOTTER_RETURN_IF_ERROR(
            Suppress(tenant, model::NameOf(channel), identifier.normalized, "opt_out"));
      }
    }
  }
  SPOTTER_RETURN_IF_ERROR(
      Withdraw(tenant, *record.member, model::RefusalReason::kSuppressed,
               "the member opted out while it waited",
               [&](const model::Action& action) { return action.proposal.channel == channel; }));
  if (reply != govern::Reply::kOptOutAndTask) return OkStatus();
  const model::SourceRecord& facts = record.stored.record;
  return Dispose(
      tenant, *record.member,
      model::Proposal{.journey = "inbound",
                      .enrolment = model::MakeEnrolmentId("inbound", facts.key, 0),
                      .anchor = facts.key,
                      .step = event.source_event_id,
                      .channel = model::Channel::kTask,
                      .template_id = "opt-out-reply",
                      .text = "The member replied CANCEL: messages are stopped. Ask whether a "
                              "class should be cancelled too.",
                      .tokens = {},
                      .purpose = "service",
                      .message_class = "",
                      .role = "front_desk",
                      .task_kind = "call",
                      .effective_time = meta_.shard_time,
                      .expires_at = meta_.shard_time + Days(2),
                      .cause = CauseOf(tenant, event)});
}

}  // namespace spotter::engine
