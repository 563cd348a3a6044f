// SPDX-License-Identifier: Apache-2.0
#include "govern/decide_proposal.h"

#include <algorithm>
#include <optional>

namespace spotter::govern {

namespace {

using model::Channel;
using model::RefusalReason;

struct No {
  RefusalReason reason;
  std::string detail;
};
using MaybeNo = std::optional<No>;

MaybeNo CheckCause(const model::Proposal& proposal, const Facts& facts) {
  if (proposal.cause == model::Cause::kBackfill) {
    return No{RefusalReason::kBackfill, "imported history starts nothing"};
  }
  if (facts.profile_pending) return No{RefusalReason::kPending, "the profile is being resolved"};
  return std::nullopt;
}

MaybeNo CheckContact(const model::Proposal& proposal, std::string_view address,
                     const Facts& facts) {
  const std::string_view channel = model::NameOf(proposal.channel);
  if (address.empty())
    return No{RefusalReason::kNoContact, fmt::format("no address for {}", channel)};
  if (!model::IsMemberFacing(proposal.channel)) return std::nullopt;
  if (facts.contact_disputed) {
    return No{RefusalReason::kNoContact,
              fmt::format("the address for {} belongs to several people", channel)};
  }
  if (facts.contact_suppressed) {
    return No{RefusalReason::kSuppressed, fmt::format("opted out of {}", channel)};
  }
  return std::nullopt;
}

std::string_view NameOf(model::ConsentState state) {
  switch (state) {
    case model::ConsentState::kGranted:
      return "granted";
    case model::ConsentState::kDenied:
      return "denied";
    case model::ConsentState::kUnknown:
      break;
  }
  return "never given";
}

MaybeNo CheckConsent(const model::Proposal& proposal, const model::MemberView& member) {
  const std::string_view channel = model::NameOf(proposal.channel);
  const model::ConsentState consent = member.Consent(channel, proposal.purpose);
  const bool may = proposal.purpose == kTransactionalPurpose
                       ? consent != model::ConsentState::kDenied
                       : consent == model::ConsentState::kGranted;
  if (may) return std::nullopt;
  return No{RefusalReason::kNoConsent,
            fmt::format("consent to {} by {}: {}", proposal.purpose, channel, NameOf(consent))};
}

MaybeNo CheckExpiry(const model::Proposal& proposal, EventTime now) {
  if (now < proposal.expires_at) return std::nullopt;
  return No{RefusalReason::kExpired, fmt::format("expired at {}", FormatTime(proposal.expires_at))};
}

MaybeNo CheckZone(const Facts& facts) {
  if (facts.missing_zone.empty()) return std::nullopt;
  return No{RefusalReason::kNoZone,
            fmt::format("the rules of zone '{}' have not been put", facts.missing_zone)};
}

std::string DateText(const Zone& zone, EventTime time) {
  const LocalTime day = zone.ToLocal(time);
  return fmt::format("{:04}-{:02}-{:02}", day.year, day.month, day.day);
}

// Counts what falls into the calendar period of `at` that `start_of` names.
template <typename Counts>
int CountInPeriod(const Facts& facts, const model::ActionId& action, EventTime at,
                  EventTime (*start_of)(const Zone&, EventTime), Counts counts) {
  const EventTime start = start_of(facts.zone, at);
  return static_cast<int>(
      std::count_if(facts.sent.begin(), facts.sent.end(), [&](const SentMessage& sent) {
        return sent.action != action && counts(sent) && start_of(facts.zone, sent.at) == start;
      }));
}

MaybeNo CheckWeeklyCap(const model::Proposal& proposal, const model::ActionId& action,
                       const Facts& facts, EventTime not_before) {
  if (proposal.channel != Channel::kSms) return std::nullopt;
  if (facts.member.Consent("sms", kHigherFrequencyPurpose) == model::ConsentState::kGranted) {
    return std::nullopt;
  }
  const int most = facts.settings.sms_per_week;
  const int count =
      CountInPeriod(facts, action, not_before, StartOfWeek,
                    [](const SentMessage& sent) { return sent.channel == Channel::kSms; });
  if (count < most) return std::nullopt;
  return No{RefusalReason::kCap,
            fmt::format("sms cap: {} of {} in the week from {}", count, most,
                        DateText(facts.zone, StartOfWeek(facts.zone, not_before)))};
}

MaybeNo CheckQuarterlyCap(const model::Proposal& proposal, const model::ActionId& action,
                          const Facts& facts, EventTime not_before) {
  if (facts.settings.kind != model::TenantKind::kMentor) return std::nullopt;
  if (proposal.message_class != kReengagementClass) return std::nullopt;
  const int count =
      CountInPeriod(facts, action, not_before, StartOfQuarter, [](const SentMessage& sent) {
        return model::IsMemberFacing(sent.channel) && sent.message_class == kReengagementClass;
      });
  if (count < kReengagementPerQuarter) return std::nullopt;
  return No{RefusalReason::kCap,
            fmt::format("reengagement cap: {} of {} in the quarter from {}", count,
                        kReengagementPerQuarter,
                        DateText(facts.zone, StartOfQuarter(facts.zone, not_before)))};
}

// The window of a message to the member, or why there is none.
std::variant<Window, No> WindowOf(const model::Proposal& proposal, const model::ActionId& action,
                                  const Facts& facts, EventTime now) {
  if (MaybeNo no = CheckConsent(proposal, facts.member)) return *no;
  if (MaybeNo no = CheckExpiry(proposal, now)) return *no;
  if (MaybeNo no = CheckZone(facts)) return *no;
  Window window = NextWindow(facts.settings, facts.zone, now);
  if (window.not_before >= proposal.expires_at) {
    return No{RefusalReason::kQuietHours,
              fmt::format("quiet hours until {}, expires at {}", FormatTime(window.not_before),
                          FormatTime(proposal.expires_at))};
  }
  window.not_after = std::min(window.not_after, proposal.expires_at);
  if (MaybeNo no = CheckWeeklyCap(proposal, action, facts, window.not_before)) return *no;
  if (MaybeNo no = CheckQuarterlyCap(proposal, action, facts, window.not_before)) return *no;
  return window;
}

std::variant<Window, No> Decide(const model::Proposal& proposal, const model::ActionId& action,
                                std::string_view address, const Facts& facts, EventTime now) {
  if (MaybeNo no = CheckCause(proposal, facts)) return *no;
  if (MaybeNo no = CheckContact(proposal, address, facts)) return *no;
  if (model::IsMemberFacing(proposal.channel)) return WindowOf(proposal, action, facts, now);
  if (MaybeNo no = CheckExpiry(proposal, now)) return *no;
  return Window{now, proposal.expires_at};
}

}  // namespace

std::optional<RefusalReason> HaltOf(model::JourneyState state) {
  switch (state) {
    case model::JourneyState::kLive:
      return std::nullopt;
    case model::JourneyState::kShadow:
      return RefusalReason::kShadow;
    case model::JourneyState::kDraft:
    case model::JourneyState::kPaused:
      break;
  }
  return RefusalReason::kPaused;
}

std::string AddressOf(const model::Proposal& proposal, const model::MemberView& member) {
  auto contact = [&](model::IdentifierType type) -> std::string {
    const model::HeldIdentifier* held = member.Contact(type);
    return held == nullptr ? "" : held->normalized;
  };
  switch (proposal.channel) {
    case Channel::kEmail:
      return contact(model::IdentifierType::kEmail);
    case Channel::kSms:
      return contact(model::IdentifierType::kPhone);
    case Channel::kPush:
    case Channel::kInApp:
      return model::ToText(member.profile);
    case Channel::kTask:
      return proposal.role;
  }
  return "";
}

Decision DecideProposal(const model::Proposal& proposal, const model::ActionId& action,
                        const Facts& facts, EventTime now) {
  std::string address = AddressOf(proposal, facts.member);
  const std::variant<Window, No> decided = Decide(proposal, action, address, facts, now);
  if (const No* no = std::get_if<No>(&decided)) {
    return model::Refusal{.proposal = proposal,
                          .action = action,
                          .reason = no->reason,
                          .detail = no->detail,
                          .decided_at = now};
  }
  const Window& window = std::get<Window>(decided);
  return model::Action{.id = action,
                       .profile = facts.member.profile,
                       .proposal = proposal,
                       .address = std::move(address),
                       .decided_at = now,
                       .not_before = window.not_before,
                       .not_after = window.not_after};
}

}  // namespace spotter::govern
