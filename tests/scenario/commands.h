// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "scenario/script.h"
#include "scenario/world.h"

namespace spotter::scenario {

// Whether a line reads or changes the shard itself; the others only append to the log, which a
// replay takes from a recording.
bool LooksAtShard(const Line& line);

// Does what a line says. `root`: the source tree, for files that a line names.
Status Execute(const Line& line, const std::string& root, World& world);

}  // namespace spotter::scenario
