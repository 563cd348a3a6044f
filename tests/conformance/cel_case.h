// SPDX-License-Identifier: Apache-2.0
//
// One test of the CEL conformance suite, as its JSON lines hold it (cel.expr.conformance.test
// .SimpleTest in protobuf's JSON mapping), and what becomes of it.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"

namespace spotter::segment {

struct CelCase {
  std::string key;   // "file/section/name"; "#2" is added to the second of a name
  std::string json;  // the line
};

// The cases of a file; NotFound if there is none.
StatusOr<std::vector<CelCase>> ReadCelCases(const std::string& path);

// "" if the language does what the case expects; else how it differs.
std::string RunCelCase(const CelCase& cel_case);

}  // namespace spotter::segment
