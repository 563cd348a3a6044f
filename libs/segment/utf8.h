// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace spotter::segment {

inline bool IsUtf8Continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// -1 if `c` is not a hexadecimal digit.
int HexDigit(char c);
// False, and nothing appended, for a surrogate or a code above U+10FFFF.
bool AppendUtf8(uint32_t code, std::string& out);
// The first byte that is not UTF-8; npos if all of it is.
size_t InvalidUtf8At(std::string_view text);
// The bytes of the first character of valid UTF-8.
std::string_view FirstCharacter(std::string_view text);
std::string_view LastCharacter(std::string_view text);
int64_t CharactersIn(std::string_view text);
// Where the n-th character (from 0) begins, or the end if there are n; npos if there are fewer.
size_t OffsetOfCharacter(std::string_view text, int64_t n);

}  // namespace spotter::segment
