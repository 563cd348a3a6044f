// SPDX-License-Identifier: Apache-2.0
#include "intake/request_frame.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace spotter::intake {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::string_view kLastChunk = "\r\n0\r\n";

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
  std::string_view lines = bytes.substr(0, end + kLineEnd.size());
  while (!lines.empty()) {
    const size_t line = lines.find(kLineEnd);
    ReadHeader(lines.substr(0, line), frame);
    lines.remove_prefix(line + kLineEnd.size());
  }
  return frame;
}

bool IsWhole(const RequestFrame& frame, std::string_view bytes) {
  if (!frame.is_chunked) return bytes.size() - frame.head_bytes >= frame.content_length;
  const size_t last = bytes.find(kLastChunk, frame.head_bytes - kLineEnd.size());
  return last != std::string_view::npos &&
         bytes.find(kHeadEnd, last + kLastChunk.size() - kLineEnd.size()) != std::string_view::npos;
}

}  // namespace spotter::intake
