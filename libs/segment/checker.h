// SPDX-License-Identifier: Apache-2.0
//
// A tree to code: names get their meaning, types are checked, constants are computed.
#pragma once

#include "segment/ast.h"
#include "segment/code.h"
#include "segment/environment.h"

namespace spotter::segment {

// The root is a bool where the environment has the scope of a segment or a journey. InvalidArgument
// names the first thing wrong, where, and what was expected.
StatusOr<Code> Check(const Ast& ast, const Environment& environment);

}  // namespace spotter::segment
