// SPDX-License-Identifier: Apache-2.0
#include "wire/definition_proto.h"

#include <utility>

#include "wire/leaf.h"

namespace spotter::wire {
namespace {

struct StepWriter {
  v1::JourneyStep& to;

  void operator()(const model::SendStep& from) const {
    v1::SendStep& send = *to.mutable_send();
    send.set_channel(static_cast<v1::Channel>(from.channel));
    send.set_template_id(from.template_id);
    send.set_text(from.text);
    send.mutable_tokens()->Assign(from.tokens.begin(), from.tokens.end());
    *send.mutable_expires_after() = ToProto(from.expires_after);
  }
  void operator()(const model::TaskStep& from) const {
    v1::TaskStep& task = *to.mutable_task();
    task.set_role(from.role);
    task.set_kind(from.kind);
    task.set_text(from.text);
    task.mutable_tokens()->Assign(from.tokens.begin(), from.tokens.end());
    *task.mutable_due_in() = ToProto(from.due_in);
  }
  void operator()(const model::WaitStep& from) const {
    *to.mutable_wait()->mutable_duration() = ToProto(from.duration);
    to.mutable_wait()->set_from_entry(from.from_entry);
  }
  void operator()(const model::WaitUntilStep& from) const {
    to.mutable_wait_until()->set_when(from.when);
    *to.mutable_wait_until()->mutable_timeout() = ToProto(from.timeout);
    to.mutable_wait_until()->set_on_timeout(from.on_timeout);
  }
  void operator()(const model::BranchStep& from) const {
    to.mutable_branch();
    for (const model::BranchArm& arm : from.arms) {
      v1::BranchArm& added = *to.mutable_branch()->add_arms();
      added.set_when(arm.when);
      added.set_go(arm.go);
    }
  }
  void operator()(const model::SplitStep& from) const {
    to.mutable_split()->set_salt(from.salt);
    for (const model::SplitArm& arm : from.arms) {
      v1::SplitArm& added = *to.mutable_split()->add_arms();
      added.set_name(arm.name);
      added.set_weight(arm.weight);
      added.set_go(arm.go);
    }
  }
  void operator()(const model::EndStep& from) const { to.mutable_end()->set_outcome(from.outcome); }
};

model::SendStep ReadSend(const v1::SendStep& from, Reader& reader) {
  model::SendStep to;
  const bool known = v1::Channel_IsValid(from.channel());
  to.channel = reader.Enum<model::Channel>(from.channel(), known, "channel");
  to.template_id = from.template_id();
  to.text = from.text();
  to.tokens.assign(from.tokens().begin(), from.tokens().end());
  if (from.has_expires_after()) {
    to.expires_after = reader.Span(from.expires_after(), "expires_after");
  }
  return to;
}

model::TaskStep ReadTask(const v1::TaskStep& from, Reader& reader) {
  model::TaskStep to{.role = from.role(), .kind = from.kind(), .text = from.text()};
  to.tokens.assign(from.tokens().begin(), from.tokens().end());
  if (from.has_due_in()) to.due_in = reader.Span(from.due_in(), "due_in");
  return to;
}

model::BranchStep ReadBranch(const v1::BranchStep& from) {
  model::BranchStep to;
  for (const v1::BranchArm& arm : from.arms()) to.arms.push_back({arm.when(), arm.go()});
  return to;
}

model::SplitStep ReadSplit(const v1::SplitStep& from) {
  model::SplitStep to{.salt = from.salt()};
  for (const v1::SplitArm& arm : from.arms()) {
    to.arms.push_back({arm.name(), arm.weight(), arm.go()});
  }
  return to;
}

model::Step ReadStep(const v1::JourneyStep& from, Reader& reader) {
  model::Step to{.id = from.id(), .go = from.go()};
  switch (from.what_case()) {
    case v1::JourneyStep::kSend:
      to.what = ReadSend(from.send(), reader);
      break;
    case v1::JourneyStep::kTask:
      to.what = ReadTask(from.task(), reader);
      break;
    case v1::JourneyStep::kWait:
      to.what = model::WaitStep{reader.Span(from.wait().duration(), "duration"),
                                from.wait().from_entry()};
      break;
    case v1::JourneyStep::kWaitUntil:
      to.what = model::WaitUntilStep{from.wait_until().when(),
                                     reader.Span(from.wait_until().timeout(), "timeout"),
                                     from.wait_until().on_timeout()};
      break;
    case v1::JourneyStep::kBranch:
      to.what = ReadBranch(from.branch());
      break;
    case v1::JourneyStep::kSplit:
      to.what = ReadSplit(from.split());
      break;
    case v1::JourneyStep::kEnd:
      to.what = model::EndStep{from.end().outcome()};
      break;
    case v1::JourneyStep::WHAT_NOT_SET:
      reader.Fail(InvalidArgument("no kind of step that this version knows"));
      break;
  }
  return to;
}

}  // namespace

v1::Segment ToProto(const model::SegmentDefinition& from) {
  v1::Segment to;
  to.set_id(from.id);
  to.set_title(from.title);
  to.set_expression(from.expression);
  to.set_revision(from.revision);
  if (from.revision > 0) to.set_etag(EtagOf(from));
  to.set_quarantine(from.quarantine);
  to.set_purpose(from.purpose);
  return to;
}

model::SegmentDefinition FromProto(const v1::Segment& from) {
  return {.id = from.id(),
          .title = from.title(),
          .expression = from.expression(),
          .revision = from.revision(),
          .quarantine = from.quarantine(),
          .purpose = from.purpose().empty() ? "marketing" : from.purpose()};
}

v1::Subscription ToProto(const model::Subscription& from) {
  v1::Subscription to;
  to.set_id(from.id);
  to.set_epoch(from.epoch);
  return to;
}

model::Subscription FromProto(const v1::Subscription& from) {
  return {.id = from.id(), .epoch = from.epoch()};
}

v1::Journey ToProto(const model::JourneyDefinition& from) {
  v1::Journey to;
  to.set_id(from.id);
  to.set_title(from.title);
  to.set_state(Shifted<v1::JourneyState>(from.state));
  to.set_purpose(from.purpose);
  to.set_message_class(from.message_class);
  to.set_entry_when(from.entry_when);
  if (from.reentry_after.count() != 0) *to.mutable_reentry_after() = ToProto(from.reentry_after);
  to.set_reentry_max(from.reentry_max);
  to.set_holdout_percent(from.holdout_percent);
  to.set_holdout_salt(from.holdout_salt);
  to.set_holdout_reason(from.holdout_reason);
  for (const model::JourneyExit& exit : from.exits) {
    v1::JourneyExit& added = *to.add_exits();
    added.set_when(exit.when);
    added.set_reason(exit.reason);
  }
  to.set_goal_when(from.goal_when);
  if (from.goal_within.count() != 0) *to.mutable_goal_within() = ToProto(from.goal_within);
  for (const model::Step& step : from.steps) {
    v1::JourneyStep& added = *to.add_steps();
    added.set_id(step.id);
    added.set_go(step.go);
    std::visit(StepWriter{added}, step.what);
  }
  to.set_revision(from.revision);
  return to;
}

StatusOr<model::JourneyDefinition> FromProto(const v1::Journey& from) {
  Reader reader;
  model::JourneyDefinition to{.id = from.id(), .title = from.title()};
  to.state = reader.Unshifted<model::JourneyState>(from.state(),
                                                   v1::JourneyState_IsValid(from.state()), "state");
  if (from.has_purpose()) to.purpose = from.purpose();
  to.message_class = from.message_class();
  to.entry_when = from.entry_when();
  to.reentry_after = reader.Span(from.reentry_after(), "reentry_after");
  to.reentry_max = from.reentry_max();
  to.holdout_percent = from.holdout_percent();
  to.holdout_salt = from.holdout_salt();
  to.holdout_reason = from.holdout_reason();
  for (const v1::JourneyExit& exit : from.exits()) to.exits.push_back({exit.when(), exit.reason()});
  to.goal_when = from.goal_when();
  to.goal_within = reader.Span(from.goal_within(), "goal_within");
  for (const v1::JourneyStep& step : from.steps()) {
    to.steps.push_back(ReadStep(step, reader));
    if (!reader.ok()) {
      return InvalidArgument("journey '{}': step '{}': {}", from.id(), step.id(),
                             MessageOf(reader.status()));
    }
  }
  to.revision = from.revision();
  if (!reader.ok()) {
    return InvalidArgument("journey '{}': {}", from.id(), MessageOf(reader.status()));
  }
  return to;
}

v1::Tenant ToTenant(const model::TenantSettings& from) {
  v1::Tenant to;
  to.set_id(from.id.value());
  to.set_kind(Shifted<v1::TenantKind>(from.kind));
  to.set_title(from.title);
  to.set_region(from.region);
  to.set_time_zone(from.time_zone);
  for (const model::SourceDeclaration& source : from.sources) {
    v1::SourceDeclaration& added = *to.add_sources();
    added.set_name(source.name);
    added.set_site(source.site);
    *added.mutable_interval() = ToProto(source.interval);
  }
  to.set_sms_per_week(from.sms_per_week);
  to.set_quiet_from_minute(from.quiet_from_minute);
  to.set_quiet_until_minute(from.quiet_until_minute);
  return to;
}

v1::TenantSettings ToProto(const model::TenantSettings& from) {
  v1::TenantSettings to;
  *to.mutable_tenant() = ToTenant(from);
  to.set_suppression_key(from.suppression_key);
  return to;
}

StatusOr<model::TenantSettings> FromProto(const v1::Tenant& from) {
  Reader reader;
  model::TenantSettings to;
  to.id = model::TenantId(from.id());
  to.kind =
      reader.Unshifted<model::TenantKind>(from.kind(), v1::TenantKind_IsValid(from.kind()), "kind");
  to.title = from.title();
  if (from.has_region()) to.region = from.region();
  if (from.has_time_zone()) to.time_zone = from.time_zone();
  for (const v1::SourceDeclaration& source : from.sources()) {
    model::SourceDeclaration& added = to.sources.emplace_back();
    added.name = source.name();
    added.site = source.site();
    if (source.has_interval()) added.interval = reader.Span(source.interval(), "sources.interval");
  }
  if (from.has_sms_per_week()) to.sms_per_week = from.sms_per_week();
  if (from.has_quiet_from_minute()) to.quiet_from_minute = from.quiet_from_minute();
  if (from.has_quiet_until_minute()) to.quiet_until_minute = from.quiet_until_minute();
  if (!reader.ok()) {
    return InvalidArgument("tenant '{}': {}", from.id(), MessageOf(reader.status()));
  }
  return to;
}

StatusOr<model::TenantSettings> FromProto(const v1::TenantSettings& from) {
  SPOTTER_ASSIGN_OR_RETURN(model::TenantSettings to, FromProto(from.tenant()));
  to.suppression_key = from.suppression_key();
  return to;
}

}  // namespace spotter::wire
