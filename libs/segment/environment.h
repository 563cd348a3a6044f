// SPDX-License-Identifier: Apache-2.0
//
// What an expression may name besides the standard library: the roots of a scope, and variables
// and functions that whoever evaluates it declares. Segments and journeys declare none; the
// conformance suite of CEL declares them for each of its tests.
#pragma once

#include <string>
#include <vector>

#include "segment/expression.h"

namespace spotter::segment {

struct Environment {
  struct Variable {
    std::string name;          // may be qualified: "com.example.x"
    std::string type = "dyn";  // as in a signature: "map<string, int>"
  };
  struct Function {
    std::string name;
    std::string signature;  // "(string, int) -> string"; declared for the checker, never called
  };
  // The scope of a segment or a journey; nullopt: only what is declared.
  std::optional<Scope> scope;
  std::string container;            // names are looked up in it first, then in those around it
  std::vector<Variable> variables;  // Input::variables has their values, in the same order
  std::vector<Function> functions;
  // Without types: what does not fit is an error of the evaluation.
  bool is_checked = true;
};

}  // namespace spotter::segment
