// SPDX-License-Identifier: Apache-2.0
//
// Where an HTTP/1.1 request ends in the bytes that a connection has sent. It decides only when a
// request is worth a thread; what it says is read by httplib.
#pragma once

#include <optional>
#include <string_view>

namespace spotter::intake {

struct RequestFrame {
  size_t head_bytes = 0;  // with the empty line
  size_t content_length = 0;
  bool is_chunked = false;
  bool expects_continue = false;
  size_t next_chunk = 0;  // where the first chunk begins that is not there whole
};

// nullopt: the head is not there whole.
std::optional<RequestFrame> FrameOf(std::string_view bytes);

// Whether all of the request is there. What was read of chunks is not read again: `frame` keeps how
// far it got. Of chunks that are none this says so too, and the parser behind it refuses them.
bool IsWhole(RequestFrame& frame, std::string_view bytes);

}  // namespace spotter::intake
