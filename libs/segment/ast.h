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

struct Bytes {
  std::string bytes;
  friend bool operator==(const Bytes&, const Bytes&) = default;
};
// null first
using Literal = std::variant<std::monostate, bool, int64_t, uint64_t, double, std::string, Bytes>;

enum class AstKind : uint8_t {
  kLiteral,
  kName,    // name; ".name" is looked up outside of every container and macro
  kSelect,  // children[0].name
  kIndex,   // children[0][children[1]]
  kCall,    // name(children...)
  kMethod,  // children[0].name(children[1..])
  kList,    // [children...]
  kMap,     // {children[0]: children[1], children[2]: children[3], ...}
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
