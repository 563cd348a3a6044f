// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <map>
#include <shared_mutex>

#include "store/store.h"

namespace spotter::store {

// The reference implementation of Store, with the failures that tests and simulation need:
// commits are durable only after Sync(), and LoseUnsynced() drops a suffix of the others.
class InMemoryStore final : public Store {
 public:
  StatusOr<std::optional<std::string>> Get(Family family, std::string_view key) const override;
  Status Scan(Family family, std::string_view begin, std::string_view end,
              const Visit& visit) const override;
  StatusOr<std::unique_ptr<Reader>> View() const override;  // a copy
  Status Commit(const WriteBatch& batch) override;
  Status Sync() override;
  Status Reopen() override { return OkStatus(); }
  Status Checkpoint(const std::string& path) override;  // FailedPrecondition: nothing on disk

  // The next `n`-th commit from now fails with Unavailable and changes nothing (1 = the next).
  void FailCommitAfter(int n) { fail_after_ = n; }
  // A crash: keeps all synced commits and the first `keep` of the others.
  void LoseUnsynced(size_t keep);
  size_t unsynced() const { return unsynced_.size(); }

 private:
  using Tables = std::array<std::map<std::string, std::string, std::less<>>, kFamilies>;
  void SyncLocked();
  static void ApplyTo(Tables& tables, const WriteBatch& batch);

  mutable std::shared_mutex mutex_;
  Tables live_;
  Tables synced_;
  std::vector<WriteBatch> unsynced_;
  int fail_after_ = 0;
};

}  // namespace spotter::store
