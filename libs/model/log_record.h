// SPDX-License-Identifier: Apache-2.0
//
// Everything that can change the state of a shard, as values. `wire` turns them to and from bytes.
#pragma once

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
// An owner announces itself; deliveries and settlements carry the generation.
struct Claim {
  int64_t generation = 0;
  std::string owner;
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
               SeekSubscription, AddNote>
      what;
};

using LogRecord = std::variant<MemberEvent, Tick, Work, Claim, Command>;

// The control log: what must be known before a record of the shard log is reached.
struct SkipOffset {
  int64_t offset = 0;
  std::string reason;
};
struct Barrier {
  int64_t offset = 0;
  uint32_t logic_version = 0;
};
using ControlRecord = std::variant<SkipOffset, Barrier>;

}  // namespace spotter::model
