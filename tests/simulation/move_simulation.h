// SPDX-License-Identifier: Apache-2.0
//
// Two shards and tenants that move between them, in one thread under simulated time. A seed draws
// what is published, by publishers whose view of the directory may be old, when tenants move, which
// owner does its next step, and the write at which processes die.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace spotter::simulation {

// A deliberate fault that the checks must catch.
enum class MovePlant : uint8_t {
  kNone,
  kLoseForwarded,     // a record that is forwarded is said to be in the other log, and is not
  kOldShardDelivers,  // a shard hands out what it has, wherever the directory says the tenant is
};

struct MoveOptions {
  uint64_t seed = 1;
  int64_t crash_at = 0;  // the write before which processes die; 0: none
  bool moves = true;
  MovePlant plant = MovePlant::kNone;
};

struct MoveOutcome {
  std::vector<std::string> broken;  // "broke NAME: what was found"
  std::set<std::string> action_ids;
  int64_t writes = 0;
  int moved = 0;  // moves that were settled
  int forwarded = 0;
  bool crashed = false;
};

MoveOutcome SimulateMoves(const MoveOptions& options);

}  // namespace spotter::simulation
