// SPDX-License-Identifier: Apache-2.0
#include "simulation/move_simulation.h"

#include <gtest/gtest.h>

namespace spotter::simulation {
namespace {

// mission: C3 C33
TEST(MoveSimulation, ACrashAtAnyWriteLosesAndDoublesNothing) {
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    const MoveOutcome still = SimulateMoves({.seed = seed, .moves = false});
    const MoveOutcome whole = SimulateMoves({.seed = seed});
    ASSERT_TRUE(whole.broken.empty()) << "seed " << seed << ": " << whole.broken.front();
    EXPECT_GE(whole.moved, 2);
    EXPECT_EQ(whole.action_ids, still.action_ids);
    for (int64_t at = 1; at <= whole.writes; at += static_cast<int64_t>(seed)) {
      const MoveOutcome crashed = SimulateMoves({.seed = seed, .crash_at = at});
      ASSERT_TRUE(crashed.broken.empty())
          << "seed " << seed << " crash at " << at << ": " << crashed.broken.front();
      ASSERT_EQ(crashed.action_ids, still.action_ids) << "seed " << seed << " crash at " << at;
    }
  }
}

std::string Caught(MovePlant plant) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    const MoveOutcome still = SimulateMoves({.seed = seed, .moves = false});
    const MoveOutcome outcome = SimulateMoves({.seed = seed, .plant = plant});
    if (!outcome.broken.empty()) return outcome.broken.front();
    if (outcome.action_ids != still.action_ids) return "other actions";
  }
  return "";
}

TEST(MoveSimulation, CatchesALostForwardedRecord) {
  EXPECT_NE(Caught(MovePlant::kLoseForwarded), "");
}
TEST(MoveSimulation, CatchesAnOldShardThatDelivers) {
  EXPECT_NE(Caught(MovePlant::kOldShardDelivers), "");
}

}  // namespace
}  // namespace spotter::simulation
