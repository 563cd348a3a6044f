// SPDX-License-Identifier: Apache-2.0
//
// Tenants come to a shard of this engine and leave it: the thread of the shard's TenantMover, and
// what that stands on.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "api/operations.h"
#include "engine/tenant_mover.h"
#include "services/cluster/cluster.h"
#include "services/shard/shard_host.h"

namespace spotter::service {

// Thread safety: all methods from any thread.
class Moving {
 public:
  // Begins at once; what is under way goes on. `cluster` and its `settings` outlive it.
  // `owns_shard`: whether this engine owns another shard and may deliver there, and thus takes
  // tenants in. That it has it open is not enough: it may be a standby, or stand still.
  Moving(std::shared_ptr<ShardHost> host, const Cluster& cluster, const ClusterSettings& settings,
         std::function<bool(int32_t shard)> owns_shard);
  ~Moving();    // stops
  void Stop();  // idempotent; what is under way goes on with the next owner

  StatusOr<api::TenantMoveInfo> Begin(const model::TenantId& tenant, int32_t to_shard);
  StatusOr<api::TenantMoveInfo> InfoOf(const model::TenantId& tenant) const;

 private:
  engine::MoverPorts Ports();
  void Run();
  bool MayAct() const;
  StatusOr<std::shared_ptr<log::Log>> LogOf(int32_t shard);
  Status CheckOwner(int32_t shard);

  const std::shared_ptr<ShardHost> host_;
  const Cluster& cluster_;
  const ClusterSettings& settings_;
  const std::function<bool(int32_t shard)> owns_shard_;
  const BootClock boot_clock_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::map<int32_t, std::shared_ptr<log::Log>> logs_;  // of other shards, to append to
  engine::TenantMover mover_;
  std::mutex join_mutex_;
  std::thread thread_;
};

}  // namespace spotter::service
