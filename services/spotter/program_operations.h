// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "api/operations.h"
#include "engine/owner.h"
#include "services/spotter/data_directory.h"
#include "services/spotter/snapshot_files.h"

namespace spotter::service {

// What the services ask of this program; also takes the daily snapshot.
// Thread safety: all methods from any thread.
class ProgramOperations final : public api::Operations {
 public:
  // `owner` may be nullptr (quarantine). `on_clock_moved` tells those who wait for the clock.
  ProgramOperations(const Config& config, DataDirectory& directory, engine::Owner* owner,
                    const Clock& wall, std::function<void()> on_clock_moved);
  ~ProgramOperations() override;  // ends the snapshot thread

  StatusOr<api::SnapshotInfo> TakeSnapshot() override;
  StatusOr<std::vector<api::SnapshotInfo>> ListSnapshots() override;
  Status SkipOffset(int64_t offset, std::string reason) override;
  StatusOr<bool> AdvanceTime(EventTime to) override;
  StatusOr<std::string> ZoneRules(const std::string& zone) override;
  std::string RandomBytes(size_t size) override;
  std::string Sha256Hex(std::string_view bytes) override;
  std::string version() const override;
  std::string problem() const override;

 private:
  StatusOr<bool> IsDamaged(int64_t offset) const;
  void SnapshotDaily();

  const Config& config_;
  DataDirectory& directory_;
  engine::Owner* const owner_;
  const Clock& wall_;
  const std::function<void()> on_clock_moved_;
  std::mutex snapshot_mutex_;  // one at a time
  std::mutex advance_mutex_;   // the clock moves in one caller's steps at a time

  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::thread daily_;
};

}  // namespace spotter::service
