// SPDX-License-Identifier: Apache-2.0
#include "base/hash.h"

#include <array>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/assert.h"
#include "base/blake2b.h"

namespace spotter {
namespace {

constexpr std::string_view kBase32Alphabet = "abcdefghijklmnopqrstuvwxyz234567";
constexpr size_t kBase32Length = 26;  // 130 bits: the last two are zero

// The `count` low bits of the 128-bit value shifted right by `shift`.
unsigned BitsAt(Hash128 hash, unsigned shift, unsigned count) {
  uint64_t value = 0;
  if (shift >= 64) {
    value = hash.high >> (shift - 64);
  } else {
    value = hash.low >> shift;
    if (shift > 0) value |= hash.high << (64 - shift);
  }
  return static_cast<unsigned>(value & ((1u << count) - 1));
}

}  // namespace

Hash128 HashOf(std::string_view bytes, uint64_t seed) {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(bytes.data(), bytes.size(), seed);
  return {hash.high64, hash.low64};
}

uint64_t Hash64Of(std::string_view bytes, uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

Hash128 KeyedHashOf(std::string_view key, std::string_view bytes) {
  Assert(key.size() == 32, "the key of a keyed hash has 32 bytes");
  const std::array<uint64_t, 2> words = Blake2b128(key, bytes);
  return {__builtin_bswap64(words[0]), __builtin_bswap64(words[1])};
}

std::string Base32(Hash128 hash) {
  std::string text(kBase32Length, 'a');
  for (size_t i = 0; i + 1 < kBase32Length; ++i) {
    text[i] = kBase32Alphabet[BitsAt(hash, static_cast<unsigned>(123 - 5 * i), 5)];
  }
  text.back() = kBase32Alphabet[BitsAt(hash, 0, 3) << 2];
  return text;
}

StatusOr<Hash128> ParseBase32(std::string_view text) {
  if (text.size() != kBase32Length) {
    return InvalidArgument("id '{}': {} characters, expected 26 of a-z and 2-7", text.substr(0, 64),
                           text.size());
  }
  Hash128 hash;
  for (size_t i = 0; i < kBase32Length; ++i) {
    const size_t value = kBase32Alphabet.find(text[i]);
    if (value == std::string_view::npos) {
      return InvalidArgument("id '{}': character {} is not one of a-z and 2-7", text, i + 1);
    }
    const bool last = i + 1 == kBase32Length;
    if (last && (value & 3) != 0) {
      return InvalidArgument("id '{}': the last character cannot end an id", text);
    }
    const unsigned bits = last ? 3 : 5;
    hash.high = hash.high << bits | hash.low >> (64 - bits);
    hash.low = hash.low << bits | (last ? value >> 2 : value);
  }
  return hash;
}

std::string Hex(Hash128 hash) { return fmt::format("{:016x}{:016x}", hash.high, hash.low); }

}  // namespace spotter
