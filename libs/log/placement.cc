// SPDX-License-Identifier: Apache-2.0
#include "log/placement.h"

#include "base/assert.h"

namespace spotter::log {
namespace {

constexpr uint32_t kSeed = 0x9747b28c;
constexpr uint32_t kMultiplier = 0x5bd1e995;

uint32_t ByteAt(std::string_view bytes, size_t i) { return static_cast<unsigned char>(bytes[i]); }

uint32_t LittleEndian32(std::string_view bytes, size_t i) {
  return ByteAt(bytes, i) | ByteAt(bytes, i + 1) << 8 | ByteAt(bytes, i + 2) << 16 |
         ByteAt(bytes, i + 3) << 24;
}

}  // namespace

int32_t Murmur2(std::string_view bytes) {
  uint32_t hash = kSeed ^ static_cast<uint32_t>(bytes.size());
  const size_t whole = bytes.size() / 4 * 4;
  for (size_t i = 0; i < whole; i += 4) {
    uint32_t word = LittleEndian32(bytes, i) * kMultiplier;
    word = (word ^ word >> 24) * kMultiplier;
    hash = hash * kMultiplier ^ word;
  }
  if (whole < bytes.size()) {
    for (size_t i = whole; i < bytes.size(); ++i) hash ^= ByteAt(bytes, i) << 8 * (i - whole);
    hash *= kMultiplier;
  }
  hash = (hash ^ hash >> 13) * kMultiplier;
  return static_cast<int32_t>(hash ^ hash >> 15);
}

int32_t ShardOf(std::string_view tenant, int32_t partitions) {
  Assert(partitions > 0, "a log has partitions");
  return (Murmur2(tenant) & 0x7fffffff) % partitions;
}

}  // namespace spotter::log
