// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <mutex>

#include "base/clock.h"
#include "log/log.h"

namespace spotter::log {

// The reference implementation of Log, with the failures that tests and simulation need:
// without auto_sync, records are durable only after Sync(), and LoseUnsynced() drops a suffix of
// the rest.
class InMemoryLog final : public Log {
 public:
  // With `auto_sync` every record is durable at once; without, WaitDurable is Unavailable for a
  // record that is not yet synced (a simulated client sees its request fail).
  explicit InMemoryLog(const Clock& clock, bool auto_sync = true);

  StatusOr<std::vector<Offset>> Append(std::span<const std::string_view> payloads) override;
  Status WaitDurable(Offset offset) override;
  Status Read(Offset from, size_t max_records, size_t max_bytes,
              std::vector<Record>& records) override;
  bool WaitReadable(Offset from, Duration timeout) override;
  Offset start() const override;
  Offset durable_end() const override;
  Offset end() const override;
  Status TrimBefore(Offset offset) override;

  void Sync();
  // A crash: keeps all durable records and the first `keep` of the others.
  void LoseUnsynced(size_t keep);

 private:
  Offset EndLocked() const;
  EventTime LastAppendTimeLocked() const;

  const Clock& clock_;
  const bool auto_sync_;
  mutable std::mutex mutex_;
  std::condition_variable readable_;
  std::vector<Record> records_;                // records_[i].offset == start_ + i
  EventTime trimmed_time_ = EventTime::Min();  // append time of the last trimmed record
  Offset start_ = 0;
  Offset durable_end_ = 0;
};

}  // namespace spotter::log
