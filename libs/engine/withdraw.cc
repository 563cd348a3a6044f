// SPDX-License-Identifier: Apache-2.0
//
// What waits in the outbox and is not wanted any more becomes a Void at its place, and the refusal
// is kept. Leases are the owner's soft state, so the shard cannot know whether somebody has an
// action out at this moment: who has it may go on, and an acknowledgement of it is taken
// (apply_command.cc). For the same reason it stays counted for the caps.
#include <algorithm>
#include <set>
#include <tuple>

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
    entry.what = model::Void{.reason = std::string(reason), .action = action->id};
    SPOTTER_RETURN_IF_ERROR(ReplaceOutbox(tenant, std::move(entry)));
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

// Each half was allowed its own messages. In the order in which they were decided each has to pass
// again beside what has gone out already; so the first of both stay, up to the caps.
Status Shard::Impl::GovernWaiting(Tenant& tenant, Member& member) {
  std::map<model::ActionId, model::Action> waiting;
  for (const auto& [id, subscription] : tenant.subscriptions) {
    SPOTTER_ASSIGN_OR_RETURN(const std::vector<OutboxEntry> pending,
                             PendingOf(tenant, id, member.profile.id));
    for (const OutboxEntry& entry : pending) {
      const auto* action = std::get_if<model::Action>(&entry.what);
      if (action != nullptr) waiting.emplace(action->id, *action);
    }
  }
  std::vector<const model::Action*> in_order;
  std::set<model::ActionId> uncounted;
  for (const auto& [id, action] : waiting) {
    in_order.push_back(&action);
    uncounted.insert(id);
  }
  std::ranges::sort(in_order, {}, [](const model::Action* action) {
    return std::tuple(action->decided_at, action->proposal.effective_time, action->id);
  });
  for (const model::Action* action : in_order) {
    std::optional<model::Refusal> refusal =
        HaltOf(tenant, action->proposal, action->id, meta_.shard_time);
    if (!refusal.has_value()) {
      SPOTTER_ASSIGN_OR_RETURN(govern::Decision decision,
                               Govern(tenant, member, action->proposal, action->id, uncounted));
      if (auto* no = std::get_if<model::Refusal>(&decision)) refusal = std::move(*no);
    }
    if (!refusal.has_value()) {
      uncounted.erase(action->id);
      continue;
    }
    // Its time alone is over, merge or not: it ends as every expired action does.
    const bool is_late = refusal->reason == model::RefusalReason::kExpired ||
                         refusal->reason == model::RefusalReason::kQuietHours;
    if (is_late) continue;
    SPOTTER_RETURN_IF_ERROR(
        Withdraw(tenant, member, refusal->reason, "after a merge: " + refusal->detail,
                 [&](const model::Action& other) { return other.id == action->id; }));
  }
  return OkStatus();
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
