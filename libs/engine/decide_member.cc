// SPDX-License-Identifier: Apache-2.0
//
// One member at an instant: which segments hold, which journeys begin or go on, and when to look
// again. Every value is known until an instant (`valid_until`); the least of them is the member's
// due time, and one timer row at or before it stands for the member. A later due time does not
// rewrite the row (it is looked at once, in vain, and armed anew); an earlier one adds a row.
#include <algorithm>

#include "base/assert.h"
#include "engine/shard_impl.h"

namespace spotter::engine {
namespace {

// segment('x') in an expression: the member's stored value and until when it holds.
class MemberSegments final : public segment::SegmentLookup {
 public:
  MemberSegments(const Tenant& tenant, const Member& member) : tenant_(tenant), member_(member) {}
  segment::SegmentValue Lookup(std::string_view segment) const override {
    for (size_t i = 0; i < tenant_.rules.size(); ++i) {
      if (tenant_.rules[i].id == segment) {
        return {member_.IsMember(segment), member_.valid_until[i]};
      }
    }
    return {};
  }

 private:
  const Tenant& tenant_;
  const Member& member_;
};

segment::Input InputAt(EventTime now, const model::MemberView& view, const Tenant& tenant,
                       const MemberSegments& segments, const TenantZones& zones) {
  return {.member = view,
          .now = now,
          .journey_entered_at = {},
          .step_entered_at = {},
          .tenant = tenant.settings.id.value(),
          .segments = &segments,
          .zones = &zones};
}

// A paused journey's clock stands still; a draft has nobody inside.
bool IsWalking(const journey::Journey* journey) {
  return journey != nullptr && (journey->definition().state == model::JourneyState::kLive ||
                                journey->definition().state == model::JourneyState::kShadow);
}

// The enrolment, and those that a merge ended in its favour.
std::set<model::EnrolmentId> WithMergedAway(const Member& member,
                                            const model::Enrolment& enrolment) {
  std::set<model::EnrolmentId> all = {enrolment.id};
  for (const LoadedRecord* record : member.records) {
    for (const model::Enrolment& other : record->anchor.enrolments) {
      if (other.journey == enrolment.journey && other.outcome == "merged") all.insert(other.id);
    }
  }
  return all;
}

}  // namespace

// Valid-until instants are not stored: nothing that a rule reads has changed since it was last
// decided, so its expression gives them again. Must not change anything.
void Shard::Impl::RestoreInstants(Tenant& tenant, Member& member) {
  if (member.decided_under == tenant.generation) return;
  member.decided_under = tenant.generation;
  member.valid_until.assign(tenant.rules.size(), EventTime::Max());
  EventTime decided_at = member.profile.evaluated_at;  // the instant of the last decision
  for (const LoadedRecord* record : member.records) {
    decided_at = std::max(decided_at, record->stored.touches.Last(model::InputSet::All()));
  }
  if (decided_at.ms == 0) return;  // new: everything is about to be decided
  const model::MemberView view = member.view();
  const MemberSegments segments(tenant, member);
  const TenantZones zones(tenant.zones, tenant.settings.time_zone);
  segment::Input input = InputAt(decided_at, view, tenant, segments, zones);
  for (size_t i = 0; i < tenant.rules.size(); ++i) {
    const Rule& rule = tenant.rules[i];
    if (rule.stands_still) continue;
    if (rule.revision > member.profile.definitions) continue;  // not decided yet at all
    input.now = member.profile.evaluated_at;
    for (const LoadedRecord* record : member.records) {
      input.now = std::max(input.now, record->stored.touches.Last(rule.inputs));
    }
    member.valid_until[i] = rule.expression.Evaluate(input).valid_until;
  }
  input.now = decided_at;  // enrolments are walked by every event
  for (LoadedRecord* record : member.records) {
    for (model::Enrolment& enrolment : record->anchor.enrolments) {
      if (enrolment.state == model::EnrolmentState::kEnded) continue;
      const journey::Journey* journey = tenant.FindJourney(enrolment.journey);
      enrolment.valid_until = EventTime::Max();
      if (!IsWalking(journey)) continue;
      if (journey->definition().revision > member.profile.definitions) continue;
      segment::Input at = input;
      at.journey_entered_at = enrolment.entered_at;
      at.step_entered_at = enrolment.step_entered_at;
      enrolment.valid_until =
          journey::AdvanceEnrolment(*journey, enrolment, at, tenant.settings, model::Cause::kTime)
              .enrolment.valid_until;
    }
  }
  FindDue(member);
}

void Shard::Impl::FindDue(Member& member) {
  member.due = EventTime::Max();
  for (const EventTime until : member.valid_until) member.due = std::min(member.due, until);
  for (const LoadedRecord* record : member.records) {
    for (const model::Enrolment& enrolment : record->anchor.enrolments) {
      if (enrolment.state != model::EnrolmentState::kEnded) {
        member.due = std::min(member.due, enrolment.valid_until);
      }
    }
  }
}

Status Shard::Impl::FireDue(Tenant& tenant, Member& member) {
  RestoreInstants(tenant, member);
  if (member.due > meta_.shard_time) return OkStatus();
  Change(tenant, member);  // the row says at which instant the member was last decided
  int instants = 0;
  while (member.due <= meta_.shard_time) {
    const EventTime instant = member.due;
    // A bound, not an expectation: what is left is decided at once, at shard time.
    if (++instants > kInstantsPerWakeMax) return Decide(tenant, member, model::Cause::kTime);
    counters_.timer_lateness_seconds.push_back(
        static_cast<double>((meta_.shard_time - instant).count()) / 1000.0);
    SPOTTER_RETURN_IF_ERROR(DecideAt(tenant, member, instant, model::Cause::kTime));
    Assert(member.due > instant, "a decision holds beyond its own instant");
  }
  Arm(tenant, member);
  return OkStatus();
}

Status Shard::Impl::Decide(Tenant& tenant, Member& member, model::Cause cause) {
  SPOTTER_RETURN_IF_ERROR(DecideAt(tenant, member, meta_.shard_time, cause));
  Arm(tenant, member);
  return OkStatus();
}

Status Shard::Impl::DecideTouched(Tenant& tenant, Member& member, model::InputSet touched,
                                  model::Cause cause) {
  const bool is_new = member.profile.evaluated_at.ms == 0;
  const bool is_stale = member.profile.definitions < tenant.progress.definitions;
  if (is_new || is_stale) return Decide(tenant, member, cause);
  if (touched.empty()) return OkStatus();
  SPOTTER_RETURN_IF_ERROR(DecideAt(tenant, member, meta_.shard_time, cause, &touched));
  Arm(tenant, member);
  return OkStatus();
}

// Each rule's instant is a function of what it reads and of when it was last decided: at the last
// decision of everything (`evaluated_at`), or when an input of it was last touched. All of that is
// stored, so a member that was reloaded goes on exactly as one that stayed in memory.
Status Shard::Impl::DecideAt(Tenant& tenant, Member& member, EventTime now, model::Cause cause,
                             const model::InputSet* touched) {
  RestoreInstants(tenant, member);
  if (touched == nullptr) Change(tenant, member);
  SPOTTER_RETURN_IF_ERROR(WithdrawHalted(tenant, member));
  if (member.profile.definitions < tenant.progress.definitions) {
    SPOTTER_RETURN_IF_ERROR(LeaveDeleted(tenant, member, now));
  }
  SPOTTER_RETURN_IF_ERROR(DecideRules(tenant, member, now, cause, touched));
  SPOTTER_RETURN_IF_ERROR(AdvanceJourneys(tenant, member, now, cause));
  if (touched == nullptr) {
    member.profile.definitions = tenant.progress.definitions;
    member.profile.evaluated_at = now;
  }
  FindDue(member);
  return OkStatus();
}

Status Shard::Impl::DecideRules(Tenant& tenant, Member& member, EventTime now, model::Cause cause,
                                const model::InputSet* touched) {
  const model::MemberView view = member.view();
  const MemberSegments segments(tenant, member);
  const TenantZones zones(tenant.zones, tenant.settings.time_zone);
  const segment::Input input = InputAt(now, view, tenant, segments, zones);
  for (size_t i = 0; i < tenant.rules.size(); ++i) {
    const Rule& rule = tenant.rules[i];
    if (rule.stands_still) {
      member.valid_until[i] = EventTime::Max();
      continue;
    }
    if (touched != nullptr && !rule.inputs.Meets(*touched)) continue;
    const bool is_stale = rule.revision > member.profile.definitions;
    counters_.rules_asked++;
    const segment::Result result = rule.expression.Evaluate(input);
    Assert(result.valid_until > now, "a value holds beyond the instant it was computed at");
    member.valid_until[i] = result.valid_until;
    auto& memberships = member.profile.memberships;
    auto membership =
        std::ranges::lower_bound(memberships, rule.id, {}, &model::Membership::segment);
    const bool is_known = membership != memberships.end() && membership->segment == rule.id;
    if (result.value == (is_known && membership->is_member)) continue;

    Change(tenant, member);
    membership = std::ranges::lower_bound(memberships, rule.id, {}, &model::Membership::segment);
    if (!is_known) {
      membership =
          memberships.insert(membership, model::Membership{.segment = rule.id, .since = now});
    }
    const EventTime before_since = is_known ? membership->since : EventTime{};
    membership->is_member = result.value;
    membership->since = now;
    membership->revision = rule.revision;
    const model::Cause why = is_stale ? model::Cause::kDefinition : cause;
    counters_.transitions_by_cause[static_cast<size_t>(why)]++;
    if (rule.journey < 0) {
      SPOTTER_RETURN_IF_ERROR(Transit(tenant, member.profile.id, *membership, before_since, why));
      continue;
    }
    if (!result.value) continue;
    const journey::Journey& journey = tenant.journeys[static_cast<size_t>(rule.journey)];
    const bool is_invited =
        why == model::Cause::kDefinition &&
        std::ranges::count(tenant.progress.include_journeys, journey.definition().id) > 0;
    if (why == model::Cause::kLive || why == model::Cause::kTime || is_invited) {
      SPOTTER_RETURN_IF_ERROR(EnterJourney(tenant, member, journey, now));
    }
  }
  return OkStatus();
}

bool Shard::Impl::MayReturn(const model::JourneyDefinition& definition, size_t entries,
                            EventTime last_entry, EventTime now) {
  return definition.reentry_after.count() > 0 &&
         entries <= static_cast<size_t>(definition.reentry_max) &&
         now - last_entry >= definition.reentry_after;
}

Status Shard::Impl::EnterJourney(Tenant& tenant, Member& member, const journey::Journey& journey,
                                 EventTime now) {
  const model::JourneyDefinition& definition = journey.definition();
  if (definition.state != model::JourneyState::kLive &&
      definition.state != model::JourneyState::kShadow) {
    return OkStatus();
  }
  size_t entries = 0;
  EventTime last_entry = EventTime::Min();
  for (const LoadedRecord* record : member.records) {
    for (const model::Enrolment& enrolment : record->anchor.enrolments) {
      if (enrolment.journey != definition.id || IsSuperseded(member, enrolment)) continue;
      if (enrolment.state != model::EnrolmentState::kEnded) return OkStatus();  // inside already
      entries++;
      last_entry = std::max(last_entry, enrolment.entered_at);
    }
  }
  if (entries > 0 && !MayReturn(definition, entries, last_entry, now)) return OkStatus();
  // The anchor of an entry is the profile's lowest record key.
  LoadedRecord& anchor = *member.records.front();
  uint32_t ordinal = 0;
  for (const model::Enrolment& enrolment : anchor.anchor.enrolments) {
    if (enrolment.journey == definition.id) ordinal = std::max(ordinal, enrolment.ordinal + 1);
  }
  ChangeAnchor(tenant, anchor);
  anchor.anchor.enrolments.push_back(
      journey::StartEnrolment(journey, tenant.settings.id, anchor.stored.record.key, ordinal, now));
  anchor.anchor.enrolments.back().valid_until = now;  // to be walked at once
  return OkStatus();
}

Status Shard::Impl::AdvanceJourneys(Tenant& tenant, Member& member, EventTime now,
                                    model::Cause cause) {
  const MemberSegments segments(tenant, member);
  const TenantZones zones(tenant.zones, tenant.settings.time_zone);
  for (LoadedRecord* record : member.records) {
    for (size_t i = 0; i < record->anchor.enrolments.size(); ++i) {
      if (record->anchor.enrolments[i].state == model::EnrolmentState::kEnded) continue;
      const journey::Journey* journey = tenant.FindJourney(record->anchor.enrolments[i].journey);
      if (!IsWalking(journey)) {
        record->anchor.enrolments[i].valid_until = EventTime::Max();
        continue;
      }
      const model::Enrolment before = record->anchor.enrolments[i];
      const model::MemberView view = member.view();
      segment::Input input = InputAt(now, view, tenant, segments, zones);
      input.journey_entered_at = before.entered_at;
      input.step_entered_at = before.step_entered_at;
      journey::Advance advance =
          journey::AdvanceEnrolment(*journey, before, input, tenant.settings, cause);
      model::Enrolment after = std::move(advance.enrolment);
      const EventTime valid_until = after.valid_until;
      Assert(after.state == model::EnrolmentState::kEnded || valid_until > now,
             "an enrolment rests beyond the instant it was walked at");
      after.valid_until = before.valid_until;
      if (after != before) {
        ChangeAnchor(tenant, *record);
        Change(tenant, member);
        record->anchor.enrolments[i] = std::move(after);
      }
      record->anchor.enrolments[i].valid_until = valid_until;
      for (const model::Proposal& proposal : advance.proposals) {
        SPOTTER_RETURN_IF_ERROR(Dispose(tenant, member, proposal));
      }
      if (advance.cut_short.empty()) continue;
      // Also what the other half of a merged person has waiting of this journey.
      const std::set<model::EnrolmentId> ended = WithMergedAway(member, before);
      SPOTTER_RETURN_IF_ERROR(Withdraw(
          tenant, member, model::RefusalReason::kWithdrawn, advance.cut_short,
          [&](const model::Action& action) { return ended.contains(action.proposal.enrolment); }));
    }
  }
  return OkStatus();
}

void Shard::Impl::Arm(Tenant& tenant, Member& member) {
  if (member.due == EventTime::Max() || member.due >= member.profile.armed) return;
  Change(tenant, member);
  // While instants at or before shard time are still being worked off, nothing is armed there.
  const EventTime due = std::max(member.due, meta_.shard_time + Duration(1));
  member.profile.armed = due;
  overlay_.Put(Family::kTimers, state::TimerKey(due, IdOf(tenant), member.profile.id), "");
  next_due_ = std::min(next_due_, due);
}

}  // namespace spotter::engine
