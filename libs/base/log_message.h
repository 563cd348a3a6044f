// SPDX-License-Identifier: Apache-2.0
//
// The log of the program, for the people who run it (the log of records is libs/log). One line on
// stderr: time, level, sentence fragment, fields: `partition paused, reason="store unavailable"`.
//   error  data loss or a broken invariant: someone is paged
//   warn   unexpected, but recovered
//   info   a state change that an operator would tell
//   debug  one component's detail
//   trace  per event; the only level that may show a member's raw identifier
// Thread safety: everything here may be called from any thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include "base/status.h"

namespace spotter {

enum class LogLevel : uint8_t { kTrace, kDebug, kInfo, kWarn, kError };

// Lines below `level` are dropped before they are formatted. The default is kInfo.
void SetLogLevel(LogLevel level);
bool LogsAt(LogLevel level);
StatusOr<LogLevel> ParseLogLevel(std::string_view name);

void WriteLogLine(LogLevel level, std::string_view text);

template <typename... Args>
void LogAt(LogLevel level, fmt::format_string<Args...> format, Args&&... args) {
  if (LogsAt(level)) WriteLogLine(level, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void LogTrace(fmt::format_string<Args...> format, Args&&... args) {
  LogAt(LogLevel::kTrace, format, std::forward<Args>(args)...);
}
template <typename... Args>
void LogDebug(fmt::format_string<Args...> format, Args&&... args) {
  LogAt(LogLevel::kDebug, format, std::forward<Args>(args)...);
}
template <typename... Args>
void LogInfo(fmt::format_string<Args...> format, Args&&... args) {
  LogAt(LogLevel::kInfo, format, std::forward<Args>(args)...);
}
template <typename... Args>
void LogWarn(fmt::format_string<Args...> format, Args&&... args) {
  LogAt(LogLevel::kWarn, format, std::forward<Args>(args)...);
}
template <typename... Args>
void LogError(fmt::format_string<Args...> format, Args&&... args) {
  LogAt(LogLevel::kError, format, std::forward<Args>(args)...);
}

}  // namespace spotter
