// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/log_message.h"
#include "base/status.h"
#include "base/time.h"

namespace spotter::service {

// A listener's address. Port 0 picks a free one.
struct Address {
  std::string host = "127.0.0.1";
  int port = 0;
  bool is_loopback() const;
  std::string text() const;
};
// "127.0.0.1:7070", "[::1]:7070", ":7070" (loopback), "7070".
StatusOr<Address> ParseAddress(std::string_view text);

// What an operator may choose. Flags and the keys of the YAML file have the same names; a flag
// wins over the file.
struct Config {
  std::string data;  // directory; required
  Address http{.port = 7070};
  Address grpc{.port = 7071};
  Address admin{.port = 7072};
  std::optional<EventTime> time_lapse;  // the virtual clock's start
  std::string tokens;                   // YAML file of principals; "" = loopback owns `studio`
  std::string secrets;                  // YAML file of webhook secrets
  std::string tls_cert;                 // PEM; both or neither
  std::string tls_key;
  std::string webhook_url;                     // how sources reach us, for Square's signatures
  std::string time_zone = "America/New_York";  // of tenant `studio` at first start
  LogLevel log_level = LogLevel::kInfo;
  Duration snapshot_interval = Days(1);  // zero: only when asked for
  int snapshots_kept = 7;
  Duration retention_age = Days(14);  // of the log, never past the oldest snapshot; zero: all
  int64_t retention_bytes = 0;        // zero: no limit
  int64_t cache_bytes = 256 << 20;    // of RocksDB
};

// What the command line asked for instead of a run.
struct ParsedArguments {
  std::optional<Config> config;  // absent: `output` was asked for, or is the usage error
  std::string output;
  int exit_code = 0;  // 2: usage or configuration
};

ParsedArguments ParseArguments(int argc, const char* const* argv);

}  // namespace spotter::service
