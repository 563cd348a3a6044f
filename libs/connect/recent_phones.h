// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace spotter::connect {

// The numbers parsed last. libphonenumber takes 8 µs a number and the same members come again and
// again. Thread safety: any thread; the parser runs outside the lock.
// Invariants: as many entries in `by_age_` as in `by_key_`, at most `capacity`.
class RecentPhones {
 public:
  using Parse = std::string (*)(std::string_view raw, std::string_view region);

  explicit RecentPhones(size_t capacity) : capacity_(capacity) {}

  // What `parse` makes of (raw, region), remembered.
  std::string Get(std::string_view raw, std::string_view region, Parse parse);

  size_t size() const;

 private:
  struct Entry {
    std::string key;
    std::string normalized;
  };

  const size_t capacity_;
  mutable std::mutex mutex_;
  std::list<Entry> by_age_;                                                  // the newest first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_key_;  // views into by_age_
};

}  // namespace spotter::connect
