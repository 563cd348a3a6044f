// SPDX-License-Identifier: Apache-2.0
#include "log/placement.h"

#include <gtest/gtest.h>

namespace spotter::log {
namespace {

// The table of Apache Kafka's own UtilsTest.testMurmur2.
TEST(Murmur2, IsJavas) {
  struct Case {
    std::string_view bytes;
    int32_t expected;
  };
  constexpr Case kCases[] = {
      {"21", -973932308},
      {"foobar", -790332482},
      {"a-little-bit-long-string", -985981536},
      {"a-little-bit-longer-string", -1486304829},
      {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
      {"abc", 479470107},
  };
  for (const Case& c : kCases) EXPECT_EQ(Murmur2(c.bytes), c.expected) << c.bytes;
}

TEST(ShardOf, TakesThePositivePartOfTheHash) {
  EXPECT_EQ(ShardOf("abc", 16), 479470107 % 16);
  EXPECT_EQ(ShardOf("21", 16), (-973932308 & 0x7fffffff) % 16);
  EXPECT_EQ(ShardOf("foobar", 1), 0);
  // Bytes above 127 count as unsigned: a tenant named "Müller" in UTF-8.
  for (int32_t partitions = 1; partitions <= 256; ++partitions) {
    const int32_t shard = ShardOf("m\xc3\xbcller", partitions);
    EXPECT_GE(shard, 0);
    EXPECT_LT(shard, partitions);
  }
}

}  // namespace
}  // namespace spotter::log
