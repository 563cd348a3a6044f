// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "synthetic/studio_life.h"

namespace spotter::benchmarks {

struct Latency {
  double rate = 0;              // events per second that were asked for
  double reached_rate = 0;      // and that were appended
  std::vector<double> seconds;  // from Append of the event to the listener hearing its action
  std::vector<double> fsync_seconds;
};

// A running owner on a real log; `life` is delivered in the order of its arrivals, evenly at
// `rate`, each event moved to the moment of its delivery, and among them people sign up, whom the
// welcome journey answers at once.
StatusOr<Latency> RunLatency(const std::string& directory, const std::string& blueprints,
                             const synthetic::Options& life, double rate);

}  // namespace spotter::benchmarks
