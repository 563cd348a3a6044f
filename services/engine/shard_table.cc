// SPDX-License-Identifier: Apache-2.0
#include "services/engine/shard_table.h"

#include <algorithm>

#include "api/grpc_status.h"
#include "engine/queries.h"
#include "services/shard/shard_metrics.h"

namespace spotter::service {
namespace {

constexpr Duration kTakeTimeout = Minutes(10);

// Keeps the host, with all that its ports point to, for as long as a call lasts.
api::ShardHandle HandleOf(const std::shared_ptr<ShardHost>& host) { return {host, &host->ports()}; }

Status IsMoving(const model::TenantId& tenant) {
  return api::Elsewhere(fmt::format(
      "tenant '{}' is being moved to another shard: come again in a few seconds", tenant.value()));
}

bool IsOwner(const ShardHost& host) {
  return host.owner() != nullptr && host.owner()->status().is_owner;
}

}  // namespace

void ShardTable::Begin(int32_t shard, bool standby) {
  std::shared_ptr<ShardSlot> former;
  {
    const std::lock_guard lock(mutex_);
    former = slots_[shard];
  }
  if (former != nullptr) former->Close();  // its state must be closed before it is opened again
  const std::lock_guard lock(mutex_);
  if (former != nullptr) fenced_before_[shard] += former->status().fenced;
  slots_[shard] = std::make_shared<ShardSlot>(shard, standby, parts_);
}

Status ShardTable::CheckNumber(int32_t shard) const {
  const int32_t shards =
      parts_.cluster.directory->Shards().value_or(model::ShardCount()).partitions;
  if (shard >= 0 && shard < shards) return OkStatus();
  return InvalidArgument("shard {}: there are {}, from 0", shard, shards);
}

StatusOr<int64_t> ShardTable::Take(int32_t shard) {
  SPOTTER_RETURN_IF_ERROR(CheckNumber(shard));
  std::shared_ptr<ShardSlot> slot = Find(shard);
  const bool is_here = slot != nullptr && slot->status().state != SlotState::kGivenUp;
  if (is_here) {
    slot->Promote();
  } else {
    Begin(shard, /*standby=*/false);
    slot = Find(shard);
  }
  const SlotStatus settled = slot->WaitSettled(kTakeTimeout);
  const std::shared_ptr<ShardHost> host = slot->host();
  if (settled.state == SlotState::kOwner && host != nullptr && host->owner() != nullptr) {
    return host->owner()->status().generation;
  }
  return Unavailable("shard {} is not owned here: {}", shard,
                     settled.problem.empty() ? "it is being opened" : settled.problem);
}

Status ShardTable::Release(int32_t shard) {
  const std::shared_ptr<ShardSlot> slot = Find(shard);
  if (slot == nullptr || slot->status().state == SlotState::kGivenUp) {
    return FailedPrecondition("shard {} is not of this engine", shard);
  }
  slot->StopDelivery();
  slot->Close();
  return OkStatus();
}

std::vector<std::shared_ptr<ShardSlot>> ShardTable::Slots() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<ShardSlot>> slots;
  for (const auto& [shard, slot] : slots_) {
    if (slot != nullptr) slots.push_back(slot);
  }
  return slots;
}

std::shared_ptr<ShardSlot> ShardTable::Find(int32_t shard) const {
  const std::lock_guard lock(mutex_);
  const auto found = slots_.find(shard);
  return found == slots_.end() ? nullptr : found->second;
}

Status ShardTable::Elsewhere(std::string_view what, int32_t shard) const {
  const auto owner = parts_.cluster.directory->OwnerOf(shard);
  const bool is_served = owner.has_value() && !owner->address.empty();
  const bool is_ours = is_served && owner->address == parts_.address;
  return api::Elsewhere(fmt::format("{} shard {}, which this engine does not own{}", what, shard,
                                    is_ours     ? " at this instant"
                                    : is_served ? "; its owner is " + owner->address
                                                : "; nobody has announced that they do"));
}

StatusOr<std::shared_ptr<ShardHost>> ShardTable::HostOf(const model::TenantId& tenant) const {
  const int32_t shard = parts_.cluster.directory->ShardOf(tenant);
  const std::shared_ptr<ShardSlot> slot = Find(shard);
  const std::shared_ptr<ShardHost> host = slot == nullptr ? nullptr : slot->host();
  // What stands still here nobody else has: it can be read.
  if (host == nullptr || (!IsOwner(*host) && slot->status().state != SlotState::kStopped)) {
    return Elsewhere(fmt::format("tenant '{}' lives on", tenant.value()), shard);
  }
  SPOTTER_ASSIGN_OR_RETURN(const auto move, engine::FindMove(host->store(), tenant));
  if (move.has_value() && move->state != state::MoveState::kHere) return IsMoving(tenant);
  return host;
}

StatusOr<std::shared_ptr<log::Log>> ShardTable::LogOf(const model::TenantId& tenant) const {
  SPOTTER_ASSIGN_OR_RETURN(const std::shared_ptr<ShardHost> host, HostOf(tenant));
  if (parts_.cluster.directory->IsMoving(tenant)) return IsMoving(tenant);
  return host->log();
}

StatusOr<std::shared_ptr<Moving>> ShardTable::MovingOf(const model::TenantId& tenant) const {
  const int32_t shard = parts_.cluster.directory->ShardOf(tenant);
  const std::shared_ptr<ShardSlot> slot = Find(shard);
  if (const auto moving = slot == nullptr ? nullptr : slot->moving()) return moving;
  return Elsewhere(fmt::format("tenant '{}' lives on", tenant.value()), shard);
}

StatusOr<api::ShardHandle> ShardTable::Of(const model::TenantId& tenant) const {
  SPOTTER_ASSIGN_OR_RETURN(const std::shared_ptr<ShardHost> host, HostOf(tenant));
  return HandleOf(host);
}

StatusOr<api::ShardHandle> ShardTable::At(int number) const {
  const std::shared_ptr<ShardSlot> slot = Find(number);
  if (const auto host = slot == nullptr ? nullptr : slot->host()) return HandleOf(host);
  SPOTTER_RETURN_IF_ERROR(CheckNumber(number));
  return Elsewhere("asked for", number);
}

std::vector<api::ShardHandle> ShardTable::All() const {
  std::vector<api::ShardHandle> handles;
  for (const auto& slot : Slots()) {
    if (const auto host = slot->host()) handles.push_back(HandleOf(host));
  }
  return handles;
}

std::string ShardTable::problem() const {
  for (const auto& slot : Slots()) {
    const SlotStatus status = slot->status();
    switch (status.state) {
      case SlotState::kGivenUp:
        continue;
      case SlotState::kOpening:
        return fmt::format("shard {} is being opened", slot->shard());
      case SlotState::kStopped:
        return fmt::format("shard {} stands still: {}", slot->shard(), status.problem);
      case SlotState::kStandby:
      case SlotState::kOwner:
        break;
    }
    if (!status.problem.empty()) {
      return fmt::format("shard {} stands still: {}", slot->shard(), status.problem);
    }
  }
  return "";
}

bool ShardTable::Owns(int32_t shard) const {
  const std::shared_ptr<ShardSlot> slot = Find(shard);
  const std::shared_ptr<ShardHost> host = slot == nullptr ? nullptr : slot->host();
  return host != nullptr && host->owner() != nullptr && host->owner()->may_deliver();
}

bool ShardTable::is_opening() const {
  const auto slots = Slots();
  return std::any_of(slots.begin(), slots.end(),
                     [](const auto& slot) { return slot->status().state == SlotState::kOpening; });
}

std::string ShardTable::numbers() const {
  std::string text;
  for (const auto& slot : Slots()) {
    if (slot->status().state == SlotState::kGivenUp) continue;
    text += fmt::format("{}{}", text.empty() ? "" : ",", slot->shard());
  }
  return text;
}

void ShardTable::AddSamples(exposition::Samples& out) const {
  for (const auto& slot : Slots()) {
    const SlotStatus status = slot->status();
    uint64_t fenced = status.fenced;
    {
      const std::lock_guard lock(mutex_);
      if (const auto before = fenced_before_.find(slot->shard()); before != fenced_before_.end()) {
        fenced += before->second;
      }
    }
    if (!parts_.actions.empty()) {
      out.Counter("spotter_mirrored_entries_total",
                  "Entries of the outbox that are in the topic of --actions-topic.",
                  static_cast<double>(status.mirrored), {{"shard", std::to_string(slot->shard())}});
    }
    if (const auto host = slot->host()) {
      AddShardSamples(*host, parts_.clock, fenced, out);
      continue;
    }
    const exposition::Labels labels = {{"shard", std::to_string(slot->shard())}};
    out.Counter("spotter_engine_fenced_total",
                "Times that another's claim ended this process's own.", static_cast<double>(fenced),
                labels);
    out.Gauge("spotter_engine_delivers",
              "1 while this process may deliver: owner, within its lease.", 0, labels);
  }
}

void ShardTable::StopDelivery() {
  for (const auto& slot : Slots()) slot->StopDelivery();
}

void ShardTable::Close() {
  const auto slots = Slots();
  for (const auto& slot : slots) slot->BeginClose();  // each waits for brokers that may be away
  for (const auto& slot : slots) slot->Close();
}

StatusOr<std::shared_ptr<log::Log>> TableLogs::Of(const model::TenantId& tenant) const {
  return table_.LogOf(tenant);
}

}  // namespace spotter::service
