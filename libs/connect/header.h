// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "connect/connector.h"

namespace spotter::connect {

// The value of the header, whose name has no case; "" if there is none.
std::string_view FindHeader(std::span<const Header> headers, std::string_view name);

// Equality of ASCII text without case.
bool EqualsIgnoringCase(std::string_view a, std::string_view b);

}  // namespace spotter::connect
