// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "model/definition.h"

namespace spotter::ctl {

struct SegmentFile {
  std::string path;
  model::SegmentDefinition definition;
};

// The segments of files and folders ("-" is stdin), each behind those of them that it reads. A
// folder is searched with all below it for .yaml and .yml; what there is a journey is left out.
// InvalidArgument: a file is no segment, two say the same id, or they read each other in a circle.
StatusOr<std::vector<SegmentFile>> ReadSegmentFiles(const std::vector<std::string>& paths);

// What changes from `before` to `after` line by line, "- was" and "+ is"; a long expression is
// broken at its topmost && and ||.
std::vector<std::string> DiffOf(const model::SegmentDefinition* before,
                                const model::SegmentDefinition& after);

// Counts as a row of bars, the lowest at 0: "▁▃█".
std::string Sparkline(const std::vector<int64_t>& counts);
// "[=====     ]  50 %"
std::string ProgressBar(int64_t done, int64_t all);

}  // namespace spotter::ctl
