// SPDX-License-Identifier: Apache-2.0
//
// Keys of a shard's tables. Every key starts with its tenant, then a byte that names the table, so
// a tenant is a key range. Timers alone start with their due time: they are popped in time order
// over all tenants of the shard.
#pragma once

#include <string>
#include <string_view>

#include "base/time.h"
#include "model/event.h"
#include "model/ids.h"

namespace spotter::state {

// The shard's own rows "clean", "meta" and "newest-claim" stand where c, m and n of a tenant ""
// would.
enum class Table : char {
  kSegmentCount = 'C',  // how many members a segment has
  kSegmentDay = 'D',    // how many it had, a row for each day on which that changed
  kTransition = 'T',    // entries into segments and exits, by offset
  kAnchor = 'a',
  kAnswer = 'c',
  kAudit = 'd',
  kEntityIndex = 'e',
  kRefusal = 'f',
  kMove = 'g',  // of the shard: where a tenant stands that came or left
  kAssertion = 'h',
  kIdentifier = 'i',
  kForwardedSeen = 'j',  // forwarded records that were applied, and when
  kDeadLetter = 'k',
  kLink = 'l',
  kOrphan = 'o',
  kProfile = 'p',
  kSequence = 'q',
  kRecord = 'r',
  kSegment = 's',
  kSettings = 't',
  kSubscription = 'u',
  kProgress = 'v',
  kKeptBack = 'w',  // of the shard: records of a tenant that is not here
  kSuppression = 'x',
  kJourney = 'y',
  kZone = 'z',
};

// The range of a table of one tenant: [prefix, PrefixEnd(prefix)).
std::string TablePrefix(std::string_view tenant, Table table);
std::string Key(std::string_view tenant, Table table, std::string_view rest);

// Rows of the shard itself stand under the empty tenant.
std::string MetaKey();
std::string CleanStopKey();
std::string ClaimKey();  // the newest claim
std::string MoveKey(std::string_view tenant);
std::string KeptBackPrefix(std::string_view tenant);
std::string KeptBackKey(std::string_view tenant, int64_t offset);

std::string ForwardedSeenKey(std::string_view tenant, int32_t from_shard, int64_t offset);
std::string RecordPrefix(std::string_view tenant, model::RecordKey record);
std::string RecordRowKey(std::string_view tenant, model::RecordKey record, uint32_t row);
std::string ProfileKey(std::string_view tenant, model::ProfileId profile);
std::string AnchorKey(std::string_view tenant, model::RecordKey record);
std::string SequenceKey(std::string_view tenant, model::ProfileId profile,
                        std::string_view subscription);
std::string LinkPrefix(std::string_view tenant, Hash128 link);
std::string LinkKeyOf(std::string_view tenant, Hash128 link, model::RecordKey record);
std::string IdentifierPrefix(std::string_view tenant, model::IdentifierType type,
                             std::string_view normalized);
std::string IdentifierKey(std::string_view tenant, model::IdentifierType type,
                          std::string_view normalized, model::RecordKey record);
// Both directions are written, so that all assertions of a record share a prefix.
std::string AssertionPrefix(std::string_view tenant, model::RecordKey record);
std::string AssertionKey(std::string_view tenant, model::RecordKey record, model::RecordKey other);
Hash128 EntityHash(std::string_view source, std::string_view type, std::string_view id);
std::string EntityIndexKey(std::string_view tenant, Hash128 entity);
std::string OrphanPrefix(std::string_view tenant, Hash128 entity);
std::string OrphanKey(std::string_view tenant, Hash128 entity, int64_t offset);
std::string SegmentDayPrefix(std::string_view tenant, std::string_view segment);
std::string SegmentDayKey(std::string_view tenant, std::string_view segment, int64_t day);
// `ordinal` numbers the transitions of one offset.
std::string TransitionKey(std::string_view tenant, int64_t offset, uint32_t ordinal);
struct TransitionPlace {
  int64_t offset = 0;
  uint32_t ordinal = 0;
};
TransitionPlace ParseTransitionKey(std::string_view tenant, std::string_view key);
std::string SuppressionKey(std::string_view tenant, std::string_view channel, Hash128 contact);
std::string RefusalPrefix(std::string_view tenant, model::ProfileId profile);
std::string RefusalKey(std::string_view tenant, model::ProfileId profile, int64_t offset,
                       uint32_t ordinal);
std::string OutboxPrefix(std::string_view tenant, std::string_view subscription,
                         model::ProfileId profile);
std::string OutboxSubscriptionPrefix(std::string_view tenant, std::string_view subscription);
std::string OutboxKey(std::string_view tenant, std::string_view subscription,
                      model::ProfileId profile, int64_t sequence);

std::string TimerKey(EventTime due, std::string_view tenant, model::ProfileId profile);
std::string TimerPrefix(EventTime due);
struct Timer {
  EventTime due;
  std::string tenant;
  model::ProfileId profile;
};
StatusOr<Timer> ParseTimerKey(std::string_view key);
// The record key at the end of an identifier, link or assertion key.
model::RecordKey LastRecordKey(std::string_view key);

}  // namespace spotter::state
