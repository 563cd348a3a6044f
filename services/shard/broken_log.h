// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <thread>

#include "log/log.h"

namespace spotter::service {

// Stands where a log is that could not be opened: takes nothing, holds nothing, says why.
class BrokenLog final : public log::Log {
 public:
  explicit BrokenLog(std::string problem) : problem_(std::move(problem)) {}
  StatusOr<std::vector<log::Offset>> Append(std::span<const std::string_view>) override {
    return Why();
  }
  Status WaitDurable(log::Offset) override { return Why(); }
  Status Read(log::Offset, size_t, size_t, std::vector<log::Record>&) override { return Why(); }
  bool WaitReadable(log::Offset, Duration timeout) override {
    std::this_thread::sleep_for(timeout);
    return false;
  }
  log::Offset start() const override { return 0; }
  log::Offset durable_end() const override { return 0; }
  log::Offset end() const override { return 0; }
  Status TrimBefore(log::Offset) override { return OkStatus(); }

 private:
  Status Why() const { return Unavailable("the shard is quarantined: {}", problem_); }
  const std::string problem_;
};

}  // namespace spotter::service
