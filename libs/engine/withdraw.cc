// SPDX-License-Identifier: Apache-2.0
//
// What waits in the outbox and is not wanted any more becomes a Void at its place, and the refusal
// is kept. Leases are the owner's soft state, so the shard cannot know whether somebody has an
// action out at this moment: who has it may go on, and an acknowledgement of it is taken
// (apply_command.cc). For the same reason it stays counted for the caps.
#include <set>

#include "engine/shard_impl.h"

namespace spotter::engine {

using model::OutboxEntry;

StatusOr<std::vector<OutboxEntry>> Shard::Impl::PendingOf(Tenant& tenant,
                                                          std::string_view subscription,
                                                          model::ProfileId profile) {
  std::vector<OutboxEntry> pending;
  // Most members have never been sent anything: one look-up tells, where a scan costs much more.
  SPOTTER_ASSIGN_OR_RETURN(
      const std::optional<std::string> sequence,
      overlay_.Get(Family::kState, state::SequenceKey(IdOf(tenant), profile, subscription)));
  if (!sequence.has_value()) return pending;
  Status status = OkStatus();
  const std::string prefix = state::OutboxPrefix(IdOf(tenant), subscription, profile);
  SPOTTER_RETURN_IF_ERROR(overlay_.Scan(Family::kOutbox, prefix, store::PrefixEnd(prefix),
                                        [&](std::string_view, std::string_view value) {
                                          StatusOr<OutboxEntry> entry =
                                              state::DecodeOutboxEntry(value);
                                          status = entry.status();
                                          if (entry.ok()) pending.push_back(*std::move(entry));
                                          return status.ok();
                                        }));
  SPOTTER_RETURN_IF_ERROR(status);
  return pending;
}

StatusOr<std::vector<model::Action>> Shard::Impl::VoidPending(Tenant& tenant, const Member& member,
                                                              std::string_view subscription,
                                                              std::string_view reason,
                                                              const Matches& matches) {
  std::vector<model::Action> voided;
  SPOTTER_ASSIGN_OR_RETURN(std::vector<OutboxEntry> pending,
                           PendingOf(tenant, subscription, member.profile.id));
  for (OutboxEntry& entry : pending) {
    const auto* action = std::get_if<model::Action>(&entry.what);
    if (action == nullptr || !matches(*action)) continue;
    voided.push_back(*action);
    SPOTTER_RETURN_IF_ERROR(VoidEntry(tenant, std::move(entry), reason));
  }
  return voided;
}

Status Shard::Impl::Withdraw(Tenant& tenant, const Member& member, model::RefusalReason reason,
                             std::string_view detail, const Matches& matches) {
  std::set<model::ActionId> refused;
  for (const auto& [id, subscription] : tenant.subscriptions) {
    SPOTTER_ASSIGN_OR_RETURN(const std::vector<model::Action> voided,
                             VoidPending(tenant, member, id, NameOf(reason), matches));
    for (const model::Action& action : voided) {
      if (!refused.insert(action.id).second) continue;
      SPOTTER_RETURN_IF_ERROR(Refuse(tenant, member.profile.id,
                                     model::Refusal{.proposal = action.proposal,
                                                    .action = action.id,
                                                    .reason = reason,
                                                    .detail = std::string(detail),
                                                    .decided_at = meta_.shard_time}));
    }
  }
  return OkStatus();
}

Status Shard::Impl::WithdrawDenied(Tenant& tenant, const Member& member) {
  const model::MemberView view = member.view();
  return Withdraw(tenant, member, model::RefusalReason::kNoConsent,
                  "consent was denied while it waited", [&](const model::Action& action) {
                    return model::IsMemberFacing(action.proposal.channel) &&
                           view.Consent(model::NameOf(action.proposal.channel),
                                        action.proposal.purpose) == model::ConsentState::kDenied;
                  });
}

Status Shard::Impl::WithdrawHalted(Tenant& tenant, const Member& member) {
  for (const journey::Journey& journey : tenant.journeys) {
    const model::JourneyDefinition& definition = journey.definition();
    if (definition.revision <= member.profile.definitions) continue;
    const std::optional<model::RefusalReason> reason = govern::HaltOf(definition.state);
    if (!reason.has_value()) continue;
    SPOTTER_RETURN_IF_ERROR(Withdraw(
        tenant, member, *reason,
        fmt::format("the journey became {} while it waited", NameOf(definition.state)),
        [&](const model::Action& action) { return action.proposal.journey == definition.id; }));
  }
  return OkStatus();
}

}  // namespace spotter::engine
