// SPDX-License-Identifier: Apache-2.0
#include "intake/metrics.h"

namespace spotter::intake {

void NamedCounts::Add(std::string_view name) {
  const std::lock_guard lock(mutex_);
  auto found = counts_.find(name);
  if (found == counts_.end()) {
    found = counts_.try_emplace(counts_.size() < kNamesMax ? std::string(name) : "other", 0).first;
  }
  ++found->second;
}

void LastEventTimes::Note(std::string_view tenant, std::string_view source, EventTime at) {
  Pair pair(tenant, source);
  const std::lock_guard lock(mutex_);
  if (times_.size() >= kPairsMax && !times_.contains(pair)) pair = {"other", "other"};
  EventTime& last = times_[pair];
  last = std::max(last, at);
}

std::map<LastEventTimes::Pair, EventTime> LastEventTimes::Values() const {
  const std::lock_guard lock(mutex_);
  return times_;
}

std::map<std::string, int64_t> NamedCounts::Values() const {
  const std::lock_guard lock(mutex_);
  return {counts_.begin(), counts_.end()};
}

}  // namespace spotter::intake
