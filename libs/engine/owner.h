// SPDX-License-Identifier: Apache-2.0
//
// The owner of a shard: one thread that reads durable records, applies them in batches, syncs the
// store, releases effects, and appends ticks and work when they are due.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "engine/shard.h"
#include "model/log_record.h"

namespace spotter::engine {

// Hears what leaves the shard, on the owner's thread; must be quick and must not call back.
class EffectListener {
 public:
  virtual ~EffectListener() = default;
  virtual void OnOutbox(std::span<const OutboxChange> changes) = 0;
  // Before OnOutbox of the same batch; the store is as it is behind the batch.
  virtual void OnResidence(std::span<const Residence> /*changes*/) {}
};

// A point in time of what the owner does; for status and metrics. Copied under a lock.
struct OwnerStatus {
  int64_t next_offset = 0;
  int64_t log_end = 0;
  EventTime shard_time;
  EventTime last_append_time;  // of the newest applied record
  state::StateHash state_hash;
  Counters counters;
  bool caught_up = false;
  bool is_owner = false;       // its claim is in force, and no higher one was applied
  bool is_standby = false;     // until promoted
  int64_t generation = 0;      // of its claim; 0: none yet
  uint64_t heartbeats = 0;     // its claims that were read back after the first
  bool fenced = false;         // another claim came after its own: it changes nothing any more
  std::string fenced_by;       // "'OWNER' generation G"
  std::string not_delivering;  // why it may not deliver now; "" = it may
  std::string paused;          // why the store cannot be written now; tried again every second
  std::string quarantine;      // why the shard stands still; "" = it does not
  uint64_t batches = 0;
  uint64_t records = 0;
  double apply_seconds_sum = 0;
  double commit_seconds_sum = 0;
};

// Where the logic changes, and what happens there.
struct BarrierPlan {
  Barriers at;  // as the control log says at the start
  // Runs on the owner's thread once the shard has come to a barrier and the store is synced: takes
  // the snapshot. An error is shown and tried again every second; the shard stands still anyway.
  std::function<Status(const state::Meta&)> take_snapshot;
};

// Observes latencies as they happen, seconds. Any may be empty.
struct Observers {
  std::function<void(double)> apply_seconds;
  std::function<void(double)> commit_seconds;
  std::function<void(double)> sync_seconds;
  std::function<void(double)> timer_lateness_seconds;
};

// Thread safety: all methods from any thread.
class Owner {
 public:
  // Starts the thread. `store`, `log` and `clock` outlive the owner.
  // Status as Shard::Open; DataLoss or FailedPrecondition while running quarantines the shard
  // (status().quarantine) instead of ending the process.
  static StatusOr<std::unique_ptr<Owner>> Start(store::Store& store, log::Log& log,
                                                const Clock& clock, Options options,
                                                std::set<int64_t> skips, EffectListener* listener,
                                                Observers observers = {},
                                                BarrierPlan barriers = {});
  virtual ~Owner() = default;

  // Makes this process the owner of the shard: appends a claim above all others and returns once it
  // is in force, that is, read back. At once if it is the owner already. FailedPrecondition: it is
  // a standby (promote it), or it was fenced (a new process may claim). DeadlineExceeded: not yet;
  // it goes on trying.
  virtual Status Claim(Duration timeout) = 0;
  // The same for a standby, which is one no more.
  virtual Status Promote(Duration timeout) = 0;

  // Ok: at this instant this process may hand out deliveries, and no other may. Unavailable says
  // why not: it stands still or is paused, fenced, a standby, not claimed, waiting for the lease of
  // the owner before, or no heartbeat read back within the lease. Without a lease (embedded) only a
  // fence ends it.
  virtual Status MayDeliver() const = 0;
  bool may_deliver() const { return MayDeliver().ok(); }

  // Appends the command, waits until it is applied, and returns its answer: the Status of the
  // answer if it is an error. A repeated request_id gets the first answer.
  // DeadlineExceeded: not applied within `timeout`; it may be applied later: ask again with the
  // same request_id. Unavailable: the log refused it or the shard stands still, and nothing
  // happened; or this process is not, or no longer, the shard's owner: ask the owner with the same
  // request_id.
  virtual StatusOr<state::Answer> Submit(const model::Command& command, Duration timeout) = 0;

  // Returns when the record at `offset` has been applied and committed.
  virtual Status WaitApplied(int64_t offset, Duration timeout) = 0;

  // Appends ticks until shard time has reached the clock and nothing is due (time-lapse).
  virtual Status CatchUp(Duration timeout) = 0;

  // Runs `work` on the owner's thread between two batches, after a sync of the store.
  virtual Status BetweenBatches(std::function<Status(const state::Meta&)> work) = 0;

  // Only from within such work: the shard stops at `offset` until a binary of `logic_version` goes
  // on. The caller has made the control log say so. FailedPrecondition: applied already.
  virtual Status AddBarrier(int64_t offset, uint32_t logic_version) = 0;

  virtual OwnerStatus status() const = 0;

  // Unavailable: the shard stands still (quarantine, barrier) until an operator acts, and why.
  virtual Status Standing() const = 0;

  // Stops reading, closes the shard cleanly, joins the thread. Idempotent.
  virtual Status Stop() = 0;
};

}  // namespace spotter::engine
