// SPDX-License-Identifier: Apache-2.0
//
// One record as bytes of a segment file, integers little endian:
//   [payload length u32][CRC-32C u32 of all that follows][offset u64][append time i64][payload]
// A wrong length makes the checksum cover the wrong bytes, so it needs none of its own.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "log/log.h"

namespace spotter::log_local {

inline constexpr size_t kFrameHeaderBytes = 24;

struct Frame {
  log::Offset offset = 0;
  EventTime append_time;
  std::string_view payload;  // into the bytes that were decoded

  size_t bytes() const { return kFrameHeaderBytes + payload.size(); }
};

void AppendFrame(std::string& bytes, const Frame& frame);

// The size that the header at the start of `bytes` (at least kFrameHeaderBytes) claims.
size_t ClaimedFrameBytes(std::string_view bytes);

// The append time in the header at the start of `bytes`, not verified: for retention only.
EventTime UncheckedAppendTime(std::string_view bytes);

// The frame at the start of `bytes`; nullopt if it is incomplete or fails its checksum.
std::optional<Frame> DecodeFrame(std::string_view bytes);

// The position of the first valid frame at or after `from` whose offset lies in [low, high]; any
// byte may be the start of one. nullopt: there is none.
std::optional<size_t> FindFrame(std::string_view bytes, size_t from, log::Offset low,
                                log::Offset high);

}  // namespace spotter::log_local
