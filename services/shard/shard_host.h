// SPDX-License-Identifier: Apache-2.0
//
// One shard in a process, wired: store, log, dispatcher, owner, snapshots. The programs differ in
// where the log is and how many shards there are; what a shard is made of is here.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "api/shards.h"
#include "dispatch/dispatcher.h"
#include "exposition/metrics.h"
#include "services/program/run.h"
#include "services/shard/segment_watch.h"
#include "services/shard/shard_operations.h"

namespace spotter::service {

struct ShardSettings {
  int number = 0;
  SnapshotSettings snapshots;
  engine::Options engine;
  Duration self_check = Seconds(10);  // between two looks at some members; zero: none
};

// What the program opens for the shard.
struct ShardParts {
  std::unique_ptr<store::Store> store;
  std::shared_ptr<log::Log> log;  // shared with appends under way
  std::set<int64_t> skips;
  std::string problem;  // why the shard stands still from the start; "" = it does not
  std::function<Status(int64_t offset, std::string reason)> skip;  // appends to the control log
  // Where the control log says that the logic changes, now; appends another such place to it.
  std::function<engine::Barriers()> barriers = [] { return engine::Barriers(); };
  // Empty: this program writes none.
  std::function<Status(int64_t offset, uint32_t logic_version)> put_barrier;
  // Whether the record keeps the log from being opened, so that it may be skipped though it was
  // applied. Empty: none does.
  std::function<StatusOr<bool>(int64_t offset)> is_damaged;
};

// Histograms that all shards of a process fill.
struct ShardHistograms {
  engine::Observers engine;
  std::function<void(double)> event_to_action_seconds;
};
ShardHistograms AddShardHistograms(exposition::Metrics& metrics);

// Thread safety: Open, CatchUp, Claim and Stop from one thread; the rest from any.
class ShardHost : public std::enable_shared_from_this<ShardHost> {
 public:
  // Opens the shard and starts its owner, which follows the log from now on. Damage is no error:
  // the shard is quarantined, `problem` says why, and its state can be read.
  // Both clocks outlive it; `wall` dates snapshots.
  static StatusOr<std::shared_ptr<ShardHost>> Open(ShardSettings settings, ShardParts parts,
                                                   const Clock& clock, const Clock& wall,
                                                   const ShardHistograms& histograms);
  ~ShardHost();  // stops

  // Waits until everything is applied that the log holds now, or the shard stands still.
  // Cancelled: `interrupted` said so.
  Status CatchUp(const Interrupted& interrupted);
  // Makes this process the owner: a claim above all others, in force when this returns; then
  // deliveries begin (at once, or when the lease of the owner before has run out). A standby is
  // promoted. Only behind CatchUp: an ack may be the log's last record.
  Status Claim();

  int number() const { return settings_.number; }
  const api::ShardPorts& ports() const { return *ports_; }
  engine::Owner* owner() const { return owner_.get(); }  // nullptr: quarantined
  dispatch::Dispatcher& dispatcher() { return *dispatcher_; }
  store::Store& store() { return *parts_.store; }
  const SegmentWatch* segment_watch() const { return watch_.get(); }  // nullptr: quarantined
  // For those outside the shard: takes nothing while it stands still.
  const std::shared_ptr<log::Log>& log() const { return log_; }
  // Unavailable: the shard stands still until an operator acts, and why.
  Status standing() const;
  std::string problem() const;  // why it stands still or is paused, or ""

  // Long polls return; nothing more is delivered. Calls under way may finish.
  void StopDelivery();
  // Closes the shard cleanly. Idempotent.
  Status Stop();

 private:
  ShardHost(ShardSettings settings, ShardParts parts)
      : settings_(std::move(settings)), parts_(std::move(parts)) {}
  Status Start(const Clock& clock, const Clock& wall, const ShardHistograms& histograms);

  const ShardSettings settings_;
  const ShardParts parts_;
  std::string open_problem_;  // set before anybody else sees the host
  std::shared_ptr<log::Log> log_;
  std::unique_ptr<SnapshotTaker> snapshots_;
  std::unique_ptr<dispatch::Dispatcher> dispatcher_;
  std::unique_ptr<engine::Owner> owner_;
  std::unique_ptr<SegmentWatch> watch_;
  std::unique_ptr<HostedOperations> operations_;
  std::unique_ptr<api::ShardPorts> ports_;
};

}  // namespace spotter::service
