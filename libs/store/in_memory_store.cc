// SPDX-License-Identifier: Apache-2.0
#include "store/in_memory_store.h"

#include <algorithm>
#include <mutex>

namespace spotter::store {

StatusOr<std::optional<std::string>> InMemoryStore::Get(Family family, std::string_view key) const {
  const std::shared_lock lock(mutex_);
  const auto& table = live_[static_cast<size_t>(family)];
  const auto found = table.find(key);
  if (found == table.end()) return std::optional<std::string>();
  return std::optional<std::string>(found->second);
}

Status InMemoryStore::Scan(Family family, std::string_view begin, std::string_view end,
                           const Visit& visit) const {
  const std::shared_lock lock(mutex_);
  const auto& table = live_[static_cast<size_t>(family)];
  for (auto row = table.lower_bound(begin); row != table.end(); ++row) {
    if (!end.empty() && row->first >= end) break;
    if (!visit(row->first, row->second)) break;
  }
  return OkStatus();
}

StatusOr<std::unique_ptr<Reader>> InMemoryStore::View() const {
  auto copy = std::make_unique<InMemoryStore>();
  const std::shared_lock lock(mutex_);
  copy->live_ = live_;
  return std::unique_ptr<Reader>(std::move(copy));
}

Status InMemoryStore::Commit(const WriteBatch& batch) {
  const std::unique_lock lock(mutex_);
  if (fail_after_ > 0 && --fail_after_ == 0) {
    return Unavailable("in-memory store: this commit was told to fail");
  }
  ApplyTo(live_, batch);
  unsynced_.push_back(batch);
  return OkStatus();
}

Status InMemoryStore::Sync() {
  const std::unique_lock lock(mutex_);
  SyncLocked();
  return OkStatus();
}

Status InMemoryStore::Checkpoint(const std::string& path) {
  return FailedPrecondition("checkpoint '{}': an in-memory store has nothing on disk", path);
}

void InMemoryStore::LoseUnsynced(size_t keep) {
  const std::unique_lock lock(mutex_);
  unsynced_.resize(std::min(keep, unsynced_.size()));
  SyncLocked();  // what is there after a crash is on the disk
  live_ = synced_;
}

void InMemoryStore::SyncLocked() {
  for (const WriteBatch& batch : unsynced_) ApplyTo(synced_, batch);
  unsynced_.clear();
}

void InMemoryStore::ApplyTo(Tables& tables, const WriteBatch& batch) {
  for (const WriteBatch::Operation& operation : batch.operations()) {
    auto& table = tables[static_cast<size_t>(operation.family)];
    switch (operation.kind) {
      case WriteBatch::Operation::Kind::kPut:
        table.insert_or_assign(operation.key, operation.value);
        break;
      case WriteBatch::Operation::Kind::kDelete:
        table.erase(operation.key);
        break;
      case WriteBatch::Operation::Kind::kDeleteRange:
        table.erase(table.lower_bound(operation.key), table.lower_bound(operation.value));
        break;
    }
  }
}

}  // namespace spotter::store
