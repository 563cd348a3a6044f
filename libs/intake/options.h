// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include "base/time.h"

namespace spotter::intake {

struct IntakeOptions {
  // Webhooks of a source without a secret are taken unsigned. Only for a loopback listener without
  // a token file, where whoever can reach it owns the tenant anyway.
  bool accept_unsigned = false;
};

struct HttpOptions {
  std::string host = "127.0.0.1";
  int port = 7070;  // 0: any free one
  // What sources call this server, without the path: Square signs the whole address. Empty: the
  // address that the request names ("http://" and its Host header).
  std::string public_url;
  size_t body_bytes_max = 1u << 20;  // a larger body gets 413
  // Requests served at once; each waits for the disk, and all that wait share one fsync.
  size_t threads = 32;
  Duration stall_timeout = Seconds(5);  // of a read or write that does not move
  Duration idle_timeout = Seconds(2);   // of a kept connection; stopping waits for it
};

struct DeadLetterOptions {
  std::string folder;
  Duration retention = Days(14);
  // Kept at once; beyond that requests with bad bodies get 503, so nothing is lost unseen.
  size_t bytes_max = 1u << 30;
};

}  // namespace spotter::intake
