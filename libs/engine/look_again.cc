// SPDX-License-Identifier: Apache-2.0
//
// A merge or a split changes who the person is for whom an action was decided. What waits goes
// where its anchor's record went and is decided anew, as of the person that is there now: consent,
// address, words, quiet hours, caps, and whether the other half was sent the same already.
#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "engine/shard_impl.h"

namespace spotter::engine {

using model::OutboxEntry;

// One action and its copies, one a subscription that has not settled it.
struct Shard::Impl::Waiting {
  model::Action action;
  std::vector<OutboxEntry> copies;
  bool is_out = false;  // in another subscription it was acknowledged
};

namespace {

// The journey may have been edited since; a step that is gone leaves the words as they were.
model::Proposal Renewed(const journey::Journey* journey, const model::MemberView& member,
                        model::Proposal proposal) {
  if (journey != nullptr) journey::Personalize(*journey, member, proposal);
  return proposal;
}

// Whether a subscriber that gets `old` would do another thing, or at another time, than with `now`.
bool Differs(const model::Action& old, const model::Action& now, EventTime time) {
  return old.address != now.address || old.proposal.text != now.proposal.text ||
         old.proposal.tokens != now.proposal.tokens ||
         std::max(old.not_before, time) != now.not_before || old.not_after > now.not_after;
}

const model::Enrolment* FindEnrolment(const Member& member, model::EnrolmentId id) {
  for (const LoadedRecord* record : member.records) {
    for (const model::Enrolment& enrolment : record->anchor.enrolments) {
      if (enrolment.id == id) return &enrolment;
    }
  }
  return nullptr;
}

}  // namespace

Status Shard::Impl::Reissue(Tenant& tenant, OutboxEntry copy, model::Action action) {
  const std::string subscription = copy.subscription;
  SPOTTER_RETURN_IF_ERROR(VoidEntry(tenant, std::move(copy), "reissued"));
  const model::ProfileId profile = action.profile;
  return AppendOutbox(tenant, profile, subscription, std::move(action));
}

Status Shard::Impl::MoveWaiting(Tenant& tenant, Member& from) {
  for (const auto& [id, subscription] : tenant.subscriptions) {
    SPOTTER_ASSIGN_OR_RETURN(std::vector<OutboxEntry> pending,
                             PendingOf(tenant, id, from.profile.id));
    for (OutboxEntry& entry : pending) {
      if (subscription.has_expired()) {
        SPOTTER_RETURN_IF_ERROR(DropExpired(tenant, subscription, entry));
        continue;
      }
      const auto* action = std::get_if<model::Action>(&entry.what);
      if (action == nullptr) continue;
      SPOTTER_ASSIGN_OR_RETURN(const LoadedRecord* anchor,
                               FindRecord(tenant, action->proposal.anchor));
      if (anchor == nullptr || anchor->member == &from) continue;
      model::Action moved = *action;
      moved.profile = anchor->member->profile.id;
      SPOTTER_RETURN_IF_ERROR(Reissue(tenant, std::move(entry), std::move(moved)));
    }
  }
  return OkStatus();
}

// What is out comes first, for nothing takes it back; then as it was decided.
StatusOr<std::vector<Shard::Impl::Waiting>> Shard::Impl::WaitingOf(Tenant& tenant, Member& member) {
  std::map<model::ActionId, Waiting> found;
  for (const auto& [id, subscription] : tenant.subscriptions) {
    if (subscription.has_expired()) continue;
    SPOTTER_ASSIGN_OR_RETURN(std::vector<OutboxEntry> pending,
                             PendingOf(tenant, id, member.profile.id));
    for (OutboxEntry& entry : pending) {
      const auto* action = std::get_if<model::Action>(&entry.what);
      if (action == nullptr) continue;
      Waiting& waiting = found.try_emplace(action->id, Waiting{.action = *action}).first->second;
      waiting.copies.push_back(std::move(entry));
    }
  }
  std::vector<Waiting> all;
  for (auto& [id, waiting] : found) {
    waiting.is_out = IsOut(member, id);
    all.push_back(std::move(waiting));
  }
  std::ranges::sort(all, {}, [](const Waiting& one) {
    return std::tuple(!one.is_out, one.action.decided_at, one.action.proposal.effective_time,
                      one.action.id);
  });
  return all;
}

// Two halves of one person that walked the same journey: what one was sent, or will be, by a step
// is not sent to the other, unless the later entry would have been a return.
std::optional<model::Refusal> Shard::Impl::RepeatOf(const Tenant& tenant, const Member& member,
                                                    const model::Action& action,
                                                    const std::set<model::ActionId>& kept) const {
  const journey::Journey* journey = tenant.FindJourney(action.proposal.journey);
  const model::Enrolment* own = FindEnrolment(member, action.proposal.enrolment);
  if (journey == nullptr || own == nullptr) return std::nullopt;
  for (const LoadedRecord* record : member.records) {
    for (const model::Enrolment& other : record->anchor.enrolments) {
      if (other.journey != own->journey || other.anchor == own->anchor) continue;
      const auto [first, second] = std::minmax(other.entered_at, own->entered_at);
      if (MayReturn(journey->definition(), 1, first, second)) continue;
      const model::ActionId same =
          model::MakeActionId(tenant.settings.id, own->journey, other.id, action.proposal.step);
      if (!kept.contains(same) && !IsOut(*record, same)) continue;
      return model::Refusal{
          .proposal = action.proposal,
          .action = action.id,
          .reason = model::RefusalReason::kWithdrawn,
          .detail = fmt::format("{} is the same step for the same person", ToText(same)),
          .decided_at = meta_.shard_time};
    }
  }
  return std::nullopt;
}

// In their order each has to pass beside those that are out and those before it; so the first of
// both halves stay, up to the caps.
Status Shard::Impl::GovernWaiting(Tenant& tenant, Member& member, std::string_view since) {
  SPOTTER_ASSIGN_OR_RETURN(const std::vector<Waiting> all, WaitingOf(tenant, member));
  std::set<model::ActionId> later;  // of what waits, what does not count yet
  for (const Waiting& one : all) {
    if (!one.is_out) later.insert(one.action.id);
  }
  const std::set<model::ActionId> every = AllSent(member);
  std::set<model::ActionId> kept;
  for (const Waiting& one : all) {
    const model::Action& action = one.action;
    const model::ActionId id = action.id;
    later.erase(id);
    std::optional<model::Refusal> refusal = RepeatOf(tenant, member, action, kept);
    if (!refusal.has_value()) refusal = HaltOf(tenant, action.proposal, id, meta_.shard_time);
    std::optional<model::Action> anew;
    if (!refusal.has_value()) {
      const model::Proposal proposal =
          Renewed(tenant.FindJourney(action.proposal.journey), member.view(), action.proposal);
      // A further copy of what is out is not held to a cap.
      SPOTTER_ASSIGN_OR_RETURN(govern::Decision decision,
                               Govern(tenant, member, proposal, id, one.is_out ? every : later));
      if (auto* no = std::get_if<model::Refusal>(&decision)) {
        refusal = std::move(*no);
      } else {
        anew = std::get<model::Action>(std::move(decision));
      }
    }
    if (anew.has_value()) {
      kept.insert(id);
      if (!Differs(action, *anew, meta_.shard_time)) continue;
      anew->decided_at = action.decided_at;  // its place among the others
      if (!one.is_out) CountSent(tenant, member, *anew);
      for (const OutboxEntry& copy : one.copies) {
        SPOTTER_RETURN_IF_ERROR(Reissue(tenant, copy, *anew));
      }
      continue;
    }
    // Its time alone is over: it ends as every expired action does.
    if (refusal->reason == model::RefusalReason::kExpired) continue;
    SPOTTER_RETURN_IF_ERROR(Withdraw(tenant, member, refusal->reason,
                                     fmt::format("{}: {}", since, refusal->detail),
                                     [&](const model::Action& other) { return other.id == id; }));
  }
  return OkStatus();
}

}  // namespace spotter::engine
