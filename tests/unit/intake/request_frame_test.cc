// SPDX-License-Identifier: Apache-2.0
#include "intake/request_frame.h"

#include <gtest/gtest.h>

#include <string>

namespace spotter::intake {
namespace {

constexpr std::string_view kChunkedHead = "POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n";

TEST(RequestFrame, ReadsWhatItNeedsOfTheHead) {
  EXPECT_FALSE(FrameOf("").has_value());
  EXPECT_FALSE(FrameOf("POST / HTTP/1.1\r\nHost: x\r\n").has_value());
  const auto plain =
      FrameOf("POST / HTTP/1.1\r\ncontent-LENGTH:  12 \r\nExpect: 100-continue\r\n\r\n1");
  ASSERT_TRUE(plain.has_value());
  EXPECT_EQ(plain->content_length, 12u);
  EXPECT_TRUE(plain->expects_continue);
  EXPECT_FALSE(plain->is_chunked);
  EXPECT_TRUE(FrameOf(kChunkedHead)->is_chunked);
}

// Whatever is sent, byte by byte: it is whole exactly when its last byte is there.
TEST(RequestFrame, IsWholeWithItsLastByte) {
  const std::string chunked(kChunkedHead);
  const std::string cases[] = {
      "GET /healthz HTTP/1.1\r\n\r\n",
      "GET /healthz HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n",
      "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello",
      "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
      "POST / HTTP/1.1\r\nContent-Length: nonsense\r\n\r\n",
      chunked + "5\r\nhello\r\n0\r\n\r\n",
      chunked + "0\r\n\r\n",
      chunked + "5\r\nhello\r\n10\r\n0123456789abcdef\r\n0\r\nX-Trailer: 1\r\n\r\n",
      chunked + "a;name=x\r\nx\r\n0\r\n\r\nyz\r\n0\r\n\r\n",
  };
  for (const std::string& bytes : cases) {
    SCOPED_TRACE(bytes);
    std::optional<RequestFrame> kept;  // as a connection keeps it from byte to byte
    for (size_t size = 0; size <= bytes.size(); ++size) {
      const std::string_view seen = std::string_view(bytes).substr(0, size);
      auto frame = FrameOf(seen);
      EXPECT_EQ(frame.has_value() && IsWhole(*frame, seen), size == bytes.size()) << size;
      if (!kept.has_value()) kept = FrameOf(seen);
      EXPECT_EQ(kept.has_value() && IsWhole(*kept, seen), size == bytes.size()) << size;
    }
  }
}

// The parser behind says what is wrong with it; nobody waits for more.
TEST(RequestFrame, ChunksThatAreNoneAreNotWaitedFor) {
  const std::string head(kChunkedHead);
  for (const std::string& body : {std::string("zz\r\n"), std::string("ffffffffffffffffff\r\n"),
                                  std::string(300, '1'), "0\r\n" + std::string(9000, 'x')}) {
    const std::string bytes = head + body;
    auto frame = FrameOf(bytes);
    ASSERT_TRUE(frame.has_value());
    EXPECT_TRUE(IsWhole(*frame, bytes)) << body.substr(0, 20);
  }
}

}  // namespace
}  // namespace spotter::intake
