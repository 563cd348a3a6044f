// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <limits>

#include "log/log.h"

namespace spotter::engine {

// One process's sight of a log that several share: it sees the records below an offset, as one that
// is paused or cut off; what it appends gets there.
// Thread safety: as Log; the switch may be turned from any thread.
class LogView final : public log::Log {
 public:
  explicit LogView(log::Log& log) : log_(log) {}

  std::atomic<log::Offset> sees_below = std::numeric_limits<log::Offset>::max();
  std::atomic<int> appends = 0;

  StatusOr<std::vector<log::Offset>> Append(std::span<const std::string_view> payloads) override {
    appends++;
    return log_.Append(payloads);
  }
  Status WaitDurable(log::Offset offset) override { return log_.WaitDurable(offset); }
  Status Read(log::Offset from, size_t max_records, size_t max_bytes,
              std::vector<log::Record>& records) override {
    SPOTTER_RETURN_IF_ERROR(log_.Read(from, max_records, max_bytes, records));
    while (!records.empty() && records.back().offset >= sees_below) records.pop_back();
    return OkStatus();
  }
  bool WaitReadable(log::Offset from, Duration timeout) override {
    return log_.WaitReadable(from, timeout) && from < sees_below;
  }
  log::Offset start() const override { return log_.start(); }
  log::Offset durable_end() const override { return log_.durable_end(); }
  log::Offset end() const override { return log_.end(); }
  Status TrimBefore(log::Offset offset) override { return log_.TrimBefore(offset); }

 private:
  log::Log& log_;
};

}  // namespace spotter::engine
