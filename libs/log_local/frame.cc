// SPDX-License-Identifier: Apache-2.0
#include "log_local/frame.h"

#include <bit>
#include <cstring>

#include "log_local/crc32c.h"

namespace spotter::log_local {
namespace {

static_assert(std::endian::native == std::endian::little, "frames are written in host order");

constexpr size_t kLengthAt = 0;
constexpr size_t kChecksumAt = 4;
constexpr size_t kOffsetAt = 8;
constexpr size_t kTimeAt = 16;

template <typename Integer>
Integer Load(std::string_view bytes, size_t at) {
  Integer value = 0;
  std::memcpy(&value, bytes.data() + at, sizeof(value));
  return value;
}

template <typename Integer>
void Store(char* header, size_t at, Integer value) {
  std::memcpy(header + at, &value, sizeof(value));
}

}  // namespace

void AppendFrame(std::string& bytes, const Frame& frame) {
  char header[kFrameHeaderBytes];
  Store(header, kLengthAt, static_cast<uint32_t>(frame.payload.size()));
  Store(header, kChecksumAt, uint32_t{0});
  Store(header, kOffsetAt, frame.offset);
  Store(header, kTimeAt, frame.append_time.ms);
  const size_t start = bytes.size();
  bytes.append(header, kFrameHeaderBytes).append(frame.payload);
  const std::string_view covered = std::string_view(bytes).substr(start + kOffsetAt);
  Store(bytes.data() + start, kChecksumAt, Crc32c(covered));
}

size_t ClaimedFrameBytes(std::string_view bytes) {
  return kFrameHeaderBytes + Load<uint32_t>(bytes, kLengthAt);
}

EventTime UncheckedAppendTime(std::string_view bytes) { return {Load<int64_t>(bytes, kTimeAt)}; }

std::optional<Frame> DecodeFrame(std::string_view bytes) {
  if (bytes.size() < kFrameHeaderBytes) return std::nullopt;
  const size_t size = ClaimedFrameBytes(bytes);
  if (bytes.size() < size) return std::nullopt;
  const std::string_view covered = bytes.substr(kOffsetAt, size - kOffsetAt);
  if (Crc32c(covered) != Load<uint32_t>(bytes, kChecksumAt)) return std::nullopt;
  return Frame{.offset = Load<int64_t>(bytes, kOffsetAt),
               .append_time = {Load<int64_t>(bytes, kTimeAt)},
               .payload = bytes.substr(kFrameHeaderBytes, size - kFrameHeaderBytes)};
}

std::optional<size_t> FindFrame(std::string_view bytes, size_t from, log::Offset low,
                                log::Offset high) {
  for (size_t at = from; at + kFrameHeaderBytes <= bytes.size(); ++at) {
    // The offset is looked at first: it spares almost all checksums.
    const auto offset = Load<int64_t>(bytes, at + kOffsetAt);
    if (offset < low || offset > high) continue;
    if (DecodeFrame(bytes.substr(at))) return at;
  }
  return std::nullopt;
}

}  // namespace spotter::log_local
