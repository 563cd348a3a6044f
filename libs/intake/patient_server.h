// SPDX-License-Identifier: Apache-2.0
//
// httplib's server gives each connection a thread from its first byte to its last, so a few clients
// that send a byte now and then hold all of them. Here one thread waits for all connections: it
// gathers a request until it is whole, a thread of the pool answers it from memory, and the answer
// goes out as fast as the client takes it. A request that is not whole in time is closed with 408;
// where there are too many connections the one that has waited longest goes first, so whoever sends
// its request at once is served, however many do not.
#pragma once

#include <httplib.h>

#include <memory>

#include "base/time.h"

namespace spotter::intake {

struct Patience {
  size_t threads = 32;
  size_t connections_max = 512;
  size_t body_bytes_max = 1u << 20;        // of a larger body no more is kept
  size_t held_bytes_max = 64u << 20;       // of all requests that are not whole
  Duration request_timeout = Seconds(10);  // from its first byte to its last; also of an answer
  Duration idle_timeout = Seconds(2);      // of a connection that says nothing
};

// Use it as a httplib::Server; timeouts, keep-alive and threads are those of `patience`.
// Thread safety: as httplib::Server.
class PatientServer final : public httplib::Server {
 public:
  explicit PatientServer(const Patience& patience);
  ~PatientServer() override;

 private:
  class Impl;
  bool process_and_close_socket(socket_t socket) override;

  std::unique_ptr<Impl> impl_;
};

}  // namespace spotter::intake
