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
  const std::lock_guard one(snapshot_mutex_);
  SPOTTER_ASSIGN_OR_RETURN(
      const SnapshotManifest manifest,
      WriteSnapshot(settings_.folder, parts_.wall.Now(),
                    [&](const std::string& state, SnapshotManifest& out) {
                      return parts_.owner->BetweenBatches([&](const state::Meta& meta) -> Status {
                        out.offset = meta.next_offset;
                        out.logic_version = meta.logic_version;
                        out.state_hash = Hex(meta.hash.Total());
                        out.shard_time = meta.shard_time;
                        return parts_.store.Checkpoint(state);
                      });
                    }));
  SPOTTER_ASSIGN_OR_RETURN(const auto kept,
                           PruneSnapshots(settings_.folder, static_cast<size_t>(settings_.kept)));
  if (!kept.empty()) SPOTTER_RETURN_IF_ERROR(parts_.log.TrimBefore(kept.back().offset));
  LogInfo("snapshot taken, name={} offset={} bytes={}", manifest.name(), manifest.offset,
          manifest.bytes);
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
