// SPDX-License-Identifier: Apache-2.0
//
// Commands: changes that people and programs ask for. A command either takes effect whole or its
// answer says why not; the answer is stored with the effect, and a repeat gets it again.
#include <algorithm>

#include "engine/shard_impl.h"
#include "profile/fold_event.h"

namespace spotter::engine {
namespace {

std::string RequestKey(std::string_view tenant, std::string_view request_id) {
  return state::Key(tenant, state::Table::kAnswer, Encoder().Hash(HashOf(request_id)).view());
}

// Settlements and undeliverables are idempotent by what they name; no answer row is kept of them.
bool KeepsAnswer(const model::Command& command) {
  return !command.request_id.empty() && !std::holds_alternative<model::Settle>(command.what) &&
         !std::holds_alternative<model::Undeliverable>(command.what);
}

}  // namespace

Status Shard::Impl::ApplyCommand(const model::Command& command, std::string_view payload) {
  const std::string& id = command.tenant.value();
  const auto answer = [&](state::Answer given) {
    effects_.answers.push_back(
        {.tenant = command.tenant, .request_id = command.request_id, .answer = std::move(given)});
  };
  Tenant* tenant = FindTenant(command.tenant);
  if (tenant == nullptr) {
    if (state::TenantMove* move = FindMove(id)) {
      answer({.code = static_cast<int>(StatusCode::kUnavailable),
              .message = fmt::format(
                  "tenant '{}' is moving to another shard: ask again with the same request id", id),
              .result = "",
              .offset = offset_});
      // Whether an action can be delivered, the owner of the other shard sees for itself.
      if (std::holds_alternative<model::Undeliverable>(command.what)) return OkStatus();
      return KeepBack(id, *move, payload);
    }
    const auto* put = std::get_if<model::PutTenant>(&command.what);
    if (put == nullptr || put->settings.id != command.tenant) {
      answer({.code = static_cast<int>(StatusCode::kNotFound),
              .message = fmt::format("tenant '{}' does not exist", id),
              .result = "",
              .offset = offset_});
      return PutDeadLetter("", "unknown_tenant", fmt::format("tenant '{}' does not exist", id),
                           payload);
    }
  } else if (KeepsAnswer(command)) {
    SPOTTER_ASSIGN_OR_RETURN(const std::optional<std::string> row,
                             overlay_.Get(Family::kState, RequestKey(id, command.request_id)));
    if (row.has_value()) {
      SPOTTER_ASSIGN_OR_RETURN(state::Answer first, state::DecodeAnswer(*row));
      answer(std::move(first));
      return OkStatus();
    }
  }
  const StatusOr<std::string> result =
      tenant == nullptr
          ? CreateTenant(std::get<model::PutTenant>(command.what))
          : std::visit([&](const auto& what) { return On(*tenant, what, command); }, command.what);
  const StatusCode code = result.status().code();
  if (code == StatusCode::kDataLoss || code == StatusCode::kUnavailable) return result.status();

  state::Answer given{.code = static_cast<int>(code),
                      .message = std::string(MessageOf(result.status())),
                      .result = result.ok() ? *result : "",
                      .offset = offset_,
                      .at = meta_.shard_time};
  if (KeepsAnswer(command)) {
    SPOTTER_RETURN_IF_ERROR(overlay_.PutHashed(id, state::Element::kAnswer, Family::kState,
                                               RequestKey(id, command.request_id),
                                               state::EncodeRow(given)));
  }
  answer(std::move(given));
  return OkStatus();
}

Status Shard::Impl::SaveProgress(Tenant& tenant) {
  return overlay_.PutHashed(IdOf(tenant), state::Element::kProgress, Family::kState,
                            state::Key(IdOf(tenant), state::Table::kProgress, ""),
                            state::EncodeRow(tenant.progress));
}

Status Shard::Impl::SaveSubscription(Tenant& tenant, const model::Subscription& subscription) {
  return overlay_.PutHashed(IdOf(tenant), state::Element::kDefinition, Family::kState,
                            state::Key(IdOf(tenant), state::Table::kSubscription, subscription.id),
                            state::EncodeRow(subscription));
}

// --- tenants ----------------------------------------------------------------------------------

StatusOr<std::string> Shard::Impl::CreateTenant(const model::PutTenant& put) {
  const std::string& id = put.settings.id.value();
  SPOTTER_RETURN_IF_ERROR(model::ValidateTenantId(id));
  auto tenant = std::make_unique<Tenant>();
  tenant->settings = put.settings;
  tenant->progress.counts_members = true;
  const model::Subscription first{.active_at = meta_.shard_time};
  tenant->subscriptions.emplace(first.id, first);
  SPOTTER_RETURN_IF_ERROR(overlay_.PutHashed(id, state::Element::kDefinition, Family::kState,
                                             state::Key(id, state::Table::kSettings, ""),
                                             state::EncodeRow(put.settings)));
  overlay_.Put(Family::kState, state::Key("", state::Table::kSettings, id), "");
  SPOTTER_RETURN_IF_ERROR(SaveSubscription(*tenant, first));
  SPOTTER_RETURN_IF_ERROR(tenant->Rebuild());
  Tenant& created = *tenants_.emplace(id, std::move(tenant)).first->second;
  SPOTTER_RETURN_IF_ERROR(SaveProgress(created));
  SPOTTER_RETURN_IF_ERROR(Audit(created, "", "tenant created"));
  return id;
}

StatusOr<std::string> Shard::Impl::On(Tenant& tenant, const model::PutTenant& put,
                                      const model::Command& command) {
  if (put.settings.kind != tenant.settings.kind) {
    return FailedPrecondition("tenant '{}' is a {}; its kind cannot become {}", IdOf(tenant),
                              NameOf(tenant.settings.kind), NameOf(put.settings.kind));
  }
  const std::string key = tenant.settings.suppression_key;  // drawn once, never rotated
  const bool has_moved = put.settings.time_zone != tenant.settings.time_zone;
  tenant.settings = put.settings;
  tenant.settings.suppression_key = key;
  SPOTTER_RETURN_IF_ERROR(overlay_.PutHashed(
      IdOf(tenant), state::Element::kDefinition, Family::kState,
      state::Key(IdOf(tenant), state::Table::kSettings, ""), state::EncodeRow(tenant.settings)));
  if (has_moved) SPOTTER_RETURN_IF_ERROR(ZonesChanged(tenant));
  SPOTTER_RETURN_IF_ERROR(Audit(tenant, command.principal, "tenant settings changed"));
  return std::string(IdOf(tenant));
}

StatusOr<std::string> Shard::Impl::On(Tenant& tenant, const model::PutZoneRules& put,
                                      const model::Command& command) {
  SPOTTER_ASSIGN_OR_RETURN(govern::Zone zone, govern::Zone::FromRules(put.zone, put.tzif));
  SPOTTER_ASSIGN_OR_RETURN(
      const auto before,
      overlay_.Get(Family::kState, state::Key(IdOf(tenant), state::Table::kZone, put.zone)));
  if (before == put.tzif) return put.zone;
  tenant.zones.insert_or_assign(put.zone, std::move(zone));
  SPOTTER_RETURN_IF_ERROR(ZonesChanged(tenant));
  SPOTTER_RETURN_IF_ERROR(
      overlay_.PutHashed(IdOf(tenant), state::Element::kDefinition, Family::kState,
                         state::Key(IdOf(tenant), state::Table::kZone, put.zone), put.tzif));
  SPOTTER_RETURN_IF_ERROR(
      Audit(tenant, command.principal, fmt::format("rules of zone {} changed", put.zone)));
  return put.zone;
}

// --- definitions ------------------------------------------------------------------------------

// Existing members are decided under the new definition by Work records, a bounded number each.
// Who was invited to a journey by an earlier one and not reached yet stays invited.
Status Shard::Impl::BeginWork(Tenant& tenant) {
  tenant.progress.work_pending = true;
  tenant.progress.work_cursor.clear();
  tenant.progress.work_done = 0;
  tenant.progress.work_begun = meta_.shard_time;
  tenant.progress.work_at = meta_.shard_time;
  return SaveProgress(tenant);
}

// What reads zones is defined anew as it was: its instants under the old rules count no more, none
// of the new rules is looked for in the past, and Work decides every member.
Status Shard::Impl::ZonesChanged(Tenant& tenant) {
  if (!tenant.ReadsZones()) return OkStatus();
  const uint64_t revision = ++tenant.progress.definitions;
  for (const Rule& rule : tenant.rules) {
    std::string key;
    std::string row;
    if (rule.journey < 0) {
      if (!rule.expression.dependencies().on_zones) continue;
      model::SegmentDefinition& definition = tenant.segment_definitions.at(rule.id);
      definition.revision = revision;
      key = state::Key(IdOf(tenant), state::Table::kSegment, rule.id);
      row = state::EncodeRow(definition);
    } else {
      const journey::Journey& journey = tenant.journeys[static_cast<size_t>(rule.journey)];
      if (!rule.expression.dependencies().on_zones && !journey.dependencies().on_zones) continue;
      model::JourneyDefinition& definition = tenant.journey_definitions.at(journey.definition().id);
      definition.revision = revision;
      key = state::Key(IdOf(tenant), state::Table::kJourney, definition.id);
      row = state::EncodeRow(definition);
    }
    SPOTTER_RETURN_IF_ERROR(
        overlay_.PutHashed(IdOf(tenant), state::Element::kDefinition, Family::kState, key, row));
  }
  SPOTTER_RETURN_IF_ERROR(tenant.Rebuild());
  return BeginWork(tenant);
}

StatusOr<std::string> Shard::Impl::On(Tenant& tenant, const model::PutJourney& put,
                                      const model::Command& command) {
  model::JourneyDefinition definition = put.definition;
  if (const auto compiled = journey::Journey::Compile(definition); compiled.ok()) {
    for (const auto* reads : {&compiled->entry().dependencies(), &compiled->dependencies()}) {
      const Status known = CheckZones(*reads, tenant.zones);
      if (!known.ok()) return InvalidArgument("journey '{}': {}", definition.id, MessageOf(known));
    }
  }
  const auto existing = tenant.journey_definitions.find(definition.id);
  const std::optional<model::JourneyDefinition> before =
      existing == tenant.journey_definitions.end() ? std::nullopt : std::optional(existing->second);
  if (before.has_value()) {
    definition.revision = before->revision;
    if (state::EncodeRow(definition) == state::EncodeRow(*before)) {
      return std::to_string(before->revision);
    }
  }
  SPOTTER_RETURN_IF_ERROR(tenant.Admit(definition));
  definition.revision = tenant.progress.definitions + 1;
  tenant.journey_definitions.insert_or_assign(definition.id, definition);
  if (const Status built = tenant.Rebuild(); !built.ok()) {
    if (before.has_value()) {
      tenant.journey_definitions.insert_or_assign(definition.id, *before);
    } else {
      tenant.journey_definitions.erase(definition.id);
    }
    return built;
  }
  tenant.progress.definitions++;
  SPOTTER_RETURN_IF_ERROR(
      overlay_.PutHashed(IdOf(tenant), state::Element::kDefinition, Family::kState,
                         state::Key(IdOf(tenant), state::Table::kJourney, definition.id),
                         state::EncodeRow(definition)));
  std::vector<std::string>& included = tenant.progress.include_journeys;
  std::erase(included, definition.id);
  if (put.include_existing) included.push_back(definition.id);
  SPOTTER_RETURN_IF_ERROR(BeginWork(tenant));
  SPOTTER_RETURN_IF_ERROR(
      Audit(tenant, command.principal,
            fmt::format("journey {} revision {}", definition.id, definition.revision)));
  return std::to_string(definition.revision);
}

StatusOr<std::string> Shard::Impl::On(Tenant& tenant, const model::PutSubscription& put,
                                      const model::Command& command) {
  const bool is_new = !tenant.subscriptions.contains(put.subscription.id);
  if (is_new && tenant.subscriptions.size() >= kSubscriptionsMax) {
    return FailedPrecondition(
        "tenant '{}' has {} subscriptions, expected at most {}: each gets every action",
        IdOf(tenant), tenant.subscriptions.size(), kSubscriptionsMax);
  }
  const auto it = tenant.subscriptions.emplace(put.subscription.id, put.subscription).first;
  model::Subscription& subscription = it->second;
  if (!is_new && !subscription.has_expired()) return it->first;
  // It begins anew: what it missed is gone, and so are the sequences of one that was removed.
  subscription.epoch = is_new ? tenant.progress.epochs + 1 : subscription.epoch + 1;
  subscription.expired_at = {};
  subscription.active_at = meta_.shard_time;
  SPOTTER_RETURN_IF_ERROR(SaveSubscription(tenant, subscription));
  SPOTTER_RETURN_IF_ERROR(
      Audit(tenant, command.principal,
            fmt::format("subscription {} {}", it->first, is_new ? "created" : "created again")));
  return it->first;
}

// --- consent and suppression --------------------------------------------------------------------

StatusOr<std::string> Shard::Impl::On(Tenant& tenant, const model::ChangeConsent& change,
                                      const model::Command& command) {
  SPOTTER_ASSIGN_OR_RETURN(Member * member, FindMember(tenant, change.profile));
  // A consent given to staff is a fact like any other: it takes the way of an event.
  const model::SourceRecord& record = member->records.front()->stored.record;
  model::MemberEvent event;
  event.tenant = tenant.settings.id;
  event.source = record.source;
  event.source_event_id = "command:" + command.request_id;
  event.kind = model::EventKind::consent_changed;
  event.event_time = meta_.shard_time;
  event.customer_id = record.customer_id;
  event.attributes.Set(model::AttributeId::channel, change.entry.channel);
  event.attributes.Set(model::AttributeId::purpose, change.entry.purpose);
  event.attributes.Set(
      model::AttributeId::consent_state,
      std::string(change.entry.state == model::ConsentState::kGranted ? "granted" : "denied"));
  event.attributes.Set(model::AttributeId::consent_text, change.entry.text);
  event.attributes.Set(model::AttributeId::consent_source, change.entry.source);
  SPOTTER_RETURN_IF_ERROR(Audit(tenant, command.principal,
                                fmt::format("consent of {} changed", ToText(member->profile.id))));
  SPOTTER_RETURN_IF_ERROR(ApplyToRecord(tenant, *member->records.front(), event));
  return ToText(member->profile.id);
}

StatusOr<std::string> Shard::Impl::On(Tenant& tenant, const model::ChangeSuppression& change,
                                      const model::Command& command) {
  std::string key = state::SuppressionKey(IdOf(tenant), change.channel, change.contact_hash);
  SPOTTER_RETURN_IF_ERROR(
      Audit(tenant, command.principal,
            fmt::format("{} a contact on {}: {}", change.suppressed ? "suppressed" : "released",
                        change.channel, change.reason)));
  if (change.suppressed) {
    SPOTTER_RETURN_IF_ERROR(overlay_.PutHashed(IdOf(tenant), state::Element::kSuppression,
                                               Family::kState, std::move(key), change.reason));
  } else {
    SPOTTER_RETURN_IF_ERROR(overlay_.DeleteHashed(IdOf(tenant), state::Element::kSuppression,
                                                  Family::kState, std::move(key)));
  }
  return std::string(change.suppressed ? "suppressed" : "released");
}

// --- human decisions on identity ----------------------------------------------------------------

StatusOr<std::string> Shard::Impl::On(Tenant& tenant, const model::MergeProfiles& merge,
                                      const model::Command& command) {
  SPOTTER_ASSIGN_OR_RETURN(Member * survivor, FindMember(tenant, merge.survivor));
  SPOTTER_ASSIGN_OR_RETURN(Member * loser, FindMember(tenant, merge.loser));
  if (survivor == loser) return ToText(survivor->profile.id);
  const auto write = [&](model::RecordKey a, model::RecordKey b,
                         std::optional<std::string> value) -> Status {
    for (const auto& [from, to] : {std::pair(a, b), std::pair(b, a)}) {
      std::string key = state::AssertionKey(IdOf(tenant), from, to);
      SPOTTER_RETURN_IF_ERROR(value.has_value()
                                  ? overlay_.PutHashed(IdOf(tenant), state::Element::kAssertion,
                                                       Family::kState, std::move(key), *value)
                                  : overlay_.DeleteHashed(IdOf(tenant), state::Element::kAssertion,
                                                          Family::kState, std::move(key)));
    }
    return OkStatus();
  };
  tenant.may_have_assertions = true;
  const std::vector<model::RecordKey> left = survivor->profile.records;
  const std::vector<model::RecordKey> right = loser->profile.records;
  for (const model::RecordKey a : left) {
    for (const model::RecordKey b : right) SPOTTER_RETURN_IF_ERROR(write(a, b, std::nullopt));
  }
  SPOTTER_RETURN_IF_ERROR(write(left.front(), right.front(), "same"));
  std::vector<model::RecordKey> around = left;
  around.insert(around.end(), right.begin(), right.end());
  SPOTTER_RETURN_IF_ERROR(Audit(tenant, command.principal, "merge asked for: " + merge.reason));
  SPOTTER_RETURN_IF_ERROR(ResolveAround(tenant, around, command.principal));
  SPOTTER_ASSIGN_OR_RETURN(const Member* merged, FindMember(tenant, merge.survivor));
  return ToText(merged->profile.id);
}

StatusOr<std::string> Shard::Impl::On(Tenant& tenant, const model::SplitProfile& split,
                                      const model::Command& command) {
  SPOTTER_ASSIGN_OR_RETURN(Member * member, FindMember(tenant, split.profile));
  const std::vector<model::RecordKey> all = member->profile.records;
  std::vector<model::RecordKey> leaving;
  std::vector<model::RecordKey> staying;
  for (const model::RecordKey key : all) {
    const bool leaves = std::ranges::find(split.records, key) != split.records.end();
    (leaves ? leaving : staying).push_back(key);
  }
  if (leaving.size() != split.records.size()) {
    return InvalidArgument("profile '{}': a record named in the split is not one of its {}",
                           ToText(split.profile), all.size());
  }
  if (leaving.empty() || staying.empty()) {
    return InvalidArgument("profile '{}': a split needs records on both sides, found {} and {}",
                           ToText(split.profile), leaving.size(), staying.size());
  }
  tenant.may_have_assertions = true;
  for (const model::RecordKey a : leaving) {
    for (const model::RecordKey b : staying) {
      for (const auto& [from, to] : {std::pair(a, b), std::pair(b, a)}) {
        SPOTTER_RETURN_IF_ERROR(
            overlay_.PutHashed(IdOf(tenant), state::Element::kAssertion, Family::kState,
                               state::AssertionKey(IdOf(tenant), from, to), "different"));
      }
    }
  }
  SPOTTER_RETURN_IF_ERROR(Audit(tenant, command.principal, "split asked for: " + split.reason));
  SPOTTER_RETURN_IF_ERROR(ResolveAround(tenant, all, command.principal));
  SPOTTER_ASSIGN_OR_RETURN(const LoadedRecord* record, FindRecord(tenant, leaving.front()));
  return ToText(record->member->profile.id);
}

StatusOr<std::string> Shard::Impl::On(Tenant& tenant, const model::AddNote& add,
                                      const model::Command& command) {
  SPOTTER_ASSIGN_OR_RETURN(Member * member, FindMember(tenant, add.profile));
  const model::SourceRecord& record = member->records.front()->stored.record;
  model::MemberEvent event;
  event.tenant = tenant.settings.id;
  event.source = record.source;
  event.source_event_id = "command:" + command.request_id;
  event.kind = model::EventKind::staff_note;
  event.event_time = meta_.shard_time;
  event.customer_id = record.customer_id;
  event.attributes.Set(model::AttributeId::text, add.text);
  event.attributes.Set(model::AttributeId::staff_id, add.author);
  SPOTTER_RETURN_IF_ERROR(ApplyToRecord(tenant, *member->records.front(), event));
  return ToText(member->profile.id);
}

// --- delivery -----------------------------------------------------------------------------------

// An acknowledgement always counts: also one under an id that has meanwhile been merged, where the
// action stands again under the survivor.
StatusOr<std::string> Shard::Impl::On(Tenant& tenant, const model::Settle& settle,
                                      const model::Command& command) {
  if (const auto it = tenant.subscriptions.find(settle.subscription);
      it != tenant.subscriptions.end() && !it->second.has_expired() &&
      meta_.shard_time - it->second.active_at >= kSubscriptionTouch) {
    it->second.active_at = meta_.shard_time;
    SPOTTER_RETURN_IF_ERROR(SaveSubscription(tenant, it->second));
  }
  size_t settled = 0;
  for (const model::Settlement& settlement : settle.settlements) {
    if (settlement.outcome == model::SettleOutcome::kReject &&
        settle.generation < meta_.generation) {
      continue;  // of an owner that is no longer: only its acknowledgements count
    }
    const std::string key = state::OutboxKey(IdOf(tenant), settle.subscription, settlement.profile,
                                             settlement.sequence);
    SPOTTER_ASSIGN_OR_RETURN(const std::optional<std::string> row,
                             overlay_.Get(Family::kOutbox, key));
    const bool is_ack = settlement.outcome == model::SettleOutcome::kAck;
    bool was_action = false;
    model::RecordKey anchor = settlement.anchor;
    model::ActionId id = settlement.action;
    if (row.has_value()) {
      SPOTTER_ASSIGN_OR_RETURN(const model::OutboxEntry entry, state::DecodeOutboxEntry(*row));
      const auto* action = std::get_if<model::Action>(&entry.what);
      was_action = action != nullptr;
      // A Void that took the action's place has to be seen by the subscriber itself.
      const auto* voided = std::get_if<model::Void>(&entry.what);
      if (action != nullptr) anchor = action->proposal.anchor;
      if (voided != nullptr && !voided->anchor.value().is_zero()) anchor = voided->anchor;
      if (action != nullptr) id = action->id;
      const bool meant_action = voided != nullptr && !settlement.action.value().is_zero();
      const bool was_done = is_ack && meant_action && voided->action == settlement.action;
      if (was_done && voided->reason != "reissued" && voided->reason != "settled") {
        // It was out on lease when it was taken back: the refusal is not the whole truth.
        SPOTTER_RETURN_IF_ERROR(
            Audit(tenant, command.principal,
                  fmt::format("{} was done in {} although taken back: {}",
                              ToText(settlement.action), settle.subscription, voided->reason)));
      }
      if (!meant_action) {
        settled++;
        counters_.settled++;
        if (was_action && settlement.outcome == model::SettleOutcome::kReject) {
          SPOTTER_RETURN_IF_ERROR(
              Audit(tenant, command.principal,
                    fmt::format("{} rejected in {}: {}", ToText(settlement.action),
                                settle.subscription, settlement.reason)));
        }
        SPOTTER_RETURN_IF_ERROR(RemoveOutbox(tenant, entry));
      }
    }
    if (is_ack) SPOTTER_RETURN_IF_ERROR(MarkOut(tenant, anchor, id));
    if (was_action || !is_ack || settlement.action.value().is_zero()) continue;
    // It stands with its anchor's record, wherever merges and splits have brought that.
    SPOTTER_ASSIGN_OR_RETURN(const LoadedRecord* record, FindRecord(tenant, anchor));
    const StatusOr<Member*> holder = record != nullptr ? StatusOr<Member*>(record->member)
                                                       : FindMember(tenant, settlement.profile);
    if (!holder.ok()) continue;
    SPOTTER_RETURN_IF_ERROR(
        VoidPending(tenant, **holder, settle.subscription, "settled",
                    [&](const model::Action& action) { return action.id == settlement.action; })
            .status());
  }
  return std::to_string(settled);
}

// The dispatcher could not send in the decided window: the entry becomes Void, and what is still
// wanted is decided again.
StatusOr<std::string> Shard::Impl::On(Tenant& tenant, const model::Undeliverable& missed,
                                      const model::Command&) {
  const std::string key =
      state::OutboxKey(IdOf(tenant), missed.subscription, missed.profile, missed.sequence);
  SPOTTER_ASSIGN_OR_RETURN(const std::optional<std::string> row,
                           overlay_.Get(Family::kOutbox, key));
  if (!row.has_value()) return std::string("settled");
  // Of an owner that is no longer: whether it is out of its window the new one sees for itself.
  if (missed.generation != 0 && missed.generation < meta_.generation) return std::string("stale");
  SPOTTER_ASSIGN_OR_RETURN(model::OutboxEntry entry, state::DecodeOutboxEntry(*row));
  const auto* found = std::get_if<model::Action>(&entry.what);
  if (found == nullptr || found->id != missed.action) return std::string("decided");
  const model::Action action = *found;
  const std::optional<model::Refusal> halt =
      HaltOf(tenant, action.proposal, action.id, meta_.shard_time);
  const bool meant_halt = missed.reason == model::RefusalReason::kPaused ||
                          missed.reason == model::RefusalReason::kShadow;
  if (meant_halt && !halt.has_value()) return std::string("resumed");
  SPOTTER_RETURN_IF_ERROR(VoidEntry(tenant, std::move(entry), NameOf(missed.reason)));

  SPOTTER_ASSIGN_OR_RETURN(Member * member, FindMember(tenant, missed.profile));
  if (halt.has_value()) {
    SPOTTER_RETURN_IF_ERROR(Refuse(tenant, member->profile.id, *halt));
    return std::string("refused");
  }
  const bool is_late = meta_.shard_time >= action.proposal.expires_at;
  if (missed.reason == model::RefusalReason::kExpired && !is_late) {
    // Anew, for consent, contact and caps of then may not be those of now.
    // A further copy of what is out is not held to a cap, nor counted again.
    const bool is_out = IsOut(*member, action.id);
    SPOTTER_ASSIGN_OR_RETURN(govern::Decision decision,
                             Govern(tenant, *member, action.proposal, action.id,
                                    is_out ? AllSent(*member) : std::set<model::ActionId>()));
    if (auto* refusal = std::get_if<model::Refusal>(&decision)) {
      SPOTTER_RETURN_IF_ERROR(Refuse(tenant, member->profile.id, *refusal));
      return std::string("refused");
    }
    auto& again = std::get<model::Action>(decision);
    if (!is_out) CountSent(tenant, *member, again);
    // Only this subscription's copy: the others have theirs.
    SPOTTER_RETURN_IF_ERROR(
        AppendOutbox(tenant, member->profile.id, missed.subscription, std::move(again)));
    return std::string("again");
  }
  SPOTTER_RETURN_IF_ERROR(Refuse(
      tenant, member->profile.id,
      model::Refusal{.proposal = action.proposal,
                     .action = action.id,
                     .reason = missed.reason,
                     .detail = fmt::format("not delivered by {}", FormatTime(action.not_after)),
                     .decided_at = meta_.shard_time}));
  return std::string("refused");
}

StatusOr<std::string> Shard::Impl::On(Tenant& tenant, const model::SeekSubscription& seek,
                                      const model::Command& command) {
  const auto it = tenant.subscriptions.find(seek.subscription);
  if (it == tenant.subscriptions.end()) {
    return NotFound("subscription '{}' does not exist", seek.subscription);
  }
  it->second.epoch++;
  it->second.expired_at = {};
  it->second.active_at = meta_.shard_time;
  SPOTTER_RETURN_IF_ERROR(SaveSubscription(tenant, it->second));
  SPOTTER_RETURN_IF_ERROR(
      Audit(tenant, command.principal,
            fmt::format("subscription {} epoch {}", it->first, it->second.epoch)));
  return std::to_string(it->second.epoch);
}

}  // namespace spotter::engine
