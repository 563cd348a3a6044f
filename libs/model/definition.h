// SPDX-License-Identifier: Apache-2.0
//
// What tenants define: segments, journeys, settings, subscriptions. Values as they stand in the
// log; `segment` compiles expressions, `journey` walks steps.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "model/ids.h"
#include "model/source_record.h"

namespace spotter::model {

struct SegmentDefinition {
  std::string id;  // 1 to 64 of [a-z0-9-]
  std::string title;
  std::string expression;             // see docs/segment-language.md
  uint64_t revision = 0;              // set by the shard: 1, 2, ...
  std::string quarantine = {};        // why nobody enters or leaves it any more; "" = in force
  std::string purpose = "marketing";  // of what its members are chosen for
  friend bool operator==(const SegmentDefinition&, const SegmentDefinition&) = default;
};
// What tells one state of a definition from another, over its deletion too: its revision.
std::string EtagOf(const SegmentDefinition& definition);
inline constexpr std::string_view kEtagOfNone = "0";  // of one that does not exist

// --- journeys -------------------------------------------------------------------------------

enum class Channel : uint8_t { kEmail = 1, kSms = 2, kPush = 3, kTask = 4, kInApp = 5 };
std::string_view NameOf(Channel channel);  // "email", "sms", "push", "task", "in_app"
std::optional<Channel> FindChannel(std::string_view name);
// E-mail and SMS go to a contact value; push and in-app to the member; a task to staff, which
// needs no consent of the member and no quiet hours.
bool IsMemberFacing(Channel channel);

struct SendStep {
  Channel channel = Channel::kEmail;
  std::string template_id;
  std::string text;                  // with {{token}} places; may be empty (template only)
  std::vector<std::string> tokens;   // canonical names to resolve, e.g. "first_name"
  Duration expires_after = Days(1);  // a send that cannot go out by then is refused
};
struct TaskStep {
  std::string role;  // "front_desk", "trainer", "fitness_manager"
  std::string kind;  // "call", "message", ...
  std::string text;
  std::vector<std::string> tokens;
  Duration due_in = Days(2);
};
struct WaitStep {
  // Until `duration` after the step was entered, or, with `from_entry`, after the journey was.
  Duration duration{0};
  bool from_entry = false;
};
struct WaitUntilStep {
  std::string when;  // expression
  Duration timeout{0};
  std::string on_timeout;  // step id; "" = the next step
};
struct BranchArm {
  std::string when;  // "" = otherwise
  std::string go;
  friend bool operator==(const BranchArm&, const BranchArm&) = default;
};
struct BranchStep {
  std::vector<BranchArm> arms;
};
struct SplitArm {
  std::string name;
  int weight = 0;
  std::string go;
  friend bool operator==(const SplitArm&, const SplitArm&) = default;
};
struct SplitStep {
  std::string salt;
  std::vector<SplitArm> arms;
};
struct EndStep {
  std::string outcome;
};
struct Step {
  std::string id;
  std::variant<SendStep, TaskStep, WaitStep, WaitUntilStep, BranchStep, SplitStep, EndStep> what;
  std::string go;  // "" = the step below
};

enum class JourneyState : uint8_t { kDraft = 0, kShadow = 1, kLive = 2, kPaused = 3 };
std::string_view NameOf(JourneyState state);

struct JourneyExit {
  std::string when;
  std::string reason;
};

struct JourneyDefinition {
  std::string id;
  std::string title;
  JourneyState state = JourneyState::kDraft;
  std::string purpose = "marketing";  // consent purpose of its messages
  std::string message_class;          // e.g. "reengagement"; "" = none
  std::string entry_when;             // expression; entered on its false -> true edge
  Duration reentry_after{0};          // zero: once per member
  int reentry_max = 0;                // further entries allowed; 0 = none
  int holdout_percent = 0;            // 0 to 50
  std::string holdout_salt;
  std::string holdout_reason;      // why nobody is held out, where holdout_percent is 0
  std::vector<JourneyExit> exits;  // watched at every step
  std::string goal_when;           // "" = none; watched at every step
  Duration goal_within{0};         // zero: as long as enrolled
  std::vector<Step> steps;
  uint64_t revision = 0;  // set by the shard
};

// --- tenants --------------------------------------------------------------------------------

enum class TenantKind : uint8_t { kStudio = 0, kMentor = 1, kCoach = 2 };
std::string_view NameOf(TenantKind kind);

struct SourceDeclaration {
  std::string name;              // "square"
  std::string site;              // default site of its events
  Duration interval = Hours(1);  // how often it delivers at the latest; LATE is judged by it
};

struct TenantSettings {
  TenantId id;
  TenantKind kind = TenantKind::kStudio;
  std::string title;
  std::string region = "US";      // ISO 3166: default of national phone numbers
  std::string time_zone = "UTC";  // IANA name; its rules are in `zone_rules` records
  std::string suppression_key;    // 32 random bytes, drawn at creation, never rotated
  std::vector<SourceDeclaration> sources;
  int sms_per_week = 2;             // C28
  int quiet_from_minute = 21 * 60;  // member-local; messages go from quiet_until to quiet_from
  int quiet_until_minute = 9 * 60;
};

struct Subscription {
  std::string id = "default";
  int64_t epoch = 1;     // a seek opens a new one
  EventTime active_at;   // creation, seek or, to the hour, the newest settlement
  EventTime expired_at;  // 0 = it has not; no action is added to one that has
  bool has_expired() const { return expired_at.ms != 0; }
};

// --- members' state in segments and journeys --------------------------------------------------

enum class Cause : uint8_t {
  kLive = 1,
  kTime = 2,
  kLate = 3,
  kBackfill = 4,
  kDefinition = 5,
  kMerge = 6,
  kSplit = 7
};
std::string_view NameOf(Cause cause);  // "LIVE", ...

struct Membership {
  std::string segment;
  bool is_member = false;
  EventTime since;                           // effective time of the last change
  EventTime valid_until = EventTime::Max();  // holds until then unless an input changes
  uint64_t revision = 0;                     // of the definition it was decided under
  friend bool operator==(const Membership&, const Membership&) = default;
};

struct Transition {
  std::string segment;
  bool entered = false;
  EventTime effective_time;
  Cause cause = Cause::kLive;
};

enum class EnrolmentState : uint8_t { kActive = 1, kHeldOut = 2, kEnded = 3 };

// One member's walk through one journey. Anchored to the source record that triggered it.
struct Enrolment {
  EnrolmentId id;
  std::string journey;
  uint64_t revision = 0;
  RecordKey anchor;
  uint32_t ordinal = 0;
  EnrolmentState state = EnrolmentState::kActive;
  EventTime entered_at;
  std::string step;  // the step it stands at ("" once ended)
  EventTime step_entered_at;
  EventTime valid_until = EventTime::Max();  // must be looked at again by then
  std::vector<std::string> sent_steps;       // ids, ascending
  std::string outcome;  // once ended: "goal", an exit's reason, an end step's outcome
  EventTime ended_at;
  bool goal_reached = false;
  friend bool operator==(const Enrolment&, const Enrolment&) = default;
};

}  // namespace spotter::model
