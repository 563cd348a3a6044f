// SPDX-License-Identifier: Apache-2.0
//
// A shard's life in an engine: opened, caught up, claimed, watched, closed; on a thread of its own.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "api/action_mirror.h"
#include "services/cluster/cluster.h"
#include "services/engine/config.h"
#include "services/engine/data_directory.h"
#include "services/engine/moving.h"
#include "services/shard/shard_host.h"
#include "store_rocksdb/rocksdb_store.h"

namespace spotter::service {

// What all shards of the engine stand on. It outlives them.
struct EngineParts {
  const EngineConfig& config;
  Cluster& cluster;
  const EngineDirectory& directory;
  const Clock& clock;
  std::shared_ptr<store_rocksdb::Memory> memory;
  ShardHistograms histograms;
  // The topic of --actions-topic, a log a partition; empty: nothing is mirrored.
  std::vector<std::shared_ptr<log::Log>> actions;
  // Set before the first shard begins: where gateways reach this engine, and whether it owns a
  // shard and may deliver there.
  std::string address;
  std::function<bool(int32_t shard)> owns_shard;
};

enum class SlotState {
  kOpening,  // the brokers are waited for, a snapshot is restored, the log is applied
  kStandby,  // caught up, and follows
  kOwner,    // caught up, and its claim is in force
  kStopped,  // stands still: `problem` says why; what it has can be read
  kGivenUp,  // closed: released, or another engine took it
};

struct SlotStatus {
  SlotState state = SlotState::kOpening;
  std::string problem;  // why it is not what it should be, or ""
  uint64_t fenced = 0;  // how often another engine took the shard from this one
  uint64_t mirrored = 0;
};

// Thread safety: all methods from any thread.
class ShardSlot {
 public:
  // Begins at once. `standby`: follows, and is promoted by Promote().
  ShardSlot(int32_t shard, bool standby, const EngineParts& parts);
  ~ShardSlot();  // closes the shard

  int32_t shard() const { return shard_; }
  // nullptr: not open yet, or no longer.
  std::shared_ptr<ShardHost> host() const;
  // nullptr: this engine does not own the shard now.
  std::shared_ptr<Moving> moving() const;
  SlotStatus status() const;
  void Promote();
  // Nothing more is delivered; calls under way may finish.
  void StopDelivery();
  // Closes the shard and tells the directory. Idempotent. BeginClose does not wait for the end.
  void BeginClose();
  void Close();
  // Returns when the state is not kOpening, and not kStandby if it is promoted; or after `timeout`.
  SlotStatus WaitSettled(Duration timeout) const;

 private:
  void Run();
  Status OpenAndOwn();
  StatusOr<ShardParts> OpenParts();
  Status Announce(bool serves);
  void Watch();
  bool IsStopping() const;
  void Set(SlotState state, std::string problem);

  const int32_t shard_;
  const EngineParts& parts_;

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  bool standby_;
  bool stopping_ = false;
  SlotStatus status_;
  std::shared_ptr<ShardHost> host_;
  std::shared_ptr<Moving> moving_;
  std::unique_ptr<api::ActionMirror> mirror_;  // while the shard is owned
  std::mutex join_mutex_;
  std::thread thread_;
};

}  // namespace spotter::service
