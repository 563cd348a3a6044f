// SPDX-License-Identifier: Apache-2.0
//
// The shards of a process, and which of them a tenant lives on. `services` implement it.
#pragma once

#include <memory>
#include <vector>

#include "api/operations.h"
#include "engine/delivery.h"
#include "engine/owner.h"
#include "log/log.h"
#include "model/ids.h"
#include "store/store.h"

namespace spotter::api {

// What the services stand on of one shard.
struct ShardPorts {
  int number = 0;
  const store::Store& store;
  const log::Log& log;
  engine::Owner* owner;  // nullptr: the shard could not be opened; reads go on
  engine::Delivery& delivery;
  ShardOperations& operations;
};

// Shared by the table of shards and the calls under way: a shard that is given up while they run
// closes behind the last of them.
using ShardHandle = std::shared_ptr<const ShardPorts>;

// Thread safety: all methods from any thread.
class Shards {
 public:
  virtual ~Shards() = default;
  // The shard where a tenant lives. Unavailable (see Elsewhere): another process has it, the
  // message says which; or the tenant is being moved.
  virtual StatusOr<ShardHandle> Of(const model::TenantId& tenant) const = 0;
  // Unavailable: another process has it. InvalidArgument: there is no such shard.
  virtual StatusOr<ShardHandle> At(int number) const = 0;
  virtual std::vector<ShardHandle> All() const = 0;  // those here, ascending
};

// The one shard of an embedded program.
class OneShard final : public Shards {
 public:
  explicit OneShard(const ShardPorts& shard) : shard_(std::make_shared<ShardPorts>(shard)) {}
  StatusOr<ShardHandle> Of(const model::TenantId&) const override { return shard_; }
  StatusOr<ShardHandle> At(int number) const override {
    if (number == shard_->number) return shard_;
    return InvalidArgument("shard {}: this program has shard {} alone", number, shard_->number);
  }
  std::vector<ShardHandle> All() const override { return {shard_}; }

 private:
  const ShardHandle shard_;
};

}  // namespace spotter::api
