// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "benchmarks/workload.h"

namespace spotter::benchmarks {

// One pass over the whole log, from an empty store to a synced one.
struct Pass {
  double cpu_seconds = 0;  // all threads
  double wall_seconds = 0;
  int64_t memory_bytes = 0;  // of the shard; the store's caches not counted
  int64_t disk_bytes = 0;    // of the store, its memtables flushed
  int64_t actions = 0;
  int64_t transitions = 0;
};

// The whole engine: read, decode, apply, commit, sync once a second.
StatusOr<Pass> RunEngine(Workload& workload, const std::string& directory);

// The least that any engine on this log and store would do per event: read, decode with the same
// decoder, read one profile row, write one small delta row; batches and syncs as the engine's.
StatusOr<Pass> RunRoofline(Workload& workload, const std::string& directory);

}  // namespace spotter::benchmarks
