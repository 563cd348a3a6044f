// SPDX-License-Identifier: Apache-2.0
#include "base/log_message.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>

#include "base/clock.h"

namespace spotter {
namespace {

constexpr std::array<std::string_view, 5> kNames{"trace", "debug", "info", "warn", "error"};

// The one global of the program: every library logs, and none is handed a logger.
std::atomic<LogLevel> minimum_level{LogLevel::kInfo};

}  // namespace

void SetLogLevel(LogLevel level) { minimum_level.store(level, std::memory_order_relaxed); }

bool LogsAt(LogLevel level) { return level >= minimum_level.load(std::memory_order_relaxed); }

StatusOr<LogLevel> ParseLogLevel(std::string_view name) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) {
    return InvalidArgument("log level '{}': expected trace, debug, info, warn or error", name);
  }
  return static_cast<LogLevel>(found - kNames.begin());
}

void WriteLogLine(LogLevel level, std::string_view text) {
  std::string line = fmt::format("{} {:<5} {}", FormatTime(SystemClock().Now()),
                                 kNames[static_cast<size_t>(level)], text);
  std::replace(line.begin(), line.end(), '\n', ' ');  // one message, one line
  line.push_back('\n');
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace spotter
