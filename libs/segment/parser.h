// SPDX-License-Identifier: Apache-2.0
//
// Tokens to a tree by the grammar of CEL (precedence climbing, Pratt 1973).
#pragma once

#include <string_view>

#include "segment/ast.h"

namespace spotter::segment {

inline constexpr int kDepthMax = 64;  // nesting, and height of the tree
inline constexpr int kNodesMax = 1000;

// InvalidArgument: "expected ')' at 1:14, found '&&'"; also above the limits, each named.
StatusOr<Ast> Parse(std::string_view text);

}  // namespace spotter::segment
