// SPDX-License-Identifier: Apache-2.0
//
// The rows of a shard's tables, as values, and their canonical encoding.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/action.h"
#include "model/definition.h"
#include "model/log_record.h"
#include "state/state_hash.h"

namespace spotter::state {

// A round over many rows, a bounded number per tick.
struct Sweep {
  EventTime next;      // when a round begins
  std::string cursor;  // the key it goes on at; "" = none is under way
};

// Where the shard stands. One row; written with every batch.
struct Meta {
  uint32_t logic_version = 0;
  int64_t next_offset = 0;
  EventTime shard_time;      // 0 until the first record
  EventTime time_candidate;  // a jump of more than 60 s not yet confirmed; 0 = none
  std::string timer_cursor;  // every timer row with a smaller key has been handled
  int64_t generation = 0;    // of the newest claim
  StateHash hash;
  Sweep outbox_sweep;   // for what nobody fetches
  Sweep history_sweep;  // for what has been kept long enough
  Sweep subscription_sweep;
  std::string worked;  // the tenant whose bulk work was done last; the next one's turn comes
};

// A person: the records that are one, and what is derived of them. Valid-until instants are not
// stored: they are what each expression gives at `evaluated_at`, or when an event last touched what
// it reads (StoredRecord::touches) if that was later, because nothing has changed since.
struct Profile {
  model::ProfileId id;
  model::RecordKey founder;
  int64_t founded_offset = 0;
  model::ProfileId merged_into;                // not zero: only this is left of it
  std::vector<model::RecordKey> records;       // ascending
  std::vector<model::Membership> memberships;  // ascending by segment; only those ever true
  uint64_t definitions = 0;            // the tenant's definition count it was last decided under
  EventTime evaluated_at;              // shard time of the newest decision of everything
  EventTime armed = EventTime::Max();  // the timer row that stands for it; Max() = none
};

// What is kept under the record that anchors it: stays with the record through merge and split.
struct Anchor {
  model::RecordKey record;
  std::vector<model::Enrolment> enrolments;  // in order of entry
  std::vector<model::SentMessage> sent;      // of the last 100 days, in order of decision
};

// Per profile and subscription.
struct Sequence {
  int64_t next = 1;
};

struct Answer {
  int code = 0;  // absl::StatusCode
  std::string message;
  std::string result;  // command-specific: a revision, an id
  int64_t offset = 0;
  EventTime at;
};

struct DeadLetter {
  int64_t offset = 0;
  EventTime at;
  std::string reason;  // "undecodable", "unknown_tenant", "orphan_limit", "skipped"
  std::string detail;
  std::string payload;
};

struct AuditRow {
  int64_t offset = 0;
  EventTime at;
  std::string principal;  // "" = the engine itself
  std::string what;       // "merge prf_… into prf_…: shared e-mail and name"
};

// How many members a segment has, and had. Kept from day to day, so that a day on which nobody
// entered or left needs no row.
struct SegmentCount {
  int64_t day = 0;      // of the last change: days since 1970-01-01 UTC
  int64_t before = 0;   // members when that day began
  int64_t members = 0;  // and after its last change
};

// A member entered a segment or left it.
struct TransitionRow {
  std::string segment;
  model::ProfileId profile;
  bool entered = false;
  EventTime effective_time;
  model::Cause cause = model::Cause::kLive;
  uint64_t revision = 0;   // of the segment
  EventTime at;            // shard time of the decision
  EventTime before_since;  // since when it had been the other way; 0: it had never been decided
  int64_t members = 0;     // of the segment, after it
};

// Per tenant: counters and pending bulk work.
struct TenantProgress {
  uint64_t definitions = 0;                   // raised by every change of a segment or journey
  bool work_pending = false;                  // existing members are behind `definitions`
  std::string work_cursor;                    // profile key after which Work goes on
  std::vector<std::string> include_journeys;  // which existing members may enter, while pending
  uint64_t orphans = 0;
  uint64_t profiles = 0;  // redirects not counted
  int64_t epochs = 0;     // the highest of a subscription that was removed
  // Of the bulk work under way: how far it is, so that it can be said when it will be done.
  uint64_t work_done = 0;      // profiles it has passed
  uint64_t work_revision = 0;  // definitions that every member has been decided under before it
  EventTime work_begun;
  EventTime work_at;  // of the last Work record
  // Entries and exits at this offset and later ones are all there.
  int64_t transitions_from = 0;
  bool counts_members = false;  // segments' counts are kept; not by an earlier version
};

// Where a tenant stands that came to the shard or left it (docs/adr/0030-tenant-moves.md). There is
// none of a tenant that was always here. It is the shard's row, and does not go with the tenant.
enum class MoveState : uint8_t {
  kHere = 1,      // it lives here, as without such a row
  kFrozen = 2,    // it leaves: its rows are here and change no more
  kArriving = 3,  // some of its rows are here
  kRefused = 4,   // some of its rows are here, and it does not come
  kDropping = 5,  // its rows leave by Work records
  kGone = 6       // nothing of it is here
};
struct TenantMove {
  int64_t revision = 0;  // of the move that it is in, or was last in
  MoveState state = MoveState::kHere;
  int32_t other = 0;        // the shard that it goes to, or came from
  int64_t offset_base = 0;  // added to offsets of the log where the tenant's rows name one
  bool is_counted = false;  // its rows are in the shard's state hash
  // Of one that left: what stands behind its rows.
  int64_t next_offset = 0;  // every offset that they name is smaller
  EventTime frozen_at;      // shard time
  // Of one that arrives: what has come.
  int64_t attempt = 0;
  uint32_t next_part = 0;
  uint64_t rows = 0;
  StateHash hash;          // of the rows
  int64_t refused = 0;     // the newest move into this shard that was refused; 0: none
  std::string refusal;     // why
  bool is_arming = false;  // timers of the tenant that is here again are being set
  std::string cursor;      // where Work goes on, arming or dropping
  // Records that came while it was not here, and must go where it is.
  uint64_t kept_back = 0;
};

#define SPOTTER_ROW(Type)                 \
  std::string EncodeRow(const Type& row); \
  StatusOr<Type> Decode##Type(std::string_view bytes)
SPOTTER_ROW(Meta);
SPOTTER_ROW(Profile);
SPOTTER_ROW(Anchor);
SPOTTER_ROW(Sequence);
SPOTTER_ROW(Answer);
SPOTTER_ROW(DeadLetter);
SPOTTER_ROW(AuditRow);
SPOTTER_ROW(TenantProgress);
SPOTTER_ROW(TenantMove);
SPOTTER_ROW(SegmentCount);
SPOTTER_ROW(TransitionRow);
#undef SPOTTER_ROW

std::string EncodeRow(const model::Claim& row);  // the newest, of the shard
StatusOr<model::Claim> DecodeClaim(std::string_view bytes);
std::string EncodeRow(const model::TenantSettings& row);
StatusOr<model::TenantSettings> DecodeTenantSettings(std::string_view bytes);
std::string EncodeRow(const model::SegmentDefinition& row);
StatusOr<model::SegmentDefinition> DecodeSegmentDefinition(std::string_view bytes);
std::string EncodeRow(const model::JourneyDefinition& row);
StatusOr<model::JourneyDefinition> DecodeJourneyDefinition(std::string_view bytes);
std::string EncodeRow(const model::Subscription& row);
StatusOr<model::Subscription> DecodeSubscription(std::string_view bytes);
std::string EncodeRow(const model::OutboxEntry& row);
StatusOr<model::OutboxEntry> DecodeOutboxEntry(std::string_view bytes);
std::string EncodeRow(const model::Refusal& row);
StatusOr<model::Refusal> DecodeRefusal(std::string_view bytes);

}  // namespace spotter::state
