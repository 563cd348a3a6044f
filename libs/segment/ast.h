// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "segment/lexer.h"

namespace spotter::segment {

enum class BinaryOp : uint8_t {
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIn,
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kModulo
};
std::string_view SymbolOf(BinaryOp op);
inline bool IsComparison(BinaryOp op) { return op <= BinaryOp::kGreaterEqual; }

using Literal = std::variant<std::monostate, bool, int64_t, double, std::string>;  // null first

enum class AstKind : uint8_t {
  kLiteral,
  kName,    // name
  kSelect,  // children[0].name
  kCall,    // name(children...)
  kMethod,  // children[0].name(children[1..])
  kList,    // [children...]
  kNot,
  kNegate,
  kBinary,  // children[0] op children[1]
  kAnd,     // two or more children; parentheses inside a chain are not kept
  kOr,
  kTernary,  // children[0] ? children[1] : children[2]
};

// What was written, before any name has a meaning. A position is that of the token that tells
// most: the operator, the called or selected name, the literal.
struct Ast {
  AstKind kind = AstKind::kLiteral;
  Position position;
  BinaryOp op = BinaryOp::kEqual;
  std::string name;
  Literal literal;
  std::vector<Ast> children;
  int height = 1;  // of the tree under it
};

}  // namespace spotter::segment
