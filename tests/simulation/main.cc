// SPDX-License-Identifier: Apache-2.0
//
// spotter-sim: the crash property over many seeds. Prints its seed first on every failure;
// `--seeds 1 --first N` runs that one again.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "simulation/simulation.h"

int main(int argc, char** argv) {
  using spotter::simulation::Options;
  using spotter::simulation::Outcome;
  uint64_t seeds = 25;
  uint64_t first = 1;
  CLI::App app{
      "Runs the whole engine in memory under simulated time. Each seed crashes it at a "
      "random write, at batch sizes 1, 7 and 1024, and compares the outcome with an "
      "uninterrupted run of the same log: state hash and action ids."};
  app.add_option("--seeds", seeds, "how many seeds")->capture_default_str();
  app.add_option("--first,--seed", first, "the first seed")->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  uint64_t differences = 0;
  uint64_t runs = 0;
  uint64_t crashes = 0;
  uint64_t actions = 0;
  int64_t records = 0;
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
    for (const std::string& broken : whole.broken) {
      differences++;
      fmt::print("seed={} uninterrupted: {}\n", seed, broken);
    }
  }
  const std::string last =
      fmt::format("sim: seeds={}..{} runs={} crashes={} records={} actions={} differences={}\n",
                  first, first + seeds - 1, runs, crashes, records, actions, differences);
  std::fputs(last.c_str(), stderr);
  std::fputs(last.c_str(), stdout);
  return differences == 0 ? 0 : 1;
}
