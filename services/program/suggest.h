// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace spotter::service {

// "; did you mean 'http'?" for the known word nearest to `word`, or "" if none is near.
std::string DidYouMean(std::string_view word, const std::vector<std::string>& known);

}  // namespace spotter::service
