// SPDX-License-Identifier: Apache-2.0
//
// What segments cost: one evaluation, an event among a hundred of them, a million windows that
// close, a definition over a million members.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "benchmarks/measure.h"

namespace spotter::benchmarks {

// Nanoseconds of one evaluation with its valid_until, per audience, of a member with 200 visits,
// bookings and payments. Median of `runs`.
StatusOr<std::vector<std::pair<std::string, double>>> EvaluateAudiences(int runs);

// Processor nanoseconds by which 100 installed segments, of which five read what it touches, make
// an event dearer than no segment does; each run takes both in turn, on a store in memory.
StatusOr<std::vector<double>> EventAmongSegments(int runs, int members);

struct Crossing {
  // Who leave a window, per processor second of the engine: all read from the store, or in memory.
  double members_per_second = 0;
  double members_per_second_cached = 0;
  double roofline_per_second = 0;  // the same timers popped and the same rows written, no more
  double lateness_max = 0;         // seconds between the instant and the tick that fired it
};
// `members` whose 14 days without a visit end within one hour; a tick each second.
StatusOr<Crossing> CrossWindows(const TemporaryDirectory& directory, int members);

struct Definition {
  double members_per_second = 0;      // of wall time, events in between
  std::vector<double> event_seconds;  // from an event's turn to its commit while the work goes on
  std::vector<double> quiet_seconds;  // the same without work
};
// A segment is created over `members` existing ones, an event after each Work record of 1,000.
StatusOr<Definition> DefineSegment(const TemporaryDirectory& directory, int members);

}  // namespace spotter::benchmarks
