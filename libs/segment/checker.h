// SPDX-License-Identifier: Apache-2.0
//
// A tree to code: names get their meaning, types are checked, constants are computed.
#pragma once

#include "segment/ast.h"
#include "segment/code.h"

namespace spotter::segment {

// The root is a bool. InvalidArgument names the first thing wrong, where, and what was expected.
StatusOr<Code> Check(const Ast& ast, Scope scope);

}  // namespace spotter::segment
