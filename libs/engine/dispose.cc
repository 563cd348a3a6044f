// SPDX-License-Identifier: Apache-2.0
//
// Journeys propose, governance disposes: what it allows becomes an outbox entry of every
// subscription, what it does not is kept with its reason.
#include <algorithm>

#include "engine/shard_impl.h"

namespace spotter::engine {

using model::OutboxEntry;

StatusOr<govern::Decision> Shard::Impl::Govern(Tenant& tenant, Member& member,
                                               const model::Proposal& proposal,
                                               const model::ActionId& id,
                                               const std::set<model::ActionId>& uncounted) {
  const model::MemberView view = member.view();
  const std::string address = govern::AddressOf(proposal, view);
  SPOTTER_ASSIGN_OR_RETURN(const bool suppressed, IsSuppressed(tenant, proposal.channel, address));
  std::vector<govern::SentMessage> sent;
  for (const LoadedRecord* record : member.records) {
    for (const govern::SentMessage& message : record->anchor.sent) {
      if (!uncounted.contains(message.action)) sent.push_back(message);
    }
  }
  const Tenant::KnownZone known = tenant.ZoneOf(view);
  const govern::Facts facts{.settings = tenant.settings,
                            .member = view,
                            .zone = known.zone,
                            .missing_zone = known.missing,
                            .sent = sent,
                            .contact_suppressed = suppressed};
  return govern::DecideProposal(proposal, id, facts, meta_.shard_time);
}

Status Shard::Impl::Dispose(Tenant& tenant, Member& member, const model::Proposal& proposal) {
  const model::ActionId id =
      model::MakeActionId(tenant.settings.id, proposal.journey, proposal.enrolment, proposal.step);
  SPOTTER_ASSIGN_OR_RETURN(govern::Decision decision, Govern(tenant, member, proposal, id));
  if (auto* refusal = std::get_if<model::Refusal>(&decision)) {
    return Refuse(tenant, member.profile.id, *refusal);
  }
  if (const auto halt = HaltOf(tenant, proposal, id, meta_.shard_time)) {
    return Refuse(tenant, member.profile.id, *halt);
  }
  return Issue(tenant, member, std::get<model::Action>(decision));
}

std::optional<model::Refusal> Shard::Impl::HaltOf(const Tenant& tenant,
                                                  const model::Proposal& proposal,
                                                  const model::ActionId& id, EventTime now) {
  const journey::Journey* journey = tenant.FindJourney(proposal.journey);
  if (journey == nullptr) return std::nullopt;  // a reply to the member, not a journey's step
  const model::JourneyState state = journey->definition().state;
  const std::optional<model::RefusalReason> reason = govern::HaltOf(state);
  if (!reason.has_value()) return std::nullopt;
  return model::Refusal{
      .proposal = proposal,
      .action = id,
      .reason = *reason,
      .detail = state == model::JourneyState::kShadow
                    ? "the journey is in shadow: it decides, nothing is sent"
                    : fmt::format("the journey is {}: nothing is sent", NameOf(state)),
      .decided_at = now};
}

void Shard::Impl::CountSent(Tenant& tenant, Member& member, const model::Action& action) {
  LoadedRecord* anchor = member.records.front();
  for (LoadedRecord* record : member.records) {
    if (record->stored.record.key == action.proposal.anchor) anchor = record;
  }
  ChangeAnchor(tenant, *anchor);
  std::vector<govern::SentMessage>& sent = anchor->anchor.sent;
  const EventTime cutoff = meta_.shard_time - kSentKeep;
  const bool is_out = IsOut(*anchor, action.id);  // decided again for a reader who missed it
  std::erase_if(sent, [&](const govern::SentMessage& message) {
    return message.at < cutoff || message.action == action.id;
  });
  sent.push_back({.channel = action.proposal.channel,
                  .message_class = action.proposal.message_class,
                  .at = action.not_before,
                  .action = action.id,
                  .is_out = is_out});
}

bool Shard::Impl::IsOut(const LoadedRecord& anchor, const model::ActionId& id) {
  return std::ranges::any_of(anchor.anchor.sent, [&](const govern::SentMessage& message) {
    return message.is_out && message.action == id;
  });
}

bool Shard::Impl::IsOut(const Member& member, const model::ActionId& id) {
  return std::ranges::any_of(member.records,
                             [&](const LoadedRecord* record) { return IsOut(*record, id); });
}

std::set<model::ActionId> Shard::Impl::AllSent(const Member& member) {
  std::set<model::ActionId> all;
  for (const LoadedRecord* record : member.records) {
    for (const govern::SentMessage& message : record->anchor.sent) all.insert(message.action);
  }
  return all;
}

Status Shard::Impl::MarkOut(Tenant& tenant, model::RecordKey anchor, const model::ActionId& id) {
  SPOTTER_ASSIGN_OR_RETURN(LoadedRecord * record, FindRecord(tenant, anchor));
  if (record == nullptr) return OkStatus();
  for (govern::SentMessage& message : record->anchor.sent) {
    if (message.action != id || message.is_out) continue;
    ChangeAnchor(tenant, *record);
    message.is_out = true;
  }
  return OkStatus();
}

Status Shard::Impl::Issue(Tenant& tenant, Member& member, const model::Action& action) {
  counters_.actions++;
  CountSent(tenant, member, action);
  for (const auto& [id, subscription] : tenant.subscriptions) {
    SPOTTER_RETURN_IF_ERROR(AppendOutbox(tenant, member.profile.id, id, action));
  }
  return OkStatus();
}

Status Shard::Impl::Refuse(Tenant& tenant, model::ProfileId profile,
                           const model::Refusal& refusal) {
  counters_.refusals_by_reason[static_cast<size_t>(refusal.reason)]++;
  return overlay_.PutHashed(IdOf(tenant), state::Element::kRefusal, Family::kState,
                            state::RefusalKey(IdOf(tenant), profile, OffsetFor(tenant), ordinal_++),
                            state::EncodeRow(refusal));
}

Status Shard::Impl::AppendOutbox(Tenant& tenant, model::ProfileId profile,
                                 std::string_view subscription,
                                 std::variant<model::Action, model::Void, model::MergedInto> what) {
  const auto reader = tenant.subscriptions.find(std::string(subscription));
  if (reader != tenant.subscriptions.end() && reader->second.has_expired()) return OkStatus();
  std::string key = state::SequenceKey(IdOf(tenant), profile, subscription);
  SPOTTER_ASSIGN_OR_RETURN(const std::optional<std::string> row, overlay_.Get(Family::kState, key));
  state::Sequence sequence;
  if (row.has_value()) {
    SPOTTER_ASSIGN_OR_RETURN(sequence, state::DecodeSequence(*row));
  }
  OutboxEntry entry{.subscription = std::string(subscription),
                    .profile = profile,
                    .sequence = sequence.next++,
                    .decided_offset = OffsetFor(tenant),
                    .decided_at = meta_.shard_time,
                    .what = std::move(what)};
  SPOTTER_RETURN_IF_ERROR(overlay_.PutHashed(IdOf(tenant), state::Element::kSequence,
                                             Family::kState, std::move(key),
                                             state::EncodeRow(sequence)));
  return ReplaceOutbox(tenant, std::move(entry));
}

Status Shard::Impl::ReplaceOutbox(Tenant& tenant, OutboxEntry entry) {
  SPOTTER_RETURN_IF_ERROR(overlay_.PutHashed(
      IdOf(tenant), state::Element::kOutbox, Family::kOutbox,
      state::OutboxKey(IdOf(tenant), entry.subscription, entry.profile, entry.sequence),
      state::EncodeRow(entry)));
  effects_.outbox.push_back({.tenant = tenant.settings.id, .entry = std::move(entry)});
  return OkStatus();
}

Status Shard::Impl::VoidEntry(Tenant& tenant, OutboxEntry entry, std::string_view reason) {
  const auto& action = std::get<model::Action>(entry.what);
  entry.what = model::Void{
      .reason = std::string(reason), .action = action.id, .anchor = action.proposal.anchor};
  entry.decided_at = meta_.shard_time;
  return ReplaceOutbox(tenant, std::move(entry));
}

Status Shard::Impl::RemoveOutbox(Tenant& tenant, const OutboxEntry& entry) {
  SPOTTER_RETURN_IF_ERROR(overlay_.DeleteHashed(
      IdOf(tenant), state::Element::kOutbox, Family::kOutbox,
      state::OutboxKey(IdOf(tenant), entry.subscription, entry.profile, entry.sequence)));
  effects_.outbox.push_back({.tenant = tenant.settings.id, .entry = entry, .removed = true});
  return OkStatus();
}

StatusOr<bool> Shard::Impl::IsSuppressed(Tenant& tenant, model::Channel channel,
                                         const std::string& address) {
  if (address.empty() || !model::IsMemberFacing(channel)) return false;
  const Hash128 contact = KeyedHashOf(tenant.settings.suppression_key, address);
  SPOTTER_ASSIGN_OR_RETURN(
      const std::optional<std::string> row,
      overlay_.Get(Family::kState,
                   state::SuppressionKey(IdOf(tenant), model::NameOf(channel), contact)));
  return row.has_value();
}

Status Shard::Impl::Suppress(Tenant& tenant, std::string_view channel, const std::string& contact,
                             std::string_view reason) {
  const Hash128 hash = KeyedHashOf(tenant.settings.suppression_key, contact);
  SPOTTER_RETURN_IF_ERROR(
      Audit(tenant, "", fmt::format("suppressed a contact on {}: {}", channel, reason)));
  return overlay_.PutHashed(IdOf(tenant), state::Element::kSuppression, Family::kState,
                            state::SuppressionKey(IdOf(tenant), channel, hash),
                            std::string(reason));
}

}  // namespace spotter::engine
