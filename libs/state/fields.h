// SPDX-License-Identifier: Apache-2.0
//
// The canonical encoding of every stored struct: one line of fields each (see archive.h).
#pragma once

#include "state/archive.h"
#include "state/rows.h"

namespace spotter::state {

template <class A>
void Fields(A& a, model::HeldIdentifier& x) {
  a(x.type, x.normalized, x.raw, x.first, x.last, x.current);
}
template <class A>
void Fields(A& a, model::ConsentEntry& x) {
  a(x.channel, x.purpose, x.state, x.time, x.source, x.text, x.entity);
}
template <class A>
void Fields(A& a, model::RetiredEntity& x) {
  a(x.id, x.version);
}
template <class A>
void Fields(A& a, model::Totals& x) {
  a(x.count, x.first, x.last, x.sums);
}
template <class A>
void Fields(A& a, model::Membership& x) {
  a(x.segment, x.is_member, x.since, x.revision);
}
template <class A>
void Fields(A& a, model::Enrolment& x) {
  a(x.id, x.journey, x.revision, x.anchor, x.ordinal, x.state, x.entered_at, x.step,
    x.step_entered_at, x.sent_steps, x.outcome, x.ended_at, x.goal_reached);
}
template <class A>
void Fields(A& a, model::SentMessage& x) {
  a(x.channel, x.message_class, x.at, x.action);
  if (a.schema() >= 3) a(x.is_out);
}
template <class A>
void Fields(A& a, model::Token& x) {
  a(x.name, x.value);
}
template <class A>
void Fields(A& a, model::Proposal& x) {
  a(x.journey, x.revision, x.enrolment, x.anchor, x.step, x.channel, x.template_id, x.text,
    x.tokens, x.purpose, x.message_class, x.role, x.task_kind, x.effective_time, x.expires_at,
    x.cause);
}
template <class A>
void Fields(A& a, model::Action& x) {
  a(x.id, x.profile, x.proposal, x.address, x.decided_at, x.not_before, x.not_after);
}
template <class A>
void Fields(A& a, model::Void& x) {
  a(x.reason, x.action);
  if (a.schema() >= 3) a(x.anchor);
}
template <class A>
void Fields(A& a, model::MergedInto& x) {
  a(x.survivor);
}
template <class A>
void Fields(A& a, model::OutboxEntry& x) {
  a(x.subscription, x.profile, x.sequence, x.decided_offset, x.decided_at, x.what);
}
template <class A>
void Fields(A& a, model::Refusal& x) {
  a(x.proposal, x.action, x.reason, x.detail, x.decided_at);
}

// --- definitions ------------------------------------------------------------------------------

template <class A>
void Fields(A& a, model::SegmentDefinition& x) {
  a(x.id, x.title, x.expression, x.revision);
  if (a.schema() >= 5) a(x.quarantine, x.purpose);
}
template <class A>
void Fields(A& a, model::Subscription& x) {
  a(x.id, x.epoch);
  if (a.schema() >= 2) a(x.active_at, x.expired_at);
}
template <class A>
void Fields(A& a, model::SourceDeclaration& x) {
  a(x.name, x.site, x.interval);
}
template <class A>
void Fields(A& a, model::Claim& x) {
  a(x.generation, x.owner, x.phase, x.lease);
}
template <class A>
void Fields(A& a, model::TenantSettings& x) {
  a(x.id, x.kind, x.title, x.region, x.time_zone, x.suppression_key, x.sources, x.sms_per_week,
    x.quiet_from_minute, x.quiet_until_minute);
}
template <class A>
void Fields(A& a, model::SendStep& x) {
  a(x.channel, x.template_id, x.text, x.tokens, x.expires_after);
}
template <class A>
void Fields(A& a, model::TaskStep& x) {
  a(x.role, x.kind, x.text, x.tokens, x.due_in);
}
template <class A>
void Fields(A& a, model::WaitStep& x) {
  a(x.duration, x.from_entry);
}
template <class A>
void Fields(A& a, model::WaitUntilStep& x) {
  a(x.when, x.timeout, x.on_timeout);
}
template <class A>
void Fields(A& a, model::BranchArm& x) {
  a(x.when, x.go);
}
template <class A>
void Fields(A& a, model::BranchStep& x) {
  a(x.arms);
}
template <class A>
void Fields(A& a, model::SplitArm& x) {
  a(x.name, x.weight, x.go);
}
template <class A>
void Fields(A& a, model::SplitStep& x) {
  a(x.salt, x.arms);
}
template <class A>
void Fields(A& a, model::EndStep& x) {
  a(x.outcome);
}
template <class A>
void Fields(A& a, model::Step& x) {
  a(x.id, x.what, x.go);
}
template <class A>
void Fields(A& a, model::JourneyExit& x) {
  a(x.when, x.reason);
}
template <class A>
void Fields(A& a, model::JourneyDefinition& x) {
  a(x.id, x.title, x.state, x.purpose, x.message_class, x.entry_when, x.reentry_after,
    x.reentry_max, x.holdout_percent, x.holdout_salt, x.exits, x.goal_when, x.goal_within, x.steps,
    x.revision);
  if (a.schema() >= 2) a(x.holdout_reason);
}

// --- rows -------------------------------------------------------------------------------------

template <class A>
void Fields(A& a, StateHash& x) {
  for (Hash128& sum : x.sums()) a(sum);
}
template <class A>
void Fields(A& a, Sweep& x) {
  a(x.next, x.cursor);
}
template <class A>
void Fields(A& a, Meta& x) {
  a(x.logic_version, x.next_offset, x.shard_time, x.time_candidate, x.timer_cursor, x.generation,
    x.hash);
  if (a.schema() >= 2) a(x.outbox_sweep, x.history_sweep);
  if (a.schema() >= 4) a(x.subscription_sweep, x.worked);
}
template <class A>
void Fields(A& a, Profile& x) {
  a(x.id, x.founder, x.founded_offset, x.merged_into, x.records, x.memberships, x.definitions,
    x.evaluated_at, x.armed);
}
template <class A>
void Fields(A& a, Anchor& x) {
  a(x.record, x.enrolments, x.sent);
}
template <class A>
void Fields(A& a, Sequence& x) {
  a(x.next);
}
template <class A>
void Fields(A& a, Answer& x) {
  a(x.code, x.message, x.result, x.offset);
  if (a.schema() >= 2) a(x.at);
}
template <class A>
void Fields(A& a, DeadLetter& x) {
  a(x.offset, x.at, x.reason, x.detail, x.payload);
}
template <class A>
void Fields(A& a, AuditRow& x) {
  a(x.offset, x.at, x.principal, x.what);
}
template <class A>
void Fields(A& a, TenantProgress& x) {
  a(x.definitions, x.work_pending, x.work_cursor, x.include_journeys, x.orphans, x.profiles);
  if (a.schema() >= 4) {
    a(x.epochs, x.work_done, x.work_revision, x.work_begun, x.work_at, x.transitions_from,
      x.counts_members);
  }
}
template <class A>
void Fields(A& a, SegmentCount& x) {
  a(x.day, x.before, x.members);
}
template <class A>
void Fields(A& a, TransitionRow& x) {
  a(x.segment, x.profile, x.entered, x.effective_time, x.cause, x.revision, x.at, x.before_since,
    x.members);
}
template <class A>
void Fields(A& a, TenantMove& x) {
  a(x.revision, x.state, x.other, x.offset_base, x.is_counted, x.next_offset, x.frozen_at,
    x.attempt, x.next_part, x.rows, x.hash, x.refused, x.refusal, x.is_arming, x.cursor,
    x.kept_back);
}

}  // namespace spotter::state
