// SPDX-License-Identifier: Apache-2.0
#include "segment/utf8.h"

#include <algorithm>

namespace spotter::segment {
namespace {

// The length that a first byte announces; 0 if it can start no character.
size_t LengthOf(char first) {
  const auto byte = static_cast<unsigned char>(first);
  if (byte < 0x80) return 1;
  if (byte >= 0xC2 && byte < 0xE0) return 2;
  if (byte >= 0xE0 && byte < 0xF0) return 3;
  if (byte >= 0xF0 && byte < 0xF5) return 4;
  return 0;
}

}  // namespace

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool AppendUtf8(uint32_t code, std::string& out) {
  if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return false;
  const auto put = [&out](uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
  return true;
}

size_t InvalidUtf8At(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const size_t length = LengthOf(text[at]);
    if (length == 0 || at + length > text.size()) return at;
    uint32_t code = static_cast<unsigned char>(text[at]);
    if (length > 1) code &= 0x3FU >> (length - 1);
    for (size_t i = 1; i < length; ++i) {
      if (!IsUtf8Continuation(text[at + i])) return at;
      code = code << 6 | (static_cast<unsigned char>(text[at + i]) & 0x3F);
    }
    // Re-encoding finds overlong forms and surrogates alike.
    std::string again;
    if (!AppendUtf8(code, again) || again != text.substr(at, length)) return at;
    at += length;
  }
  return std::string_view::npos;
}

std::string_view FirstCharacter(std::string_view text) {
  if (text.empty()) return text;
  return text.substr(0, std::max<size_t>(1, LengthOf(text.front())));
}

std::string_view LastCharacter(std::string_view text) {
  size_t begin = text.empty() ? 0 : text.size() - 1;
  while (begin > 0 && IsUtf8Continuation(text[begin])) --begin;
  return text.substr(begin);
}

int64_t CharactersIn(std::string_view text) {
  return std::ranges::count_if(text, [](char c) { return !IsUtf8Continuation(c); });
}

size_t OffsetOfCharacter(std::string_view text, int64_t n) {
  for (size_t at = 0; at < text.size(); ++at) {
    if (!IsUtf8Continuation(text[at]) && n-- == 0) return at;
  }
  return n == 0 ? text.size() : std::string_view::npos;
}

}  // namespace spotter::segment
