// SPDX-License-Identifier: Apache-2.0
//
// The control log as a directory: who owns a shard, where a tenant lives, what intake must know of
// it, which offsets are skipped, where the logic changes. It is read before any shard's log.
#pragma once

#include <condition_variable>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "base/status.h"
#include "control/view.h"
#include "log/log.h"

namespace spotter::control {

// Reads a control log from its start and keeps what it says.
// Thread safety: all methods from any thread; the log is read by one of them at a time.
// Invariant: what is answered follows from a prefix of the log.
class Directory {
 public:
  // `log` outlives the directory: DIR/control of the embedded program, or the one partition of the
  // compacted topic spotter.control.
  explicit Directory(log::Log& log);
  ~Directory();  // ends the thread

  // Reads what is durable now. Errors as Log::Read; what was read before stays. A record of a kind
  // that this version does not know is counted and passed over.
  Status Poll();
  // A thread of its own keeps the directory current from now on. Call once.
  void Follow();
  // Everything that is durable has been read.
  bool CaughtUp() const;
  // Why the log cannot be read now, or "". While it cannot, answers are those of the last reading.
  std::string problem() const;
  uint64_t unknown_records() const;

  // Returns once the record is durable and read back. Unavailable: the log refused it, or took
  // longer than `timeout`.
  // DeadlineExceeded: not read back in time; it may be there later, and may be appended again.
  // FailedPrecondition: a ShardCount that differs from the one there is.
  Status Append(const model::ControlRecord& record, Duration timeout = Seconds(30));

  std::set<int64_t> Skips(int32_t shard) const;
  std::map<int64_t, uint32_t> Barriers(int32_t shard) const;  // offset: logic version
  // As placed, else by murmur2 of its id over the shards there are (1 until a count is known).
  int32_t ShardOf(const model::TenantId& tenant) const;
  // nullopt: it was never placed and is where murmur2 says.
  std::optional<model::PlaceTenant> PlacedAt(const model::TenantId& tenant) const;
  // Nothing new may enter the log of its shard now: answer Unavailable with a hint to retry.
  bool IsMoving(const model::TenantId& tenant) const;
  // The placements of all tenants that are on their way, ascending.
  std::vector<model::PlaceTenant> Moving() const;
  std::optional<model::TenantEntry> Find(const model::TenantId& tenant) const;
  std::vector<model::TenantId> Tenants() const;  // ascending
  std::optional<model::ShardOwner> OwnerOf(int32_t shard) const;
  std::vector<model::ShardOwner> StandbysOf(int32_t shard) const;
  std::optional<model::ShardCount> Shards() const;
  View view() const;  // all of it, as one point in time

  // Grows with every change. WaitChange blocks until it differs from `seen` or `timeout` (wall
  // time) has passed, and returns it.
  uint64_t version() const;
  uint64_t WaitChange(uint64_t seen, Duration timeout) const;

 private:
  void Run();
  Status ReadOnce();

  log::Log& log_;
  std::mutex read_mutex_;  // one reader of the log at a time

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  View view_;
  std::optional<log::Offset> next_;  // nullopt: nothing was read yet
  uint64_t version_ = 0;
  uint64_t unknown_ = 0;
  std::string problem_;
  bool stopping_ = false;
  bool follows_ = false;
  std::thread thread_;
};

}  // namespace spotter::control
