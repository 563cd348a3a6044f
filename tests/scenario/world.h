// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "engine/queries.h"
#include "engine/shard.h"
#include "log/in_memory_log.h"
#include "model/log_record.h"
#include "store/in_memory_store.h"

namespace spotter::scenario {

// What left the shard.
struct Happening {
  model::TenantId tenant;
  model::OutboxEntry entry;
  bool is_expected = false;  // a line of the scenario has spoken of it
};

// How one run differs from another: none of it may make a difference.
struct Plan {
  std::string name;
  size_t batch_records = 1;
  size_t members_cached = 1000;
};

// What a run appended and when, line by line, so that another run can read the same log in other
// batches.
struct Recording {
  struct Mark {
    log::Offset end = 0;  // of the log after the line
    EventTime now;
  };
  std::vector<log::Record> records;
  std::vector<Mark> marks;
};

// One shard with its log, its store and its clock, all in memory. Errors of ports are errors of the
// scenario. Thread safety: none.
class World {
 public:
  explicit World(Plan plan);

  // Appends a record at the clock's time and applies it.
  Status Append(const model::LogRecord& record);
  Status AppendBytes(std::string_view payload);
  // A healthy owner: time passes, and whatever falls due on the way gets its ticks at its instant.
  Status AdvanceTo(EventTime time);
  // An owner that was away: the clock stands at `time`, then it catches up.
  Status JumpTo(EventTime time);
  void SetClock(EventTime time) { clock_.AdvanceTo(time); }
  Status Tick();
  // Applies what is durable, in the plan's batches.
  Status Apply();
  // Stops cleanly and opens again; the state hash must not change.
  Status Restart();
  // The record at the end of the log will be skipped.
  Status SkipNext();
  // The running hash must equal the hash of the rows.
  Status CheckHash() const;

  // Takes another run's records up to `mark`. A world that has replayed appends nothing itself.
  Status Replay(const Recording& recording, const Recording::Mark& mark);
  Recording TakeRecording(std::vector<Recording::Mark> marks);
  Recording::Mark Here() const { return {log_.end(), clock_.Now()}; }

  EventTime now() const { return clock_.Now(); }
  const engine::Shard& shard() const { return *shard_; }
  const store::Store& store() const { return store_; }
  engine::Counters counters() const;  // of all openings

  // The profile behind "C1@square" (customer, source) or "$name" (one that was remembered).
  StatusOr<model::ProfileId> ProfileOf(std::string_view ref) const;
  StatusOr<engine::StoredMember> MemberOf(std::string_view ref) const;
  // Whether `profile` is, or was merged into, the one that `ref` names ("$name": exactly that one).
  StatusOr<bool> IsOf(std::string_view ref, model::ProfileId profile) const;

  model::TenantSettings settings;  // of the current tenant
  std::vector<Happening> happenings;
  std::map<std::string, state::Answer> answers;      // by request id
  std::set<std::string> expected_answers;            // request ids whose answer a line spoke of
  std::set<std::string> expected_refusals;           // likewise, by key
  std::map<std::string, model::ProfileId> profiles;  // by $name
  std::map<std::string, model::ActionId> actions;    // by the name of `as=`
  std::map<std::string, std::string> kept;           // remembered values
  std::map<std::string, std::string> events;         // events by the name of `as=`

 private:
  Status Open();
  Status CatchUp();

  const Plan plan_;
  bool is_replaying_ = false;
  VirtualClock clock_;
  store::InMemoryStore store_;
  log::InMemoryLog log_;
  std::unique_ptr<engine::Shard> shard_;
  std::set<int64_t> skips_;
  engine::Counters before_;  // of earlier openings
};

}  // namespace spotter::scenario
