// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "services/program/access_files.h"

namespace spotter::service {

// What an operator may choose. Flags and the keys of the YAML file have the same names; a flag
// wins over the file.
struct Config {
  std::string data;  // directory; required
  Address http{.port = 7070};
  Address grpc{.port = 7071};
  Address admin{.port = 7072};
  std::optional<EventTime> time_lapse;  // the virtual clock's start
  AccessFiles access;
  std::string secrets;                         // YAML file of webhook secrets
  std::string webhook_url;                     // how sources reach us, for Square's signatures
  std::string time_zone = "America/New_York";  // of tenant `studio` at first start
  LogLevel log_level = LogLevel::kInfo;
  Duration snapshot_interval = Days(1);  // zero: only when asked for
  int snapshots_kept = 7;
  Duration retention_age = Days(14);  // of the log, never past the oldest snapshot; zero: all
  int64_t retention_bytes = 0;        // zero: no limit
  int64_t cache_bytes = 256 << 20;    // of RocksDB
};

Outcome ParseArguments(int argc, const char* const* argv, Config& config);

}  // namespace spotter::service
