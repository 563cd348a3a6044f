// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace spotter::segment {

// A random expression over CEL's own values and functions, mostly of fitting types, over these
// variables: i (int 7), j (int -3), u (uint 5), d (double 2.5), s (string 'héllo'), b (bytes), l
// (list of int), m (map of string to int), t (timestamp), z (null). The same for the same seed.
std::string RandomCel(uint64_t seed);

}  // namespace spotter::segment
