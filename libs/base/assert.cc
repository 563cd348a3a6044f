// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace spotter {

void AssertionFailed(std::string_view invariant, std::source_location where) {
  std::fprintf(stderr, "broken invariant: %.*s (%s:%u)\n", static_cast<int>(invariant.size()),
               invariant.data(), where.file_name(), where.line());
  std::fflush(stderr);
  std::abort();
}

}  // namespace spotter
