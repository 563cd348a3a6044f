// SPDX-License-Identifier: Apache-2.0
//
// Which expressions read health data, and whether consent stands before them (X33).
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "segment/ast.h"

namespace spotter::segment {

inline constexpr std::string_view kMarketing = "marketing";

// The expression of a segment; "": unknown.
using ExpressionOf = std::function<std::string(std::string_view segment)>;

// InvalidArgument if an expression for marketing reads health fields, itself or by a segment, and
// `consent(CHANNEL, 'health') == 'granted'` is not among what its topmost && joins. Texts that do
// not parse pass.
Status CheckHealth(std::string_view expression, std::string_view purpose,
                   const ExpressionOf& segments);

}  // namespace spotter::segment
