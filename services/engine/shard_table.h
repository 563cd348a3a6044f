// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "api/shards.h"
#include "intake/shard_logs.h"
#include "services/engine/shard_slot.h"
#include "services/program/host_operations.h"

namespace spotter::service {

// The shards of an engine: those it began with, those it took, those it gave up.
// Thread safety: all methods from any thread.
class ShardTable final : public api::Shards {
 public:
  explicit ShardTable(const EngineParts& parts) : parts_(parts) {}

  // Begins with a shard and does not wait for it.
  void Begin(int32_t shard, bool standby);
  // Returns the generation once the shard is owned. Opens it if need be, promotes a standby.
  StatusOr<int64_t> Take(int32_t shard);
  Status Release(int32_t shard);

  StatusOr<api::ShardHandle> Of(const model::TenantId& tenant) const override;
  StatusOr<api::ShardHandle> At(int number) const override;
  std::vector<api::ShardHandle> All() const override;
  // The shard where a tenant lives, if this engine owns it. Unavailable also while it stands still
  // on its way to another shard.
  StatusOr<std::shared_ptr<ShardHost>> HostOf(const model::TenantId& tenant) const;
  // The same, if nothing stands in the way of new events.
  StatusOr<std::shared_ptr<log::Log>> LogOf(const model::TenantId& tenant) const;
  // Of the shard where a tenant lives, or that it leaves, if this engine owns it.
  StatusOr<std::shared_ptr<Moving>> MovingOf(const model::TenantId& tenant) const;

  // Why the engine is not ready: what stands in the way of each shard that it has; "" = nothing.
  std::string problem() const;
  bool Owns(int32_t shard) const;  // and may deliver
  bool is_opening() const;         // one of them is
  std::string numbers() const;     // "0,2,4" of those it has
  void AddSamples(exposition::Samples& out) const;
  void StopDelivery();
  void Close();

 private:
  std::vector<std::shared_ptr<ShardSlot>> Slots() const;
  std::shared_ptr<ShardSlot> Find(int32_t shard) const;
  Status Elsewhere(std::string_view what, int32_t shard) const;
  Status CheckNumber(int32_t shard) const;  // InvalidArgument: there is no such shard

  const EngineParts& parts_;
  mutable std::mutex mutex_;
  std::map<int32_t, std::shared_ptr<ShardSlot>> slots_;
  std::map<int32_t, uint64_t> fenced_before_;  // of slots that were replaced
};

// Where intake appends: to the logs of shards that this engine owns.
class TableLogs final : public intake::ShardLogs {
 public:
  explicit TableLogs(const ShardTable& table) : table_(table) {}
  StatusOr<std::shared_ptr<log::Log>> Of(const model::TenantId& tenant) const override;

 private:
  const ShardTable& table_;
};

// What the services ask of an engine.
class EngineOperations final : public HostOperations {
 public:
  explicit EngineOperations(ShardTable& table) : table_(table) {}
  StatusOr<int64_t> TakeShard(int shard) override { return table_.Take(shard); }
  Status ReleaseShard(int shard) override { return table_.Release(shard); }
  StatusOr<api::TenantMoveInfo> MoveTenant(const model::TenantId& tenant, int to_shard) override {
    SPOTTER_ASSIGN_OR_RETURN(const auto moving, table_.MovingOf(tenant));
    return moving->Begin(tenant, to_shard);
  }
  StatusOr<api::TenantMoveInfo> TenantMoveOf(const model::TenantId& tenant) override {
    SPOTTER_ASSIGN_OR_RETURN(const auto moving, table_.MovingOf(tenant));
    return moving->InfoOf(tenant);
  }

 private:
  ShardTable& table_;
};

}  // namespace spotter::service
