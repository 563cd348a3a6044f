// SPDX-License-Identifier: Apache-2.0
//
// spotter-sim: the crash property over many seeds. Prints its seed first on every failure;
// `--seeds 1 --first N` runs that one again.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/log_message.h"
#include "simulation/move_simulation.h"
#include "simulation/simulation.h"

namespace {

// Two shards and moving tenants: a crash at some writes of the seed's run. What was broken.
std::vector<std::string> RunMoves(uint64_t seed, uint64_t& runs, uint64_t& moves) {
  using spotter::simulation::MoveOutcome;
  using spotter::simulation::SimulateMoves;
  constexpr int64_t kCrashes = 8;
  const MoveOutcome still = SimulateMoves({.seed = seed, .moves = false});
  const int64_t writes = SimulateMoves({.seed = seed}).writes;
  std::vector<std::string> broken = still.broken;
  for (int64_t crash = 0; crash <= kCrashes; ++crash) {  // 0: none
    const int64_t at = crash * writes / (kCrashes + 1) + (crash > 0 ? 1 : 0);
    MoveOutcome outcome = SimulateMoves({.seed = seed, .crash_at = at});
    runs++;
    moves += static_cast<uint64_t>(outcome.moved);
    if (outcome.action_ids != still.action_ids) {
      outcome.broken.push_back("broke UniqueEffect: other actions than without moves");
    }
    for (const std::string& one : outcome.broken) {
      broken.push_back(fmt::format("moves, crash at write {}: {}", at, one));
    }
  }
  return broken;
}

}  // namespace

int main(int argc, char** argv) {
  using spotter::simulation::Options;
  using spotter::simulation::Outcome;
  uint64_t seeds = 25;
  uint64_t first = 1;
  CLI::App app{
      "Runs the whole engine in memory under simulated time. Each seed crashes it at a "
      "random write, at batch sizes 1, 7 and 1024, and compares the outcome with an "
      "uninterrupted run of the same log: state hash and action ids. Then two shards whose "
      "tenants move, crashed at eight writes."};
  app.add_option("--seeds", seeds, "how many seeds")->capture_default_str();
  app.add_option("--first,--seed", first, "the first seed")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  spotter::SetLogLevel(spotter::LogLevel::kError);  // moves that are refused are no news here

  uint64_t differences = 0;
  uint64_t runs = 0;
  uint64_t crashes = 0;
  uint64_t actions = 0;
  int64_t records = 0;
  uint64_t moves = 0;
  for (uint64_t seed = first; seed < first + seeds; ++seed) {
    const Outcome whole =
        spotter::simulation::Simulate({.seed = seed, .batch_records = 1, .crash = false});
    for (const size_t batch : {size_t{1}, size_t{7}, size_t{1024}}) {
      const Options options{.seed = seed, .batch_records = batch, .resend = seed % 2 == 0};
      Outcome outcome = spotter::simulation::Simulate(options);
      runs++;
      crashes += outcome.crashed ? 1 : 0;
      actions += outcome.action_ids.size();
      records += outcome.records;
      if (options.resend && outcome.action_ids != whole.action_ids) {
        outcome.broken.push_back(
            fmt::format("broke UniqueEffect: {} actions, an uninterrupted run has {}",
                        outcome.action_ids.size(), whole.action_ids.size()));
      }
      for (const std::string& broken : outcome.broken) {
        differences++;
        fmt::print("seed={} batch={}: {}\n", seed, batch, broken);
      }
    }
    for (const std::string& broken : RunMoves(seed, runs, moves)) {
      differences++;
      fmt::print("seed={} {}\n", seed, broken);
    }
    for (const std::string& broken : whole.broken) {
      differences++;
      fmt::print("seed={} uninterrupted: {}\n", seed, broken);
    }
  }
  const std::string last = fmt::format(
      "sim: seeds={}..{} runs={} crashes={} records={} actions={} tenant_moves={} "
      "differences={}\n",
      first, first + seeds - 1, runs, crashes, records, actions, moves, differences);
  std::fputs(last.c_str(), stderr);
  std::fputs(last.c_str(), stdout);
  return differences == 0 ? 0 : 1;
}
