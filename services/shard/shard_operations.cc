// SPDX-License-Identifier: Apache-2.0
#include "services/shard/shard_operations.h"

#include <algorithm>

#include "base/log_message.h"
#include "state/verify_hash.h"

namespace spotter::service {
namespace {

constexpr Duration kSnapshotCheck = Seconds(30);

api::SnapshotInfo InfoOf(const SnapshotManifest& manifest) {
  return {.name = manifest.name(),
          .path = manifest.path,
          .offset = manifest.offset,
          .logic_version = manifest.logic_version,
          .state_hash = manifest.state_hash,
          .taken_at = manifest.taken_at,
          .bytes = manifest.bytes};
}

}  // namespace

HostedOperations::HostedOperations(SnapshotSettings settings, Parts parts)
    : settings_(std::move(settings)), parts_(std::move(parts)) {
  if (parts_.owner != nullptr && settings_.interval > Duration(0)) {
    daily_ = std::thread([this] { SnapshotDaily(); });
  }
}

HostedOperations::~HostedOperations() { Stop(); }

void HostedOperations::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    stop_.notify_all();
  }
  const std::lock_guard joining(join_mutex_);
  if (daily_.joinable()) daily_.join();
}

StatusOr<api::SnapshotInfo> HostedOperations::TakeSnapshot() {
  if (parts_.owner == nullptr) return Unavailable("{}", problem());
  // A snapshot of a damaged state would push out the good ones, and the log behind them.
  const auto refuse = [&]() -> Status {
    const std::string quarantine = parts_.owner->status().quarantine;
    return quarantine.empty() ? OkStatus()
                              : Unavailable("the shard is quarantined: {}", quarantine);
  };
  SPOTTER_RETURN_IF_ERROR(refuse());
  SPOTTER_ASSIGN_OR_RETURN(
      const SnapshotManifest manifest,
      parts_.snapshots.Take([&](const std::function<Status(const state::Meta&)>& work) {
        return parts_.owner->BetweenBatches([&](const state::Meta& meta) -> Status {
          // Once more: on this thread, which alone finds damage, nothing comes in between.
          SPOTTER_RETURN_IF_ERROR(refuse());
          return work(meta);
        });
      }));
  return InfoOf(manifest);
}

StatusOr<std::vector<api::SnapshotInfo>> HostedOperations::ListSnapshots() {
  SPOTTER_ASSIGN_OR_RETURN(const auto manifests, ListSnapshotFiles(settings_.folder));
  std::vector<api::SnapshotInfo> snapshots;
  for (const SnapshotManifest& manifest : manifests) snapshots.push_back(InfoOf(manifest));
  return snapshots;
}

Status HostedOperations::SkipOffset(int64_t offset, std::string reason) {
  bool is_damaged = false;
  if (parts_.is_damaged) {
    SPOTTER_ASSIGN_OR_RETURN(is_damaged, parts_.is_damaged(offset));
  }
  const StatusOr<state::Meta> meta = state::ReadMeta(parts_.store);
  const int64_t applied = meta.ok() ? meta->next_offset : 0;
  if (offset < applied && !is_damaged) {
    return FailedPrecondition("offset {} is applied already; the shard is at {}", offset, applied);
  }
  if (offset < applied) {
    LogWarn("the state keeps what a damaged record did, a replay will not, offset={}", offset);
  }
  SPOTTER_RETURN_IF_ERROR(parts_.skip(offset, std::move(reason)));
  LogInfo("offset will be skipped after the next start, offset={}", offset);
  return OkStatus();
}

// The owner's thread waits meanwhile: nothing at or past the offset is applied before the control
// log holds the barrier and the owner knows it.
StatusOr<api::BarrierInfo> HostedOperations::WriteBarrier(uint32_t logic_version) {
  if (parts_.owner == nullptr) return Unavailable("{}", problem());
  if (!parts_.put_barrier) {
    return FailedPrecondition(
        "barrier: this program writes none, its standbys would not hear of it");
  }
  if (logic_version == engine::kLogicVersion) return TakeBackBarriers();
  if (logic_version == 0) logic_version = engine::kLogicVersion + 1;
  if (logic_version < engine::kLogicVersion) {
    return InvalidArgument("barrier: logic version {}, expected a later one than this binary's {}",
                           logic_version, engine::kLogicVersion);
  }
  if (const Status standing = parts_.owner->Standing(); !standing.ok()) {
    return FailedPrecondition("{}", MessageOf(standing));
  }
  api::BarrierInfo barrier{.logic_version = logic_version};
  const Status written = parts_.owner->BetweenBatches([&](const state::Meta& meta) -> Status {
    barrier.offset = std::max(parts_.log.end(), meta.next_offset);
    SPOTTER_RETURN_IF_ERROR(parts_.put_barrier(barrier.offset, logic_version));
    return parts_.owner->AddBarrier(barrier.offset, logic_version);
  });
  SPOTTER_RETURN_IF_ERROR(written);
  LogInfo("barrier written, offset={} logic_version={}", barrier.offset, logic_version);
  return barrier;
}

StatusOr<api::BarrierInfo> HostedOperations::TakeBackBarriers() {
  const int64_t applied = parts_.owner->status().next_offset;
  std::optional<int64_t> first;
  for (const auto& [offset, version] : parts_.barriers()) {
    if (offset < applied || version <= engine::kLogicVersion) continue;
    SPOTTER_RETURN_IF_ERROR(parts_.put_barrier(offset, 0));
    LogInfo("barrier taken back after the next start, offset={}", offset);
    if (!first.has_value()) first = offset;
  }
  if (first.has_value()) return api::BarrierInfo{.offset = *first};
  return FailedPrecondition("there is no barrier at or after offset {}", applied);
}

void HostedOperations::SnapshotDaily() {
  const EventTime started = parts_.wall.Now();
  std::unique_lock lock(mutex_);
  const Duration check = std::min(kSnapshotCheck, settings_.interval);
  while (!stop_.wait_for(lock, check, [&] { return stopping_; })) {
    lock.unlock();
    const auto manifests = ListSnapshotFiles(settings_.folder);
    EventTime last = started;
    if (manifests.ok()) {
      for (const SnapshotManifest& one : *manifests) last = std::max(last, one.taken_at);
    }
    if (parts_.wall.Now() - last >= settings_.interval) {
      if (const auto taken = TakeSnapshot(); !taken.ok()) {
        LogWarn("snapshot not taken, error=\"{}\"", MessageOf(taken.status()));
      }
    }
    lock.lock();
  }
}

}  // namespace spotter::service
