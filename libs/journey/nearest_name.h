// SPDX-License-Identifier: Apache-2.0
// Private to this library.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace spotter::journey {

// "; did you mean 'steps'?" for the name that is at most two edits away from `name`, else "".
std::string Suggestion(std::string_view name, std::span<const std::string_view> names);

}  // namespace spotter::journey
