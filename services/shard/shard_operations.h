// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "api/operations.h"
#include "base/clock.h"
#include "engine/owner.h"
#include "log/log.h"
#include "services/shard/snapshot_taker.h"
#include "store/store.h"

namespace spotter::service {

// What the services ask of a shard's files; also takes the daily snapshot.
// Thread safety: all methods from any thread.
class HostedOperations final : public api::ShardOperations {
 public:
  struct Parts {
    store::Store& store;
    log::Log& log;
    engine::Owner* owner;  // may be nullptr (quarantine)
    const Clock& wall;
    std::function<Status(int64_t offset, std::string reason)> skip;  // appends to the control log
    std::function<StatusOr<bool>(int64_t offset)> is_damaged;        // see ShardParts
    SnapshotTaker& snapshots;
    std::function<engine::Barriers()> barriers;
    std::function<Status(int64_t offset, uint32_t logic_version)> put_barrier;
    std::function<std::string()> problem;
  };
  HostedOperations(SnapshotSettings settings, Parts parts);
  ~HostedOperations() override;
  void Stop();  // no more daily snapshots; idempotent

  StatusOr<api::SnapshotInfo> TakeSnapshot() override;
  StatusOr<std::vector<api::SnapshotInfo>> ListSnapshots() override;
  Status SkipOffset(int64_t offset, std::string reason) override;
  StatusOr<api::BarrierInfo> WriteBarrier(uint32_t logic_version) override;
  std::string problem() const override { return parts_.problem(); }

 private:
  StatusOr<api::BarrierInfo> TakeBackBarriers();
  void SnapshotDaily();

  const SnapshotSettings settings_;
  const Parts parts_;

  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::mutex join_mutex_;
  std::thread daily_;
};

}  // namespace spotter::service
