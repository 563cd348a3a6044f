// SPDX-License-Identifier: Apache-2.0
//
// The checks of the simulation can fail: each of five faults, planted in a port, is caught.
#include "simulation/simulation.h"

#include <gtest/gtest.h>

namespace spotter::simulation {
namespace {

// What the checks say over some seeds with `plant`; empty: nothing was noticed. A crash has to fall
// between two certain writes, so some plants need many seeds; the first that is caught ends it.
std::string Caught(Plant plant) {
  for (uint64_t seed = 2; seed <= 400; seed += 2) {
    for (const size_t batch : {size_t{1}, size_t{7}, size_t{1024}}) {
      const Outcome outcome = Simulate({.seed = seed, .batch_records = batch, .plant = plant});
      if (!outcome.broken.empty()) return outcome.broken.front();
    }
  }
  return "";
}

TEST(Simulation, CatchesAnEffectBeforeItsDurableLog) {
  EXPECT_NE(Caught(Plant::kEffectBeforeDurableLog), "");
}
TEST(Simulation, CatchesAnOffsetAheadOfItsBatch) {
  EXPECT_NE(Caught(Plant::kOffsetAheadOfBatch), "");
}
TEST(Simulation, CatchesATimerCursorAheadOfItsEffects) {
  EXPECT_NE(Caught(Plant::kTimerCursorAheadOfEffects), "");
}
TEST(Simulation, CatchesAnOrderThatDependsOnTheBatch) { EXPECT_NE(Caught(Plant::kBatchOrder), ""); }
TEST(Simulation, CatchesSequencesKeptInMemory) {
  EXPECT_NE(Caught(Plant::kSequenceFromMemory), "");
}

TEST(Simulation, ASoundEngineBreaksNothing) {
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    for (const size_t batch : {size_t{1}, size_t{7}, size_t{1024}}) {
      const Outcome outcome =
          Simulate({.seed = seed, .batch_records = batch, .resend = seed % 2 == 0});
      EXPECT_TRUE(outcome.broken.empty()) << "seed " << seed << ": " << outcome.broken.front();
    }
  }
}

}  // namespace
}  // namespace spotter::simulation
