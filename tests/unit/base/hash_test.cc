// SPDX-License-Identifier: Apache-2.0
#include "base/hash.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/blake2b.h"

namespace spotter {
namespace {

std::string Sequence(int size, int step) {
  std::string bytes;
  for (int i = 0; i < size; ++i) bytes.push_back(static_cast<char>(i * step));
  return bytes;
}

// XXH3 is stable since 0.8.0: a changed value would change every stored id.
TEST(HashOf, IsXxh3) {
  EXPECT_EQ(Hex(HashOf("")), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(Hex(HashOf("abc")), "06b05ab6733a618578af5f94892f3950");
  EXPECT_EQ(Hash64Of("abc"), 0x78af5f94892f3950u);
  EXPECT_NE(HashOf("abc", 1), HashOf("abc", 2));
}

// By hashlib.blake2b(digest_size=16, key=bytes(range(32))), CPython 3.11.
TEST(KeyedHashOf, IsBlake2b) {
  struct Case {
    int size;
    std::string_view expected;
  };
  constexpr Case kCases[] = {
      {0, "3daf97bce7888fd59773c66bf647459c"},   {1, "cb0f7736a53974236661585b8842dd8c"},
      {3, "085f66631beb42dad5eeae4e0c1f3bf0"},   {127, "56c50fc8ab3ba8e49d9a5be7ae0dffdd"},
      {128, "bd11151f0fa75b9ddb73aed7a8680701"}, {129, "481db86c5fab9fc21aced4004fe4b561"},
      {256, "71092e03bb62daf3e9c7f20e112850a9"}, {300, "439d0976b285144043f803d8398388f6"},
  };
  for (const Case& c : kCases) {
    EXPECT_EQ(Hex(KeyedHashOf(Sequence(32, 1), Sequence(c.size, 7))), c.expected) << c.size;
  }
}

TEST(KeyedHashOf, DependsOnTheKey) {
  EXPECT_NE(KeyedHashOf(std::string(32, 'a'), "+14155550100"),
            KeyedHashOf(std::string(32, 'b'), "+14155550100"));
}

TEST(KeyedHashOfDeathTest, InsistsOn32Bytes) {
  EXPECT_DEATH(KeyedHashOf("short", "x"), "the key of a keyed hash has 32 bytes");
}

// By hashlib.blake2b(b'abc', digest_size=16).
TEST(Blake2b128, HashesWithoutAKey) {
  const auto words = Blake2b128("", "abc");
  EXPECT_EQ(Hex({__builtin_bswap64(words[0]), __builtin_bswap64(words[1])}),
            "cf4ab791c62b8d2b2109c90275287816");
}

TEST(Base32, PrintsRfc4648WithoutPadding) {
  EXPECT_EQ(Base32({0, 0}), std::string(26, 'a'));
  EXPECT_EQ(Base32({~0ull, ~0ull}), std::string(25, '7') + "4");
  // base64.b32encode(bytes.fromhex('06b05ab6733a618578af5f94892f3950'))
  EXPECT_EQ(Base32(HashOf("abc")), "a2yfvntthjqyk6fpl6kislzzka");
}

RC_GTEST_PROP(Base32, IsReadBack, (uint64_t high, uint64_t low)) {
  const Hash128 hash{high, low};
  const StatusOr<Hash128> read = ParseBase32(Base32(hash));
  RC_ASSERT(read.ok());
  RC_ASSERT(*read == hash);
}

RC_GTEST_PROP(Base32, KeepsOrder, (uint64_t a, uint64_t b, uint64_t c, uint64_t d)) {
  // Digits sort before letters in ASCII but after them in the alphabet: compare alphabet positions.
  const auto positions = [](const Hash128& hash) {
    std::string text = Base32(hash);
    for (char& ch : text) ch = static_cast<char>(ch >= 'a' ? ch - 'a' : ch - '2' + 26);
    return text;
  };
  RC_ASSERT((Hash128{a, b} < Hash128{c, d}) == (positions({a, b}) < positions({c, d})));
}

TEST(ParseBase32, RefusesWhatBase32NeverPrints) {
  const std::string good = Base32(HashOf("abc"));
  for (const std::string& text :
       {std::string(), good.substr(1), good + "a", std::string(26, 'A'), std::string(26, '1'),
        std::string(26, '7'), std::string(10'000, 'a')}) {
    EXPECT_EQ(ParseBase32(text).status().code(), StatusCode::kInvalidArgument) << text;
  }
}

}  // namespace
}  // namespace spotter
