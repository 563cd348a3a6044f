// SPDX-License-Identifier: Apache-2.0
#include "scenario/describe.h"

#include "scenario/read_values.h"

namespace spotter::scenario {
namespace {

std::string NameOf(model::EnrolmentState state) {
  switch (state) {
    case model::EnrolmentState::kActive:
      return "active";
    case model::EnrolmentState::kHeldOut:
      return "held_out";
    case model::EnrolmentState::kEnded:
      return "ended";
  }
  return "unknown";
}

bool IsInstant(std::string_view text) {
  return text == "never" || (text.size() == 24 && text[10] == 'T' && text.back() == 'Z');
}

}  // namespace

Fields Describe(const model::Proposal& proposal) {
  return {{"journey", proposal.journey},
          {"step", proposal.step},
          {"channel", std::string(NameOf(proposal.channel))},
          {"template", proposal.template_id},
          {"text", proposal.text},
          {"purpose", proposal.purpose},
          {"class", proposal.message_class},
          {"role", proposal.role},
          {"kind", proposal.task_kind},
          {"effective", FormatTime(proposal.effective_time)},
          {"expires", FormatTime(proposal.expires_at)},
          {"cause", std::string(NameOf(proposal.cause))}};
}

Fields Describe(const model::Action& action) {
  Fields fields = Describe(action.proposal);
  fields["address"] = action.address;
  fields["decided"] = FormatTime(action.decided_at);
  fields["not_before"] = FormatTime(action.not_before);
  fields["not_after"] = FormatTime(action.not_after);
  return fields;
}

Fields Describe(const model::Refusal& refusal) {
  Fields fields = Describe(refusal.proposal);
  fields["reason"] = NameOf(refusal.reason);
  fields["detail"] = refusal.detail;
  fields["decided"] = FormatTime(refusal.decided_at);
  return fields;
}

Fields Describe(const model::Enrolment& enrolment) {
  return {{"journey", enrolment.journey},
          {"state", NameOf(enrolment.state)},
          {"step", enrolment.step},
          {"outcome", enrolment.outcome},
          {"entered", FormatTime(enrolment.entered_at)},
          {"step_entered", FormatTime(enrolment.step_entered_at)},
          {"ended", FormatTime(enrolment.ended_at)},
          {"goal", enrolment.goal_reached ? "true" : "false"},
          {"ordinal", fmt::format("{}", enrolment.ordinal)}};
}

Fields Describe(const model::Membership& membership) {
  return {{"segment", membership.segment},
          {"member", membership.is_member ? "in" : "out"},
          {"since", FormatTime(membership.since)}};
}

std::string Print(const Fields& fields) {
  std::string text;
  for (const auto& [name, value] : fields) {
    if (value.empty()) continue;
    if (!text.empty()) text += ' ';
    const bool quoted = value.find(' ') != std::string::npos;
    text += quoted ? fmt::format("{}='{}'", name, value) : fmt::format("{}={}", name, value);
  }
  return text;
}

StatusOr<std::string> FirstDifference(const Line& line, const Fields& fields, EventTime now,
                                      std::string_view ignored) {
  for (const auto& [name, wanted] : line.options) {
    if (ignored.find(fmt::format("|{}|", name)) != std::string_view::npos) continue;
    const auto it = fields.find(name);
    if (it == fields.end()) return InvalidArgument("'{}' cannot be expected here", name);
    const std::string& found = it->second;
    std::string expected = wanted;
    if (IsInstant(found)) {
      SPOTTER_ASSIGN_OR_RETURN(const EventTime time, ReadTime(wanted, now));
      expected = FormatTime(time);
    }
    const bool part = name == "text" || name == "detail";
    if (part ? found.find(expected) == std::string::npos : found != expected) {
      return fmt::format("{} is '{}', expected '{}'", name, found, expected);
    }
  }
  return std::string();
}

}  // namespace spotter::scenario
