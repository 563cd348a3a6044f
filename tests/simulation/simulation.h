// SPDX-License-Identifier: Apache-2.0
//
// The whole engine in one thread, on the in-memory log and store, under simulated time. A seed
// draws a studio's weeks, when the log and the store are synced, how records are batched, what a
// subscriber acknowledges, and the write at which everything crashes: the log and the store then
// lose their unsynced suffixes independently. Afterwards the run must equal an uninterrupted one.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "base/hash.h"

namespace spotter::simulation {

// A deliberate fault, planted in a port, that the checks must catch.
enum class Plant : uint8_t {
  kNone,
  kEffectBeforeDurableLog,     // the shard reads records that are not durable yet
  kOffsetAheadOfBatch,         // the next offset is committed before the rest of its batch
  kTimerCursorAheadOfEffects,  // fired timers are forgotten before what they caused is committed
  kBatchOrder,                 // records change places within a batch
  kSequenceFromMemory,         // sequence numbers are kept in memory only
};

struct Options {
  uint64_t seed = 1;
  size_t batch_records = 1;
  bool crash = true;
  bool resend = true;  // publishers send again what was not acknowledged
  Plant plant = Plant::kNone;
};

struct Outcome {
  std::vector<std::string> broken;  // "broke NAME: what was found"
  Hash128 state_hash;
  std::set<std::string> action_ids;
  int64_t records = 0;
  int64_t transitions = 0;  // members whose way in or out of a segment is still kept
  int64_t writes = 0;       // of log and store: where a crash can fall
  bool crashed = false;
};

Outcome Simulate(const Options& options);

}  // namespace spotter::simulation
