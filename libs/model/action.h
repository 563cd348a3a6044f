// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "model/definition.h"

namespace spotter::model {

struct Token {
  std::string name;
  std::string value;
  friend bool operator==(const Token&, const Token&) = default;
};

// What a journey step asks for, before governance has spoken.
struct Proposal {
  std::string journey;
  uint64_t revision = 0;
  EnrolmentId enrolment;
  RecordKey anchor;
  std::string step;
  Channel channel = Channel::kEmail;
  std::string template_id;
  std::string text;           // tokens resolved
  std::vector<Token> tokens;  // ascending by name
  std::string purpose;
  std::string message_class;
  std::string role;  // tasks: who
  std::string task_kind;
  EventTime effective_time;  // the instant the step was reached
  EventTime expires_at;      // may not go out later
  Cause cause = Cause::kLive;
};

// A decided action: what a subscriber receives.
struct Action {
  ActionId id;
  ProfileId profile;
  Proposal proposal;
  std::string address;   // e-mail or E.164; the profile's id for push; role for tasks
  EventTime decided_at;  // shard time
  EventTime not_before;
  EventTime not_after;
};

struct Void {
  std::string reason;  // NameOf a RefusalReason, or "reissued", "settled"
  ActionId action;
  RecordKey anchor;  // of the action: it stands, if anywhere, with the profile of this record
};
struct MergedInto {
  ProfileId survivor;
};

// A message already decided for a member, for caps: kept under the record that anchors it.
struct SentMessage {
  Channel channel = Channel::kSms;
  std::string message_class;
  EventTime at;  // not_before of the decided action
  ActionId action;
  bool is_out = false;  // somebody acknowledged it
  friend bool operator==(const SentMessage&, const SentMessage&) = default;
};

// An entry of one (subscription, profile) sequence; sequences are gapless from 1.
struct OutboxEntry {
  std::string subscription;
  ProfileId profile;
  int64_t sequence = 0;
  int64_t decided_offset = 0;  // log offset of the record that decided it
  EventTime decided_at;        // of what it holds now: a Void counts from when it became one
  std::variant<Action, Void, MergedInto> what;
};

// A decision not to send, kept with its reason.
enum class RefusalReason : uint8_t {
  kNoConsent = 1,
  kSuppressed = 2,
  kNoContact = 3,
  kCap = 4,
  kQuietHours = 5,
  kExpired = 6,
  kBackfill = 7,
  kPending = 8,
  kShadow = 9,
  kHeldOut = 10,
  kPaused = 11,
  kWithdrawn = 12,
  kNoZone = 13,
  kSubscriptionExpired = 14
};
inline constexpr int kRefusalReasonMax = 14;
std::string_view NameOf(RefusalReason reason);  // "no_consent", ...

struct Refusal {
  Proposal proposal;
  ActionId action;
  RefusalReason reason = RefusalReason::kNoConsent;
  std::string detail;  // "sms cap: 2 of 2 in the week from 2026-11-16"
  EventTime decided_at;
};

// How a subscriber settled an action.
enum class SettleOutcome : uint8_t { kAck = 1, kReject = 2 };

}  // namespace spotter::model
