// SPDX-License-Identifier: Apache-2.0
#include "services/shard/snapshot_taker.h"

#include "base/log_message.h"

namespace spotter::service {

StatusOr<SnapshotManifest> SnapshotTaker::Take(const Run& run) {
  const std::lock_guard one(mutex_);
  return TakeLocked(run);
}

Status SnapshotTaker::TakeHere(const state::Meta& meta) {
  const std::unique_lock one(mutex_, std::try_to_lock);
  if (!one.owns_lock()) return Unavailable("another snapshot is under way");
  return TakeLocked([&](const auto& work) { return work(meta); }).status();
}

StatusOr<SnapshotManifest> SnapshotTaker::TakeLocked(const Run& run) {
  SPOTTER_ASSIGN_OR_RETURN(const SnapshotManifest manifest,
                           WriteSnapshot(settings_.folder, wall_.Now(),
                                         [&](const std::string& state, SnapshotManifest& out) {
                                           return run([&](const state::Meta& meta) -> Status {
                                             out.offset = meta.next_offset;
                                             out.logic_version = meta.logic_version;
                                             out.state_hash = Hex(meta.hash.Total());
                                             out.shard_time = meta.shard_time;
                                             return store_.Checkpoint(state);
                                           });
                                         }));
  SPOTTER_ASSIGN_OR_RETURN(const auto kept,
                           PruneSnapshots(settings_.folder, static_cast<size_t>(settings_.kept)));
  if (!kept.empty()) SPOTTER_RETURN_IF_ERROR(log_.TrimBefore(kept.back().offset));
  LogInfo("snapshot taken, name={} offset={} bytes={}", manifest.name(), manifest.offset,
          manifest.bytes);
  return manifest;
}

}  // namespace spotter::service
