// SPDX-License-Identifier: Apache-2.0
#include "wire/view.h"

#include <utility>

namespace spotter::wire {
namespace {

bool IsInstant(EventTime time) { return time != EventTime::Max() && time != EventTime::Min(); }

void WriteTokens(const std::vector<model::Token>& from,
                 google::protobuf::RepeatedPtrField<v1::Token>& to) {
  for (const model::Token& token : from) {
    v1::Token& added = *to.Add();
    added.set_name(token.name);
    added.set_value(token.value);
  }
}

template <typename Payload>
void WriteMessage(const model::Proposal& from, Payload& to) {
  to.set_template_id(from.template_id);
  to.set_text(from.text);
  WriteTokens(from.tokens, *to.mutable_tokens());
}

void WriteTask(const model::Proposal& from, v1::TaskPayload& to) {
  to.set_role(from.role);
  to.set_task_kind(from.task_kind);
  to.set_text(from.text);
  WriteTokens(from.tokens, *to.mutable_tokens());
  if (IsInstant(from.expires_at)) Write(from.expires_at, *to.mutable_due_at());
}

void WritePayload(const model::Proposal& from, v1::Action& to) {
  switch (from.channel) {
    case model::Channel::kEmail:
      return WriteMessage(from, *to.mutable_email());
    case model::Channel::kSms:
      return WriteMessage(from, *to.mutable_sms());
    case model::Channel::kPush:
      return WriteMessage(from, *to.mutable_push());
    case model::Channel::kTask:
      return WriteTask(from, *to.mutable_task());
    case model::Channel::kInApp:
      return WriteMessage(from, *to.mutable_in_app());
  }
}

struct EntryWriter {
  v1::OutboxEntry& to;
  void operator()(const model::Action& from) const { *to.mutable_action() = ToProto(from); }
  void operator()(const model::Void& from) const {
    to.mutable_voided()->set_reason(from.reason);
    to.mutable_voided()->set_action(IdText(from.action));
  }
  void operator()(const model::MergedInto& from) const {
    to.mutable_merged_into()->set_survivor(IdText(from.survivor));
  }
};

}  // namespace

v1::Membership ToProto(const model::Membership& from) {
  v1::Membership to;
  to.set_segment(from.segment);
  to.set_is_member(from.is_member);
  if (IsInstant(from.since)) Write(from.since, *to.mutable_since());
  if (IsInstant(from.valid_until)) Write(from.valid_until, *to.mutable_valid_until());
  to.set_revision(from.revision);
  return to;
}

v1::Transition ToProto(const model::Transition& from) {
  v1::Transition to;
  to.set_segment(from.segment);
  to.set_entered(from.entered);
  Write(from.effective_time, *to.mutable_effective_time());
  to.set_cause(static_cast<v1::Cause>(from.cause));
  return to;
}

v1::Enrolment ToProto(const model::Enrolment& from) {
  v1::Enrolment to;
  to.set_id(IdText(from.id));
  to.set_journey(from.journey);
  to.set_revision(from.revision);
  to.set_anchor(IdText(from.anchor));
  to.set_ordinal(from.ordinal);
  to.set_state(static_cast<v1::EnrolmentState>(from.state));
  Write(from.entered_at, *to.mutable_entered_at());
  to.set_step(from.step);
  if (!from.step.empty()) Write(from.step_entered_at, *to.mutable_step_entered_at());
  if (IsInstant(from.valid_until)) Write(from.valid_until, *to.mutable_valid_until());
  to.mutable_sent_steps()->Assign(from.sent_steps.begin(), from.sent_steps.end());
  to.set_outcome(from.outcome);
  if (from.state == model::EnrolmentState::kEnded) Write(from.ended_at, *to.mutable_ended_at());
  to.set_goal_reached(from.goal_reached);
  return to;
}

v1::Action ToProto(const model::Action& from) {
  const model::Proposal& proposal = from.proposal;
  v1::Action to;
  to.set_id(IdText(from.id));
  to.set_profile(IdText(from.profile));
  to.set_journey(proposal.journey);
  to.set_revision(proposal.revision);
  to.set_enrolment(IdText(proposal.enrolment));
  to.set_step(proposal.step);
  to.set_channel(static_cast<v1::Channel>(proposal.channel));
  to.set_address(from.address);
  to.set_purpose(proposal.purpose);
  to.set_message_class(proposal.message_class);
  to.set_cause(static_cast<v1::Cause>(proposal.cause));
  Write(proposal.effective_time, *to.mutable_effective_time());
  Write(from.decided_at, *to.mutable_decided_at());
  Write(from.not_before, *to.mutable_not_before());
  if (IsInstant(from.not_after)) Write(from.not_after, *to.mutable_not_after());
  WritePayload(proposal, to);
  return to;
}

v1::OutboxEntry ToProto(const model::OutboxEntry& from) {
  v1::OutboxEntry to;
  to.set_subscription(from.subscription);
  to.set_profile(IdText(from.profile));
  to.set_sequence(from.sequence);
  Write(from.decided_at, *to.mutable_decided_at());
  std::visit(EntryWriter{to}, from.what);
  return to;
}

v1::Refusal ToProto(const model::Refusal& from) {
  const model::Proposal& proposal = from.proposal;
  v1::Refusal to;
  to.set_action(IdText(from.action));
  to.set_journey(proposal.journey);
  to.set_revision(proposal.revision);
  to.set_enrolment(IdText(proposal.enrolment));
  to.set_step(proposal.step);
  to.set_channel(static_cast<v1::Channel>(proposal.channel));
  to.set_template_id(proposal.template_id);
  to.set_purpose(proposal.purpose);
  to.set_reason(static_cast<v1::RefusalReason>(from.reason));
  to.set_detail(from.detail);
  Write(proposal.effective_time, *to.mutable_effective_time());
  Write(from.decided_at, *to.mutable_decided_at());
  to.set_cause(static_cast<v1::Cause>(proposal.cause));
  return to;
}

v1::MemberStatus ToProto(model::MemberStatus status) {
  return static_cast<v1::MemberStatus>(static_cast<int>(status) + 1);  // 0 means "not given"
}

v1::ConsentEntry ToProto(const model::ConsentEntry& from) {
  v1::ConsentEntry to;
  to.set_channel(from.channel);
  to.set_purpose(from.purpose);
  to.set_state(static_cast<v1::ConsentState>(from.state));
  if (from.time != EventTime{}) Write(from.time, *to.mutable_time());
  to.set_source(from.source);
  to.set_text(from.text);
  to.set_entity(from.entity);
  return to;
}

v1::Trait ToProto(const model::Trait& from) {
  v1::Trait to;
  *to.mutable_field() = ToField(model::InfoOf(from.id).name, from.value);
  Write(from.at, *to.mutable_at());
  return to;
}

v1::SourceRecord ToProto(const model::SourceRecord& from) {
  v1::SourceRecord to;
  to.set_id(IdText(from.key));
  to.set_source(from.source);
  to.set_customer_id(from.customer_id);
  to.mutable_tags()->Assign(from.tags.begin(), from.tags.end());
  return to;
}

v1::HeldIdentifier ToProto(const model::HeldIdentifier& from, model::RecordKey record) {
  v1::HeldIdentifier to;
  to.set_type(static_cast<v1::IdentifierType>(from.type));
  to.set_normalized(from.normalized);
  to.set_raw(from.raw);
  Write(from.first, *to.mutable_first_seen());
  Write(from.last, *to.mutable_last_seen());
  to.set_current(from.current);
  to.set_record(IdText(record));
  return to;
}

v1::Money ToMoney(uint32_t currency, int64_t minor) {
  v1::Money to;
  to.set_currency(model::UnpackCurrency(currency));
  to.set_minor(minor);
  return to;
}

v1::FactTotals ToProto(model::FactKind kind, const model::Totals& from) {
  v1::FactTotals to;
  to.set_kind(std::string(model::NameOf(kind)));
  to.set_count(from.count);
  if (IsInstant(from.first)) Write(from.first, *to.mutable_first());
  if (IsInstant(from.last)) Write(from.last, *to.mutable_last());
  for (const auto& [currency, minor] : from.sums) *to.add_sums() = ToMoney(currency, minor);
  return to;
}

v1::TimelineEntry ToProto(const model::Fact& from, const model::Entity* entity,
                          model::RecordKey record) {
  v1::TimelineEntry to;
  Write(from.time, *to.mutable_time());
  to.set_kind(std::string(model::NameOf(from.kind)));
  to.set_record(IdText(record));
  if (from.currency != 0 || from.amount_minor != 0) {
    *to.mutable_amount() = ToMoney(from.currency, from.amount_minor);
  }
  if (entity != nullptr) {
    to.set_event_kind(static_cast<v1::EventKind>(entity->last_kind));
    to.set_entity_type(entity->type);
    if (!entity->attributes.empty()) *to.mutable_attributes() = ToProto(entity->attributes);
  }
  return to;
}

}  // namespace spotter::wire
