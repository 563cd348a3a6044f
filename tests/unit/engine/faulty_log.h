// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>

#include "log/in_memory_log.h"

namespace spotter::engine {

// An in-memory log that can be told to fail, or to keep its records back.
// Thread safety: as Log; the switches may be turned from any thread.
class FaultyLog final : public log::Log {
 public:
  explicit FaultyLog(const Clock& clock) : inner_(clock) {}

  std::atomic<bool> refuses_appends = false;
  std::atomic<int> refusals = 0;
  std::atomic<bool> holds_back = false;
  std::atomic<int64_t> damaged_from = -1;  // reads at or past it are DataLoss; -1 = none

  StatusOr<std::vector<log::Offset>> Append(std::span<const std::string_view> payloads) override {
    if (refuses_appends) {
      ++refusals;
      return Unavailable("the disk is full");
    }
    return inner_.Append(payloads);
  }
  Status WaitDurable(log::Offset offset) override { return inner_.WaitDurable(offset); }
  Status Read(log::Offset from, size_t max_records, size_t max_bytes,
              std::vector<log::Record>& records) override {
    if (damaged_from >= 0 && from >= damaged_from) {
      return DataLoss("segment-7.log: offset {}: bad checksum", from);
    }
    if (holds_back) return OkStatus();
    return inner_.Read(from, max_records, max_bytes, records);
  }
  bool WaitReadable(log::Offset from, Duration timeout) override {
    return inner_.WaitReadable(from, timeout) && !holds_back;
  }
  log::Offset start() const override { return inner_.start(); }
  log::Offset durable_end() const override { return inner_.durable_end(); }
  log::Offset end() const override { return inner_.end(); }
  Status TrimBefore(log::Offset offset) override { return inner_.TrimBefore(offset); }

 private:
  log::InMemoryLog inner_;
};

}  // namespace spotter::engine
