// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "log/log.h"
#include "services/shard/snapshot_files.h"
#include "state/rows.h"
#include "store/store.h"

namespace spotter::service {

struct SnapshotSettings {
  std::string folder;
  Duration interval = Days(1);  // zero: only when asked for
  int kept = 7;
};

// Takes snapshots of a shard one at a time, removes old ones, and lets the log go by.
// Thread safety: any thread.
class SnapshotTaker {
 public:
  // Runs what it is given on the owner's thread, the store synced.
  using Run = std::function<Status(std::function<Status(const state::Meta&)>)>;

  SnapshotTaker(SnapshotSettings settings, store::Store& store, log::Log& log, const Clock& wall)
      : settings_(std::move(settings)), store_(store), log_(log), wall_(wall) {}

  StatusOr<SnapshotManifest> Take(const Run& run);
  // For the owner's thread, which must not wait for one that waits for it. Unavailable: one is
  // under way.
  Status TakeHere(const state::Meta& meta);

 private:
  StatusOr<SnapshotManifest> TakeLocked(const Run& run);

  const SnapshotSettings settings_;
  store::Store& store_;
  log::Log& log_;
  const Clock& wall_;
  std::mutex mutex_;
};

}  // namespace spotter::service
