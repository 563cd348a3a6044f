// SPDX-License-Identifier: Apache-2.0
#include "log_local/frame.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "log_local/crc32c.h"

namespace spotter::log_local {
namespace {

// RFC 3720, appendix B.4, and the check value of CRC-32C.
TEST(Crc32c, GivesThePublishedValues) {
  std::string rising;
  for (int i = 0; i < 32; ++i) rising.push_back(static_cast<char>(i));
  struct Case {
    std::string bytes;
    uint32_t expected;
  };
  const Case cases[] = {{"", 0},
                        {"123456789", 0xe3069283},
                        {std::string(32, '\0'), 0x8a9136aa},
                        {std::string(32, '\xff'), 0x62a8ab43},
                        {rising, 0x46dd794e}};
  for (const Case& c : cases) {
    EXPECT_EQ(Crc32c(c.bytes), c.expected);
    EXPECT_EQ(Crc32cPortable(c.bytes), c.expected);
  }
}

RC_GTEST_PROP(Crc32c, IsTheSameByInstructionAndByTable, (std::string bytes)) {
  RC_ASSERT(Crc32c(bytes) == Crc32cPortable(bytes));
}

RC_GTEST_PROP(Frame, IsReadBack, (int64_t offset, int64_t ms, std::string payload)) {
  std::string bytes = "before";
  AppendFrame(bytes, {.offset = offset, .append_time = {ms}, .payload = payload});
  const std::string_view written = std::string_view(bytes).substr(6);
  RC_ASSERT(written.size() == kFrameHeaderBytes + payload.size());
  RC_ASSERT(ClaimedFrameBytes(written) == written.size());
  const std::optional<Frame> frame = DecodeFrame(written);
  RC_ASSERT(frame.has_value());
  RC_ASSERT(frame->offset == offset);
  RC_ASSERT(frame->append_time == EventTime{ms});
  RC_ASSERT(frame->payload == payload);
}

TEST(Frame, IsInvalidWithAnyBitFlippedOrAnyByteCut) {
  std::string bytes;
  AppendFrame(bytes, {.offset = 7, .append_time = {1000}, .payload = "a visit"});
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string flipped = bytes + std::string(100, 'x');
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(DecodeFrame(flipped).has_value()) << bit;
  }
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(DecodeFrame(std::string_view(bytes).substr(0, size)).has_value()) << size;
  }
}

TEST(FindFrame, LooksAtEveryByte) {
  std::string bytes = "rubbish";
  AppendFrame(bytes, {.offset = 7, .append_time = {1000}, .payload = "a visit"});
  EXPECT_EQ(FindFrame(bytes, 0, 0, 10), 7u);
  EXPECT_EQ(FindFrame(bytes, 7, 7, 7), 7u);
  EXPECT_EQ(FindFrame(bytes, 8, 0, 10), std::nullopt);
  EXPECT_EQ(FindFrame(bytes, 0, 8, 10), std::nullopt);
  EXPECT_EQ(FindFrame(std::string(1000, '\0'), 0, 0, 10), std::nullopt);
}

}  // namespace
}  // namespace spotter::log_local
