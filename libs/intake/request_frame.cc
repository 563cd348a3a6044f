// SPDX-License-Identifier: Apache-2.0
#include "intake/request_frame.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace spotter::intake {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr size_t kChunkLineMax = 256;  // a size in hexadecimal, and extensions that nobody reads
constexpr size_t kTrailersMax = 8 << 10;
constexpr size_t kChunkMax = 1u << 30;  // far above any body that is taken

bool EqualNames(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

void ReadHeader(std::string_view line, RequestFrame& frame) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = Trimmed(line.substr(colon + 1));
  if (EqualNames(name, "content-length")) {
    std::from_chars(value.data(), value.data() + value.size(), frame.content_length);
  } else if (EqualNames(name, "transfer-encoding")) {
    frame.is_chunked = EqualNames(value, "chunked");
  } else if (EqualNames(name, "expect")) {
    frame.expects_continue = EqualNames(value, "100-continue");
  }
}

}  // namespace

std::optional<RequestFrame> FrameOf(std::string_view bytes) {
  const size_t end = bytes.find(kHeadEnd);
  if (end == std::string_view::npos) return std::nullopt;
  RequestFrame frame{.head_bytes = end + kHeadEnd.size()};
  frame.next_chunk = frame.head_bytes;
  std::string_view lines = bytes.substr(0, end + kLineEnd.size());
  while (!lines.empty()) {
    const size_t line = lines.find(kLineEnd);
    ReadHeader(lines.substr(0, line), frame);
    lines.remove_prefix(line + kLineEnd.size());
  }
  return frame;
}

bool IsWhole(RequestFrame& frame, std::string_view bytes) {
  if (!frame.is_chunked) return bytes.size() - frame.head_bytes >= frame.content_length;
  while (frame.next_chunk <= bytes.size()) {
    const std::string_view rest = bytes.substr(frame.next_chunk);
    const size_t line = rest.substr(0, kChunkLineMax).find(kLineEnd);
    if (line == std::string_view::npos) return rest.size() >= kChunkLineMax;
    size_t size = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + line, size, 16);
    if (error != std::errc() || size > kChunkMax) return true;
    if (size == 0) {  // trailers end with an empty line, which may be the first
      const std::string_view trailers = rest.substr(line);
      return trailers.find(kHeadEnd) != std::string_view::npos || trailers.size() > kTrailersMax;
    }
    frame.next_chunk += line + kLineEnd.size() + size + kLineEnd.size();
  }
  return false;
}

}  // namespace spotter::intake
