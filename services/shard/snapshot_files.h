// SPDX-License-Identifier: Apache-2.0
//
// Snapshots on disk: DIR/snapshots/OFFSET-TIME/{manifest.json, state/}. Folders that begin with
// "draft-" are being written or removed; all others are complete.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/time.h"

namespace spotter::service {

inline constexpr int kSnapshotFormat = 1;

struct SnapshotManifest {
  int format = kSnapshotFormat;
  int64_t offset = 0;  // the next offset to apply
  uint32_t logic_version = 0;
  std::string state_hash;  // hexadecimal
  EventTime taken_at;      // wall time
  EventTime shard_time;
  int64_t bytes = 0;
  std::string path;  // not in the file: the snapshot's folder
  std::string name() const { return path.substr(path.rfind('/') + 1); }
};

// InvalidArgument names the file and what is wrong with it.
StatusOr<SnapshotManifest> ReadManifest(const std::string& snapshot);

// Newest first. Folders without a manifest are what a crash left, and are not listed.
StatusOr<std::vector<SnapshotManifest>> ListSnapshotFiles(const std::string& folder);

// Writes a snapshot: `checkpoint` gets the path of the state's copy to make and fills in offset,
// versions and hash.
StatusOr<SnapshotManifest> WriteSnapshot(
    const std::string& folder, EventTime now,
    const std::function<Status(const std::string& state, SnapshotManifest& manifest)>& checkpoint);

// A restored state carries the offset of its snapshot: damage of the log below it was accepted with
// the restore. 0: it was not restored.
Status WriteRestoredOffset(const std::string& state, int64_t offset);
StatusOr<int64_t> ReadRestoredOffset(const std::string& state);
// Copies the newest snapshot of this logic version to `state`, which is not there yet; nullopt:
// there is none. `state` is there whole or not at all.
StatusOr<std::optional<SnapshotManifest>> RestoreNewest(const std::string& folder,
                                                        const std::string& state);

// Removes all but the newest `keep`, and what crashes left. Returns those kept, newest first.
StatusOr<std::vector<SnapshotManifest>> PruneSnapshots(const std::string& folder, size_t keep);

}  // namespace spotter::service
