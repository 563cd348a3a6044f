// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "base/time.h"
#include "model/event.h"

namespace spotter::intake {

// Counts by a name that comes from outside: after `kNamesMax` names the rest count as "other", so
// that no sender can grow a metric without bound. Thread safety: any thread.
class NamedCounts {
 public:
  static constexpr size_t kNamesMax = 300;

  void Add(std::string_view name);
  std::map<std::string, int64_t> Values() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, int64_t, std::less<>> counts_;
};

// When each source of each tenant was last heard of. After `kPairsMax` pairs the rest are one,
// ("other", "other"). Thread safety: any thread.
class LastEventTimes {
 public:
  static constexpr size_t kPairsMax = 10'000;
  using Pair = std::pair<std::string, std::string>;  // tenant, source

  void Note(std::string_view tenant, std::string_view source, EventTime at);
  std::map<Pair, EventTime> Values() const;

 private:
  mutable std::mutex mutex_;
  std::map<Pair, EventTime> times_;
};

// spotter_intake_..._total. Thread safety: any thread.
struct Counters {
  std::array<std::atomic<int64_t>, 64> accepted{};  // events in the log, by EventKind
  NamedCounts rejected;                             // dead letters, by reason
  NamedCounts ignored;                              // bodies of types we do not read, by type
  NamedCounts refused;              // requests answered 4xx or 5xx without a dead letter, by reason
  std::atomic<int64_t> clamped{0};  // event times ahead of ours, moved
  std::atomic<int64_t> bytes{0};    // appended to the log
  LastEventTimes last_events;       // when they came, by our clock

  void Accept(model::EventKind kind) { ++accepted[static_cast<size_t>(kind) % accepted.size()]; }
};

}  // namespace spotter::intake
