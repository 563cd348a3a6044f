// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <list>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/tenant_zones.h"
#include "govern/zone.h"
#include "journey/advance_enrolment.h"
#include "model/definition.h"
#include "model/input_set.h"
#include "segment/expression.h"
#include "segment/health.h"
#include "state/record_rows.h"
#include "state/rows.h"

namespace spotter::engine {

// A level over a member: a segment, or the entry condition of a journey.
struct Rule {
  std::string id;  // the segment's id, or "journey:" and the journey's
  segment::Expression expression;
  uint64_t revision = 0;  // of the definition: the tenant's definition count then
  int journey = -1;       // index of the journey whose entry it is
  // What can change its value besides time, also by the segments that it reads.
  model::InputSet inputs;
  // It, or a segment that it reads, is in quarantine: memberships stay as they are, nobody enters.
  bool stands_still = false;
};

// How many members a segment has.
struct CountedSegment {
  state::SegmentCount count;
  bool dirty = false;  // its row is written with the batch
};

struct Member;

struct LoadedRecord {
  state::StoredRecord stored;
  state::RecordDelta delta;  // of the current batch
  state::Anchor anchor;
  bool anchor_dirty = false;
  bool dirty = false;
  Member* member = nullptr;
};

// A profile in memory, with what is derived of it. `valid_until` runs parallel to Tenant::rules.
struct Member {
  state::Profile profile;
  std::vector<LoadedRecord*> records;
  std::vector<const model::SourceRecord*> views;
  std::vector<EventTime> valid_until;
  uint64_t decided_under = 0;  // Tenant::generation that valid_until belongs to
  EventTime due = EventTime::Max();
  bool dirty = false;
  std::list<Member*>::iterator used;  // place in Tenant::recent

  model::MemberView view() const { return {profile.id, views}; }
  bool IsMember(std::string_view segment) const;
};

// A tenant in memory: compiled definitions, and the members in use.
struct Tenant {
  model::TenantSettings settings;
  std::map<std::string, model::SegmentDefinition> segment_definitions;
  std::map<std::string, CountedSegment, std::less<>> counts;  // also of one whose members leave it
  std::map<std::string, model::JourneyDefinition> journey_definitions;
  std::map<std::string, model::Subscription> subscriptions;
  ZoneRules zones;
  state::TenantProgress progress;
  bool progress_dirty = false;  // its row is written with the batch

  std::vector<Rule> rules;  // a rule comes after the segments it reads
  std::vector<journey::Journey> journeys;
  uint64_t generation = 0;           // raised whenever `rules` is rebuilt
  int64_t offset_base = 0;           // state::TenantMove::offset_base
  bool may_have_assertions = false;  // of people, on who is who; false: there are none

  // Looked up by key, never iterated: order cannot leak into a decision.
  std::unordered_map<Hash128, std::unique_ptr<LoadedRecord>> records;
  std::unordered_map<Hash128, std::unique_ptr<Member>> members;
  std::list<Member*> recent;  // least recently used first

  // Compiles all definitions and orders the rules. InvalidArgument: one does not compile, or
  // segments refer to each other in a circle, or to a segment that does not exist.
  Status Rebuild();
  // What reads the segment: "segment 'a'", "journey 'b'".
  std::vector<std::string> ReadersOf(std::string_view segment) const;
  // Whether a new command may install it (docs/adr/0038).
  Status Admit(const model::SegmentDefinition& definition) const;
  Status Admit(const model::JourneyDefinition& definition) const;
  // The expressions of segments, with `changed`, if any, in place of its former self.
  segment::ExpressionOf Expressions(const model::SegmentDefinition* changed) const;
  // Members whom the bulk work under way has not reached yet, at most.
  uint64_t Undecided() const;
  // The member's zone if its rules are known, else the tenant's; `missing` names the tenant's where
  // its rules are not known either. "UTC" needs none.
  struct KnownZone {
    const govern::Zone& zone;
    std::string_view missing;
  };
  KnownZone ZoneOf(const model::MemberView& member) const;
  // Whether a segment or journey may change with the rules of a zone.
  bool ReadsZones() const;
  const journey::Journey* FindJourney(std::string_view id) const;
};

}  // namespace spotter::engine
