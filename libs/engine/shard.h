// SPDX-License-Identifier: Apache-2.0
//
// A shard is a deterministic state machine: state = f(control, log). Apply has no clock, no random
// numbers, no I/O but reads of its own store, no threads; the same records give the same state,
// the same actions and the same ids at any batch size.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <span>
#include <vector>

#include "engine/effects.h"
#include "engine/options.h"
#include "log/log.h"
#include "state/rows.h"
#include "store/store.h"

namespace spotter::engine {

// Of the control log: from an offset on the log is applied by this logic version and later ones,
// below it by earlier ones. 0: taken back.
using Barriers = std::map<int64_t, uint32_t>;

// Thread safety: none; one thread owns a shard.
class Shard {
 public:
  // FailedPrecondition: the state was left by an unclean stop of another logic version; the message
  // says which binary must recover it. So too where a barrier says that records of the other side
  // would be applied; at the barrier itself its version goes on, however the stop before was.
  // DataLoss: stored rows do not decode.
  // `skips`: offsets the control log says to skip.
  static StatusOr<std::unique_ptr<Shard>> Open(store::Store& store, const Options& options,
                                               std::set<int64_t> skips = {},
                                               const Barriers& barriers = {});
  ~Shard();

  // Applies durable records in order, the first at next_offset(), and commits once. A record that
  // must begin a batch (a tenant leaves or arrives) ends the batch before it: next_offset() says
  // how far it came, at least one record. On error the
  // shard is no longer usable: destroy it and Open again. A record that cannot be applied (bad
  // bytes, unknown tenant) becomes a dead letter and is no error.
  StatusOr<Effects> ApplyBatch(std::span<const log::Record> records);
  // The two halves of ApplyBatch, for a caller that measures them: exactly one Commit per Apply.
  Status Apply(std::span<const log::Record> records);
  StatusOr<Effects> Commit();

  // Writes the clean-stop mark and syncs. Call once, last.
  Status Close();

  int64_t next_offset() const;
  EventTime shard_time() const;
  // The earliest armed timer: a tick at or after it has work. Max(): none.
  EventTime next_due() const;
  // A time more than 60 s ahead waits for a confirming tick at or past it.
  EventTime time_candidate() const;
  bool has_work() const;  // a Work record has something to do
  bool has_due() const;   // timers at or before shard time wait for another Tick
  // The newest claim; generation 0: none. Its lease is what a next owner has to wait out.
  const model::Claim& newest_claim() const;
  const state::StateHash& state_hash() const;
  const Counters& counters() const;
  void TakeTimerLateness(std::vector<double>& seconds);

 private:
  class Impl;
  explicit Shard(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace spotter::engine
