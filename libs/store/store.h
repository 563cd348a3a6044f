// SPDX-License-Identifier: Apache-2.0
//
// The port of the state store: ordered key-value tables with atomic batches. One Store is one
// shard. Implementations: InMemoryStore (tests, simulation), RocksDbStore (store_rocksdb).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace spotter::store {

enum class Family : uint8_t { kState = 0, kTimers = 1, kOutbox = 2 };
inline constexpr int kFamilies = 3;

// Writes in order; a later one wins. Keys and values are copied in. DeleteRange removes what lies
// in [begin, end) before it in this batch and in the store; an empty range removes nothing.
class WriteBatch {
 public:
  struct Operation {
    enum class Kind : uint8_t { kPut, kDelete, kDeleteRange } kind;
    Family family;
    std::string key;
    std::string value;  // kPut: the value; kDeleteRange: the end key, exclusive
  };
  void Put(Family family, std::string_view key, std::string_view value);
  void PutOwned(Family family, std::string key, std::string value);  // Put without the copies
  void Delete(Family family, std::string_view key);
  void DeleteRange(Family family, std::string_view begin, std::string_view end);
  void Clear() { operations_.clear(); }
  bool empty() const { return operations_.empty(); }
  const std::vector<Operation>& operations() const { return operations_; }

 private:
  std::vector<Operation> operations_;
};

// Thread safety: all methods from any thread; each call sees whole commits.
class Reader {
 public:
  virtual ~Reader() = default;

  // The value, or nullopt. DataLoss: stored bytes are damaged. Unavailable: an I/O error.
  virtual StatusOr<std::optional<std::string>> Get(Family family, std::string_view key) const = 0;

  // Visits keys in [begin, end) in order until `visit` returns false; an empty `end` means no upper
  // bound. Views are valid for the call; `visit` must not write to the store.
  using Visit = std::function<bool(std::string_view key, std::string_view value)>;
  virtual Status Scan(Family family, std::string_view begin, std::string_view end,
                      const Visit& visit) const = 0;
};

// Thread safety: one writer (the shard's thread); readers and views from any thread.
class Store : public Reader {
 public:
  // The store as it is now, whatever is committed later: for an answer that takes many reads. Give
  // it back soon, and on the thread that took it: what it shows is kept meanwhile, and Reopen()
  // waits for it.
  virtual StatusOr<std::unique_ptr<Reader>> View() const = 0;

  // Atomic; visible at once, durable after the next Sync(). After an error the store must be
  // closed and opened again: what was not synced may be lost, but only as a suffix of commits.
  virtual Status Commit(const WriteBatch& batch) = 0;
  virtual Status Sync() = 0;

  // Closes and opens again, as after an error. What was not synced may be gone, but only as a
  // suffix of commits. No other call may be under way on the writer's thread; readers wait.
  // Unavailable: it cannot be opened now (a full disk, say); try again later.
  virtual Status Reopen() = 0;

  // Writes a consistent, synced copy that Open() can open to the new directory `path`.
  virtual Status Checkpoint(const std::string& path) = 0;
};

// The smallest key greater than every key with this prefix ("" if there is none).
std::string PrefixEnd(std::string_view prefix);

}  // namespace spotter::store
