// SPDX-License-Identifier: Apache-2.0
//
// What an expression says, in English: "no visit in the last 14 days and payment status is active".
#pragma once

#include <string>
#include <vector>

#include "segment/ast.h"

namespace spotter::segment {

struct Sentence {
  std::string text;
  // The parts that there are no words for; they stand in `text` as CEL.
  std::vector<std::string> printed;
};
// Of every tree that Parse() gives.
Sentence Say(const Ast& ast);

// The sentence of an expression, or "" of one that cannot be parsed.
std::string SentenceOf(std::string_view expression);

}  // namespace spotter::segment
