// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace spotter {

// BLAKE2b (RFC 7693) with a 16-byte digest, as two words in the RFC's little-endian order. `key`
// has at most 64 bytes; an empty one gives the unkeyed hash.
std::array<uint64_t, 2> Blake2b128(std::string_view key, std::string_view bytes);

}  // namespace spotter
