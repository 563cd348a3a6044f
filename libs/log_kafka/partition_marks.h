// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "log/log.h"

namespace spotter::log_kafka {

// What is known of one partition: where it starts, where its high watermark stands, and since when
// its leader does not answer. Kept fresh by the client's watcher. Thread safety: any thread.
class PartitionMarks {
 public:
  using Steady = std::chrono::steady_clock;

  PartitionMarks(std::string topic_name, int32_t number)
      : topic(std::move(topic_name)), partition(number) {}

  void Answered(log::Offset start, log::Offset end) {
    const std::lock_guard lock(mutex_);
    start_ = start;
    // An answer may be older than an acknowledgement of ours. Where it is the log that went back,
    // the reader finds out: its next fetch is out of range.
    end_ = std::max(end_, end);
    problem_.clear();
  }
  void SawRecord(log::Offset offset) {  // read or acknowledged: below the high watermark
    const std::lock_guard lock(mutex_);
    end_ = std::max(end_, offset + 1);
  }
  // A record of ours was acknowledged below what the log was known to hold: what lay there is gone.
  // Returns whether that is news.
  bool WentBack(log::Offset to, log::Offset from) {
    const std::lock_guard lock(mutex_);
    if (went_back_.has_value()) return false;
    went_back_ = {to, from};
    return true;
  }
  // The offset that the record got, and the end that was known before, if it went back.
  std::optional<std::pair<log::Offset, log::Offset>> went_back() const {
    const std::lock_guard lock(mutex_);
    return went_back_;
  }
  void Failed(std::string why) {
    const std::lock_guard lock(mutex_);
    if (problem_.empty()) away_since_ = Steady::now();
    problem_ = std::move(why);
  }

  log::Offset start() const {
    const std::lock_guard lock(mutex_);
    return start_;
  }
  log::Offset end() const {
    const std::lock_guard lock(mutex_);
    return end_;
  }
  std::string problem() const {
    const std::lock_guard lock(mutex_);
    return problem_;
  }
  bool is_away_longer_than(Duration duration) const {
    const std::lock_guard lock(mutex_);
    return !problem_.empty() && Steady::now() - away_since_ > duration;
  }

  const std::string topic;
  const int32_t partition;

 private:
  mutable std::mutex mutex_;
  log::Offset start_ = 0;
  log::Offset end_ = 0;
  std::optional<std::pair<log::Offset, log::Offset>> went_back_;
  std::string problem_;
  Steady::time_point away_since_;
};

}  // namespace spotter::log_kafka
