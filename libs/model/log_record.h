// SPDX-License-Identifier: Apache-2.0
//
// Everything that can change the state of a shard, as values. `wire` turns them to and from bytes.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "model/action.h"
#include "model/definition.h"
#include "model/event.h"

namespace spotter::model {

// Time passes; up to `budget` due members are decided per tick record.
struct Tick {
  uint32_t budget = 1000;
};
// Bulk work (definitions over existing members, redo) may process up to `budget` members.
struct Work {
  uint32_t budget = 1000;
};
// An owner announces itself; deliveries and settlements carry the generation. Again with the same
// generation it is a heartbeat.
enum class ClaimPhase : uint8_t {
  kDelivers = 1,
  kWaits = 2,    // until the lease of the owner before it has run out
  kReleased = 3  // it has stopped delivering for good: the next owner need not wait
};
struct Claim {
  int64_t generation = 0;
  std::string owner;  // names the data directory whose exclusive lock the owner holds
  ClaimPhase phase = ClaimPhase::kDelivers;
  Duration lease{0};  // for which a heartbeat lets it deliver; 0: it needs none
};

struct PutTenant {
  TenantSettings settings;
};
struct PutZoneRules {
  std::string zone;
  std::string tzif;
};  // RFC 8536 bytes
struct PutSegment {
  SegmentDefinition definition;
  std::string etag = {};  // of what the change was made from (EtagOf); "" = whatever stands there
};
struct DeleteSegment {
  std::string id;
  std::string etag = {};  // as of PutSegment
};
// The self-check found a member whom the segment has wrongly: it stands still until it is put
// again.
struct QuarantineSegment {
  std::string id;
  uint64_t revision = 0;  // in which it was found; another one is left alone
  std::string reason;
};
struct PutJourney {
  JourneyDefinition definition;
  bool include_existing = false;  // members already matching enter too
};
struct PutSubscription {
  Subscription subscription;
};
struct ChangeConsent {
  ProfileId profile;
  ConsentEntry entry;
};
// Suppress or release a contact value on a channel. Only the keyed hash enters the log.
struct ChangeSuppression {
  std::string channel;
  Hash128 contact_hash;
  bool suppressed = true;
  std::string reason;
};
// Human assertions: the records belong to one person / to different persons.
struct MergeProfiles {
  ProfileId survivor;
  ProfileId loser;
  std::string reason;
};
struct SplitProfile {
  ProfileId profile;
  std::vector<RecordKey> records;
  std::string reason;
};
struct Settlement {
  ProfileId profile;
  int64_t sequence = 0;
  ActionId action;  // zero for Void and MergedInto
  SettleOutcome outcome = SettleOutcome::kAck;
  std::string reason;  // of a reject
  RecordKey anchor;    // of the action: the record with which it goes
};
struct Settle {
  std::string subscription;
  int64_t generation = 0;
  std::vector<Settlement> settlements;
};
// The dispatcher found an action outside its window or its contact suppressed: decide again.
struct Undeliverable {
  std::string subscription;
  ProfileId profile;
  int64_t sequence = 0;
  ActionId action;
  RefusalReason reason = RefusalReason::kExpired;
  int64_t generation = 0;  // of the owner that found it; 0: not told
};
struct SeekSubscription {
  std::string subscription;
};  // replays what is kept, in a new epoch
struct AddNote {
  ProfileId profile;
  std::string author;
  std::string text;
};

// A change asked for by a person or program, answered by `request_id` once it is applied.
struct Command {
  std::string request_id;  // unique per tenant; a repeat gets the first answer
  TenantId tenant;
  std::string principal;  // who asked, for the audit
  std::variant<PutTenant, PutZoneRules, PutSegment, PutJourney, PutSubscription, ChangeConsent,
               ChangeSuppression, MergeProfiles, SplitProfile, Settle, Undeliverable,
               SeekSubscription, AddNote, DeleteSegment, QuarantineSegment>
      what;
};

// --- a tenant moves between shards (docs/adr/0030-tenant-moves.md) ------------------------------
// `revision` names the move: that of the PlaceTenant{MOVING} that began it.

// From here on nothing of the tenant is decided, delivered or changed in this shard.
struct FreezeTenant {
  TenantId tenant;
  int64_t revision = 0;
  int32_t to_shard = 0;
};
struct TenantRow {
  uint8_t family = 0;  // store::Family
  std::string key;
  std::string value;
  friend bool operator==(const TenantRow&, const TenantRow&) = default;
};
struct ImportEnd {
  uint64_t rows = 0;
  std::vector<Hash128> hash;  // state::StateHash of the rows, by element
  EventTime shard_time;       // of the shard it left, when it left it
  int64_t next_offset = 0;    // every offset that its rows name is smaller
};
// A part of a tenant's state. Only the next part of the newest attempt counts.
struct ImportTenant {
  TenantId tenant;
  int64_t revision = 0;
  int32_t from_shard = 0;
  int64_t attempt = 0;
  uint32_t part = 0;
  std::vector<TenantRow> rows;
  std::optional<ImportEnd> end;
  std::string abandoned;  // why the export cannot be finished; "" = it can
};
struct DropTenant {
  TenantId tenant;
  int64_t revision = 0;
};
struct ThawTenant {
  TenantId tenant;
  int64_t revision = 0;
};
// A record that came to the shard which its tenant has left.
struct Forwarded {
  TenantId tenant;
  int64_t revision = 0;
  int32_t from_shard = 0;
  int64_t offset = 0;  // there
  std::string record;  // an encoded LogRecord
};
struct ForgetForwarded {
  TenantId tenant;
  int64_t revision = 0;
  int64_t offset = 0;
};

using LogRecord = std::variant<MemberEvent, Tick, Work, Claim, Command, FreezeTenant, ImportTenant,
                               DropTenant, ThawTenant, Forwarded, ForgetForwarded>;

// The control log: what must be known before a record of a shard's log is reached. The embedded
// program has one shard, 0.
struct SkipOffset {
  int64_t offset = 0;
  std::string reason;
  int32_t shard = 0;
  bool taken_back = false;  // an earlier one of this offset holds no more
  friend bool operator==(const SkipOffset&, const SkipOffset&) = default;
};
struct Barrier {
  int64_t offset = 0;
  uint32_t logic_version = 0;
  int32_t shard = 0;
  friend bool operator==(const Barrier&, const Barrier&) = default;
};
enum class MovePhase : uint8_t {
  kSettled = 1,
  kMoving = 2  // nothing new may enter the log of the tenant's shard until it is settled
};
struct PlaceTenant {
  TenantId tenant;
  int32_t shard = 0;
  MovePhase move = MovePhase::kSettled;
  int64_t revision = 0;   // the placement with the highest one counts
  int32_t to_shard = 0;   // while it is moving
  std::string note = {};  // why a move was taken back
  friend bool operator==(const PlaceTenant&, const PlaceTenant&) = default;
};
struct TenantSource {
  std::string name;                 // "square"
  std::string site;                 // of events that name none
  std::vector<std::string> topics;  // Kafka topics that carry its bodies
  friend bool operator==(const TenantSource&, const TenantSource&) = default;
};
// What intake must know of a tenant before an event is read; its secrets are in no log.
struct TenantEntry {
  TenantId tenant;
  TenantKind kind = TenantKind::kStudio;
  std::string region = "US";  // ISO 3166
  std::vector<TenantSource> sources;
  friend bool operator==(const TenantEntry&, const TenantEntry&) = default;
};
// Who serves a shard, and where. It follows the claim in the shard's log, which alone decides.
struct ShardOwner {
  int32_t shard = 0;
  int64_t generation = 0;
  std::string owner;
  std::string address;  // "HOST:PORT" of its gRPC listener; "": it serves no longer
  bool is_standby = false;
  friend bool operator==(const ShardOwner&, const ShardOwner&) = default;
};
struct ShardCount {
  int32_t partitions = 1;
  std::string log_topic;
  friend bool operator==(const ShardCount&, const ShardCount&) = default;
};
using ControlRecord =
    std::variant<SkipOffset, Barrier, PlaceTenant, TenantEntry, ShardOwner, ShardCount>;

}  // namespace spotter::model
