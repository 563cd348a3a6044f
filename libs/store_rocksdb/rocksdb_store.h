// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "store/store.h"

namespace spotter::store_rocksdb {

// The memory that several stores of a process share.
struct Memory;
// `write_buffer_bytes` bounds what all their memtables hold together; it counts as cache.
std::shared_ptr<Memory> MakeMemory(size_t cache_bytes, size_t write_buffer_bytes);

struct Options {
  std::string directory;
  size_t cache_bytes = 256u << 20;
  size_t write_buffer_bytes = 64u << 20;
  std::shared_ptr<Memory> memory;  // instead of a cache of its own; nullptr: cache_bytes
};

// One RocksDB with three column families (state, timers, outbox), tuned as toolchain.md says.
// NotFound: `create_if_missing` is false and nothing is there. FailedPrecondition: another process
// has it open. DataLoss: RocksDB says it is corrupt.
StatusOr<std::unique_ptr<store::Store>> Open(const Options& options, bool create_if_missing);

}  // namespace spotter::store_rocksdb
