// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
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
  size_t connections_max = 512;            // beyond it the one that has waited longest goes
  Duration request_timeout = Seconds(10);  // from its first byte to its last; also of its answer
  Duration idle_timeout = Seconds(2);      // of a connection that says nothing
};

// How messages of source topics are read.
struct TopicOptions {
  std::string tenant_header = "spotter-tenant";
  std::map<std::string, std::string> tenant_headers;  // of topics with another one
  size_t body_bytes_max = 1u << 20;                   // a larger body is a dead letter
  size_t kept_bytes_max = 64u << 10;                  // of it that the letter keeps
  // Read and not yet durable. Beyond either nothing more is read until something is durable.
  size_t messages_in_hand_max = 20'000;
  size_t bytes_in_hand_max = 64u << 20;
  size_t poll_messages_max = 2'000;   // in one turn
  size_t append_messages_max = 1000;  // of one tenant, in one append
  size_t append_bytes_max = 4u << 20;
  size_t threads = 8;           // tenants whose appends are waited for at once
  Duration turn = Seconds(10);  // after it no append begins before the next poll
  Duration retry_first = Duration(100);
  Duration retry_max = Seconds(5);
  // A tenant may be known to its source before the control log's news of it are read here.
  Duration unknown_tenant_patience = Seconds(2);
};

struct DeadLetterOptions {
  std::string folder;
  Duration retention = Days(14);
  // Kept at once; beyond that requests with bad bodies get 503, so nothing is lost unseen.
  size_t bytes_max = 1u << 30;
};

}  // namespace spotter::intake
