// SPDX-License-Identifier: Apache-2.0
//
// Governance disposes: whether, to which address and in which window a proposal may go out. Pure.
// Every "no" has a reason. The same checks, in the same order, for every journey and both arms.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "govern/zone.h"
#include "model/action.h"

namespace spotter::govern {

using model::SentMessage;

struct Facts {
  const model::TenantSettings& settings;
  const model::MemberView& member;
  const Zone& zone;                   // the member's zone, else the tenant's
  std::string_view missing_zone;      // the tenant's, if neither's rules are known; "" = they are
  std::span<const SentMessage> sent;  // of all the profile's anchors
  bool contact_suppressed = false;    // of the address that Address() names
  bool contact_disputed = false;      // carried by more than one profile with another name
  bool profile_pending = false;       // redo or review touches it
};

// The address the channel uses for this member: normalised e-mail or E.164, the profile id for
// push and in-app, the role for a task; "" if there is none.
std::string AddressOf(const model::Proposal& proposal, const model::MemberView& member);

// Why nothing of a journey in this state may go out, at decision and at delivery; nullopt: it may.
std::optional<model::RefusalReason> HaltOf(model::JourneyState state);

struct Window {
  EventTime not_before;
  EventTime not_after;  // exclusive
};
using Decision = std::variant<model::Action, model::Refusal>;

// `now` is shard time. A member-facing message outside quiet hours goes at once; inside, at their
// end; if that lies at or after the proposal's expiry, or the cap of that week is used up, it is
// refused. The window ends at the next quiet hours or at the expiry, whichever is first.
// Checked in this order, the first "no" is the reason: backfill, pending, contact, suppression,
// consent, expiry, zone, quiet hours, caps (docs/governance.md). A task for staff is checked for
// backfill, pending, contact (its role) and expiry only. `action` itself in `facts.sent` does not
// count against a cap, so that a missed window can be decided again.
Decision DecideProposal(const model::Proposal& proposal, const model::ActionId& action,
                        const Facts& facts, EventTime now);

// The first sending window at or after `now`: [now or the end of quiet hours, the next quiet
// hours). Half-open in the member's wall time; where a clock shows an hour twice or not at all, the
// narrower reading. Equal bounds in the settings mean no quiet hours.
Window NextWindow(const model::TenantSettings& settings, const Zone& zone, EventTime now);

// Start of the calendar week (Monday) of `time` in `zone`; of the calendar quarter.
EventTime StartOfWeek(const Zone& zone, EventTime time);
EventTime StartOfQuarter(const Zone& zone, EventTime time);

// What a consent to `purpose` is needed for. Marketing on any channel, and every purpose that is
// not named here, needs a consent that was granted; "transactional" only needs one that was not
// denied.
inline constexpr std::string_view kTransactionalPurpose = "transactional";
// Granted for a channel, this purpose lifts that channel's weekly cap (C28: "unless explicitly
// opted into higher frequency").
inline constexpr std::string_view kHigherFrequencyPurpose = "higher_frequency";
// X8: at most this many messages of this class per calendar quarter, for mentors.
inline constexpr std::string_view kReengagementClass = "reengagement";
inline constexpr int kReengagementPerQuarter = 3;

// X20: what an incoming text asks for. The whole text, trimmed of spaces and punctuation, inner
// spaces collapsed, ASCII case-folded, must be one of the words of docs/governance.md. kYes never
// opts in: it is an answer to the last outbound action. kOptOutAndTask opts out and asks staff to
// find out what was meant ("CANCEL" a class?).
enum class Reply : uint8_t { kOther, kOptOut, kOptOutAndTask, kHelp, kYes };
Reply ReadReply(std::string_view text);

}  // namespace spotter::govern
