// SPDX-License-Identifier: Apache-2.0
//
// Text to tokens by the lexical rules of CEL: strings and bytes in six forms each, escapes, quoted
// names, `//` comments.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace spotter::segment {

inline constexpr size_t kTextBytesMax = 16 * 1024;

// Where something stands in the text; columns count characters, both from 1.
struct Position {
  int line = 1;
  int column = 1;
  friend bool operator==(Position, Position) = default;
};

// InvalidArgument: "WHAT at 1:8; HINT" (the hint only if there is one).
Status ErrorAt(Position position, std::string_view what, std::string_view hint = "");

enum class TokenKind : uint8_t {
  kEnd,
  kName,
  kQuotedName,  // `content-type`, which stands only after a dot
  kInt,
  kUint,
  kDouble,
  kString,
  kBytes,
  kSymbol
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  Position position;
  std::string text;        // a name, a decoded string, a symbol such as "&&"; digits of a number
  double real = 0;         // of kDouble
  uint64_t magnitude = 0;  // of kInt and kUint: a sign is a token before it
};

// The tokens, the last of kind kEnd. InvalidArgument names what was found, where, and what was
// expected; also above kTextBytesMax and for text that is not UTF-8.
StatusOr<std::vector<Token>> Tokenize(std::string_view text);

}  // namespace spotter::segment
