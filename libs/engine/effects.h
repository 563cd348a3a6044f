// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>
#include <vector>

#include "model/action.h"
#include "model/event.h"
#include "model/log_record.h"
#include "state/rows.h"

namespace spotter::engine {

struct CommandAnswer {
  model::TenantId tenant;
  std::string request_id;
  state::Answer answer;
};

struct OutboxChange {
  model::TenantId tenant;
  model::OutboxEntry entry;  // as it stands now
  bool removed = false;      // settled: nothing more to deliver at this sequence
};

// A claim of the log, and what stood before it.
struct AppliedClaim {
  int64_t offset = 0;
  model::Claim claim;
  bool in_force = false;      // above all before it: its owner is the owner now
  bool is_heartbeat = false;  // of the owner that is
  model::Claim before;        // the newest one before it; generation 0: none
};

// A tenant came to live in this shard, or ceased to.
struct Residence {
  model::TenantId tenant;
  bool is_here = false;
};

// What follows from a batch and leaves the shard; released only after its commit, so never before
// the log holds the cause.
struct Effects {
  std::vector<CommandAnswer> answers;
  std::vector<OutboxChange> outbox;   // in order of decision
  std::vector<AppliedClaim> claims;   // in order of the log, heartbeats too
  std::vector<Residence> residences;  // in order; they come before what else the batch did
};

// Counts of what Apply did since the shard was opened. Not part of the state.
struct Counters {
  std::array<uint64_t, 64> events_by_kind{};
  std::array<uint64_t, 16> transitions_by_cause{};
  std::array<uint64_t, 16> refusals_by_reason{};
  uint64_t rules_asked = 0;  // evaluations of segments and journey entries by decisions
  uint64_t duplicates = 0;
  uint64_t dead_letters = 0;
  uint64_t orphans_waiting = 0;    // a level, not a count
  uint64_t members_undecided = 0;  // a level: whom changed definitions have not reached, at most
  uint64_t merges = 0;
  uint64_t splits = 0;
  uint64_t actions = 0;
  uint64_t settled = 0;
  uint64_t timers_fired = 0;
  uint64_t kept_back = 0;  // records of tenants that are not here
  // Lateness of timers: shard time minus the due instant, seconds, of the last batch.
  std::vector<double> timer_lateness_seconds;
};

}  // namespace spotter::engine
