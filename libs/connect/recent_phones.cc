// SPDX-License-Identifier: Apache-2.0
#include "connect/recent_phones.h"

namespace spotter::connect {

std::string RecentPhones::Get(std::string_view raw, std::string_view region, Parse parse) {
  std::string key;
  key.reserve(region.size() + 1 + raw.size());
  key.append(region).append("\n").append(raw);
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = by_key_.find(key); found != by_key_.end()) {
      by_age_.splice(by_age_.begin(), by_age_, found->second);
      return found->second->normalized;
    }
  }
  std::string normalized = parse(raw, region);
  const std::lock_guard lock(mutex_);
  if (by_key_.contains(key)) return normalized;  // another thread was faster
  by_age_.push_front({std::move(key), normalized});
  by_key_.emplace(by_age_.front().key, by_age_.begin());
  if (by_age_.size() > capacity_) {
    by_key_.erase(by_age_.back().key);
    by_age_.pop_back();
  }
  return normalized;
}

size_t RecentPhones::size() const {
  const std::lock_guard lock(mutex_);
  return by_key_.size();
}

}  // namespace spotter::connect
