// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

#include "log/log.h"

namespace spotter::service {

// The log as those outside the shard write to it: while the shard stands still it takes nothing, so
// that a sender hears of it and comes again.
class GuardedLog final : public log::Log {
 public:
  GuardedLog(std::shared_ptr<log::Log> log, std::function<Status()> standing)
      : log_(std::move(log)), standing_(std::move(standing)) {}
  StatusOr<std::vector<log::Offset>> Append(std::span<const std::string_view> payloads) override {
    SPOTTER_RETURN_IF_ERROR(standing_());
    return log_->Append(payloads);
  }
  Status WaitDurable(log::Offset offset) override { return log_->WaitDurable(offset); }
  Status Read(log::Offset from, size_t max_records, size_t max_bytes,
              std::vector<log::Record>& records) override {
    return log_->Read(from, max_records, max_bytes, records);
  }
  bool WaitReadable(log::Offset from, Duration timeout) override {
    return log_->WaitReadable(from, timeout);
  }
  log::Offset start() const override { return log_->start(); }
  log::Offset durable_end() const override { return log_->durable_end(); }
  log::Offset end() const override { return log_->end(); }
  Status TrimBefore(log::Offset offset) override { return log_->TrimBefore(offset); }

 private:
  const std::shared_ptr<log::Log> log_;
  const std::function<Status()> standing_;  // Unavailable: nothing may be appended, and why
};

}  // namespace spotter::service
