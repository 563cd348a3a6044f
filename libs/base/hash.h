// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace spotter {

// 128-bit XXH3 (xxhash.com, stable since 0.8.0): the same on every machine and build.
struct Hash128 {
  uint64_t high = 0;
  uint64_t low = 0;
  friend auto operator<=>(const Hash128&, const Hash128&) = default;
  bool is_zero() const { return high == 0 && low == 0; }
};

Hash128 HashOf(std::string_view bytes, uint64_t seed = 0);
uint64_t Hash64Of(std::string_view bytes, uint64_t seed = 0);

// Keyed hash (BLAKE2b-128, RFC 7693) of contact values; `key` is the tenant's 32 bytes.
Hash128 KeyedHashOf(std::string_view key, std::string_view bytes);

// 26 lower-case base32 characters (RFC 4648 alphabet, no padding), e.g. for ids "act_…".
std::string Base32(Hash128 hash);
StatusOr<Hash128> ParseBase32(std::string_view text);
std::string Hex(Hash128 hash);

}  // namespace spotter

template <>
struct std::hash<spotter::Hash128> {
  std::size_t operator()(const spotter::Hash128& h) const { return h.low; }
};
