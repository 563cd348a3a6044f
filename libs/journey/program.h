// SPDX-License-Identifier: Apache-2.0
// Private to this library.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "journey/advance_enrolment.h"

namespace spotter::journey {

// A step with its expressions compiled and its targets as positions; the position past the last
// step is the end.
struct CompiledStep {
  size_t next = 0;                                       // after it, where nothing else is said
  std::optional<segment::Expression> when;               // wait_until
  size_t on_timeout = 0;                                 // wait_until
  std::vector<std::optional<segment::Expression>> arms;  // branch; nullopt = otherwise
  std::vector<size_t> targets;                           // branch and split, one an arm
  std::string salt;                                      // split
  std::vector<std::string> tokens;                       // send and task; canonical, ascending
};

struct Journey::Program {
  model::JourneyDefinition definition;
  segment::Expression entry;
  std::optional<segment::Expression> goal = {};
  std::vector<segment::Expression> exits = {};
  std::vector<CompiledStep> steps = {};
  std::map<std::string, size_t, std::less<>> positions = {};  // of step ids
  std::string holdout_salt = {};
  segment::Dependencies dependencies = {};
};

}  // namespace spotter::journey
