// SPDX-License-Identifier: Apache-2.0
//
// The text of a message: its places, its length and the opt-out instruction (C23).
// Private to this library.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/action.h"

namespace spotter::journey {

// {{name}} or {{name|fallback}}; names as written, spaces around them dropped.
struct Place {
  std::string_view name = {};
  std::string_view fallback = {};
  bool has_fallback = false;
  size_t begin = 0;  // of "{{"
  size_t end = 0;    // after "}}"
};
// A "{{" without "}}" is text; HasOpenPlace tells.
std::vector<Place> PlacesOf(std::string_view text);
bool HasOpenPlace(std::string_view text);

// The canonical names of all tokens, ascending.
std::span<const std::string_view> KnownTokens();

// Characters as a person counts them: code points.
size_t CharactersIn(std::string_view text);

// Adds "Reply STOP to opt out" unless the text names STOP itself.
std::string WithOptOut(std::string_view text);

// What goes out: `text` filled with `tokens`, with the opt-out instruction and within kSmsCharsMax
// if it is a marketing SMS. Where the values make it too long, the longest gives way to its
// fallback, one by one, and leaves `tokens`, so that text and tokens agree.
std::string RenderText(const model::SendStep& send, std::string_view purpose,
                       std::vector<model::Token>& tokens);
bool NeedsOptOut(const model::SendStep& send, std::string_view purpose);

}  // namespace spotter::journey
