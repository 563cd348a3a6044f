// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace spotter::service {

// A listener's address. Port 0 picks a free one.
struct Address {
  std::string host = "127.0.0.1";
  int port = 0;
  bool is_loopback() const;
  std::string text() const;
  Address WithPort(int actual) const { return {.host = host, .port = actual}; }
};
// "127.0.0.1:7070", "[::1]:7070", ":7070" (loopback), "7070".
StatusOr<Address> ParseAddress(std::string_view text);

}  // namespace spotter::service
