// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace spotter::connect {

// Appends `text` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD.
void AppendJsonString(std::string& out, std::string_view text);

std::string ToBase64(std::string_view bytes);
// Standard alphabet with padding; nullopt otherwise.
std::optional<std::string> FromBase64(std::string_view text);

}  // namespace spotter::connect
