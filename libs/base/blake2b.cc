// SPDX-License-Identifier: Apache-2.0
#include "base/blake2b.h"

#include <bit>
#include <cstring>

#include "base/assert.h"

namespace spotter {
namespace {

static_assert(std::endian::native == std::endian::little, "words are read in place");

constexpr size_t kBlock = 128;
constexpr uint64_t kDigestBytes = 16;

constexpr std::array<uint64_t, 8> kInitial{
    0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
    0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};

constexpr std::array<std::array<uint8_t, 16>, 10> kSigma{{
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
    {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
    {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
    {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
    {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
}};

void Mix(std::array<uint64_t, 16>& v, size_t a, size_t b, size_t c, size_t d, uint64_t x,
         uint64_t y) {
  v[a] += v[b] + x;
  v[d] = std::rotr(v[d] ^ v[a], 32);
  v[c] += v[d];
  v[b] = std::rotr(v[b] ^ v[c], 24);
  v[a] += v[b] + y;
  v[d] = std::rotr(v[d] ^ v[a], 16);
  v[c] += v[d];
  v[b] = std::rotr(v[b] ^ v[c], 63);
}

// `hashed` counts the bytes up to and including this block, without its padding.
void Compress(std::array<uint64_t, 8>& h, std::string_view block, uint64_t hashed, bool last) {
  std::array<uint64_t, 16> m{};
  std::memcpy(m.data(), block.data(), block.size());
  std::array<uint64_t, 16> v{};
  for (size_t i = 0; i < 8; ++i) {
    v[i] = h[i];
    v[i + 8] = kInitial[i];
  }
  v[12] ^= hashed;
  if (last) v[14] = ~v[14];
  for (size_t round = 0; round < 12; ++round) {
    const auto& s = kSigma[round % 10];
    Mix(v, 0, 4, 8, 12, m[s[0]], m[s[1]]);
    Mix(v, 1, 5, 9, 13, m[s[2]], m[s[3]]);
    Mix(v, 2, 6, 10, 14, m[s[4]], m[s[5]]);
    Mix(v, 3, 7, 11, 15, m[s[6]], m[s[7]]);
    Mix(v, 0, 5, 10, 15, m[s[8]], m[s[9]]);
    Mix(v, 1, 6, 11, 12, m[s[10]], m[s[11]]);
    Mix(v, 2, 7, 8, 13, m[s[12]], m[s[13]]);
    Mix(v, 3, 4, 9, 14, m[s[14]], m[s[15]]);
  }
  for (size_t i = 0; i < 8; ++i) h[i] ^= v[i] ^ v[i + 8];
}

}  // namespace

std::array<uint64_t, 2> Blake2b128(std::string_view key, std::string_view bytes) {
  Assert(key.size() <= 64, "a BLAKE2b key has at most 64 bytes");
  std::array<uint64_t, 8> h = kInitial;
  h[0] ^= 0x01010000 ^ (key.size() << 8) ^ kDigestBytes;
  uint64_t hashed = 0;
  if (!key.empty()) {
    std::array<char, kBlock> padded{};
    std::memcpy(padded.data(), key.data(), key.size());
    hashed = kBlock;
    Compress(h, {padded.data(), padded.size()}, hashed, bytes.empty());
    if (bytes.empty()) return {h[0], h[1]};
  }
  while (bytes.size() > kBlock) {
    hashed += kBlock;
    Compress(h, bytes.substr(0, kBlock), hashed, false);
    bytes.remove_prefix(kBlock);
  }
  Compress(h, bytes, hashed + bytes.size(), true);
  return {h[0], h[1]};
}

}  // namespace spotter
