// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/time.h"

namespace spotter::engine {

// What a binary decides differently from another on the same log raises this number.
inline constexpr uint32_t kLogicVersion = 5;

struct Options {
  uint32_t logic_version = kLogicVersion;  // another one only in tests of an upgrade
  size_t batch_records_max = 16'384;  // records applied and committed together; the bytes decide
  size_t batch_bytes_max = 4u << 20;
  size_t members_cached_max = 50'000;   // profiles (with their records) kept decoded
  Duration sync_interval = Seconds(1);  // the store is synced at least this often
  Duration idle_tick = Seconds(10);     // a tick is appended after this much silence

  // Who owns the shard (engine/ownership.h). The name is that of the data directory whose exclusive
  // lock this process holds: no two processes ever have the same at the same time.
  std::string owner;
  // How long a heartbeat that was read back lets the owner deliver. 0: nobody else can own the
  // shard (embedded: the lock of the directory that holds the log), so no heartbeats.
  Duration owner_lease{0};
  // A new owner waits until the lease of the one before it has run out. False only where it is
  // known by other means that no other process delivers.
  bool wait_out_lease = true;
  bool standby = false;               // applies, appends nothing, delivers nothing until promoted
  const Clock* boot_clock = nullptr;  // nullptr: CLOCK_BOOTTIME; outlives the owner
};

// Limits that are part of the logic: a change of one is a change of kLogicVersion.
inline constexpr Duration kTimeJumpMax = Seconds(60);  // beyond it a time needs confirmation
inline constexpr uint64_t kOrphansMax = 10'000;        // per tenant
inline constexpr int kInstantsPerWakeMax = 1'000;      // transitions of one member in one wake
inline constexpr size_t kSegmentsMax = 1'000;     // per tenant: every one is asked of every member
inline constexpr Duration kSentKeep = Days(100);  // caps look back a quarter at most

// What nobody fetches, and history (sweep.cc; docs/adr/0019-what-leaves-the-state.md).
inline constexpr Duration kOutboxSweepInterval = Hours(1);
inline constexpr Duration kHistorySweepInterval = Days(1);
inline constexpr size_t kSweepRowsPerTick = 1'000;
inline constexpr Duration kExpiryGrace = Hours(1);  // longer than a lease: who has it may still ack
inline constexpr Duration kSubscriptionKeep = Days(31);   // without any settlement; also of a Void
inline constexpr size_t kSubscriptionsMax = 100;          // per tenant; each gets every action
inline constexpr Duration kSubscriptionTouch = Hours(1);  // how exactly activity is noted
inline constexpr Duration kAnswerKeep = Days(7);          // of commands, by request_id
inline constexpr Duration kDeadLetterKeep = Days(14);
inline constexpr Duration kForwardedKeep = Days(14);   // as long as a log keeps what may come again
inline constexpr Duration kTransitionKeep = Days(31);  // entries into segments and exits
// Refusals, audit, segments' daily counts: as long as the timeline.
inline constexpr Duration kHistoryKeep = Days(400);

}  // namespace spotter::engine
