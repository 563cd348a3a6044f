// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <source_location>
#include <string_view>

namespace spotter {

[[noreturn]] void AssertionFailed(std::string_view invariant, std::source_location where);

// States what this code guarantees; always on. A violation is our own bug: the process stops and
// the log replays. Input from outside is checked with Status instead.
inline void Assert(bool holds, std::string_view invariant,
                   std::source_location where = std::source_location::current()) {
  if (!holds) [[unlikely]]
    AssertionFailed(invariant, where);
}

}  // namespace spotter
