// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "segment/ast.h"

namespace spotter::segment {

// The canonical text: one space around operators, single quotes, no needless parentheses, no
// comments. Parse(Print(x)) is x but for positions.
std::string Print(const Ast& ast);

// A string as a literal of the language, quoted and escaped.
std::string Quoted(std::string_view text);

}  // namespace spotter::segment
