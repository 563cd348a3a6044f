// SPDX-License-Identifier: Apache-2.0
#include "log/in_memory_log.h"

#include <algorithm>

namespace spotter::log {

InMemoryLog::InMemoryLog(const Clock& clock, bool auto_sync)
    : clock_(clock), auto_sync_(auto_sync) {}

StatusOr<std::vector<Offset>> InMemoryLog::Append(std::span<const std::string_view> payloads) {
  std::unique_lock lock(mutex_);
  std::vector<Offset> offsets;
  for (const std::string_view payload : payloads) {
    offsets.push_back(EndLocked());
    const EventTime time = std::max(clock_.Now(), LastAppendTimeLocked());
    records_.push_back(
        {.offset = EndLocked(), .append_time = time, .payload = std::string(payload)});
  }
  if (auto_sync_) {
    durable_end_ = EndLocked();
    lock.unlock();
    readable_.notify_all();
  }
  return offsets;
}

Status InMemoryLog::WaitDurable(Offset offset) {
  const std::lock_guard lock(mutex_);
  if (offset >= EndLocked()) {
    return Unavailable("log record {} was lost before it was durable", offset);
  }
  if (offset >= durable_end_) return Unavailable("log record {} is not durable", offset);
  return OkStatus();
}

Status InMemoryLog::Read(Offset from, size_t max_records, size_t max_bytes,
                         std::vector<Record>& records) {
  const std::lock_guard lock(mutex_);
  if (from < start_) {
    return FailedPrecondition("log: offset {} was dropped, the log starts at {}", from, start_);
  }
  if (from > durable_end_) {
    return FailedPrecondition("log: offset {} lies beyond the durable end {}", from, durable_end_);
  }
  size_t bytes = 0;
  for (Offset offset = from; offset < durable_end_ && max_records > 0; ++offset, --max_records) {
    const Record& record = records_[static_cast<size_t>(offset - start_)];
    bytes += record.payload.size();
    if (bytes > max_bytes && offset > from) break;
    records.push_back(record);
  }
  return OkStatus();
}

bool InMemoryLog::WaitReadable(Offset from, Duration timeout) {
  std::unique_lock lock(mutex_);
  return readable_.wait_for(lock, timeout, [&] { return durable_end_ > from; });
}

Offset InMemoryLog::start() const {
  const std::lock_guard lock(mutex_);
  return start_;
}

Offset InMemoryLog::durable_end() const {
  const std::lock_guard lock(mutex_);
  return durable_end_;
}

Offset InMemoryLog::end() const {
  const std::lock_guard lock(mutex_);
  return EndLocked();
}

Status InMemoryLog::TrimBefore(Offset offset) {
  const std::lock_guard lock(mutex_);
  const Offset kept = std::clamp(offset, start_, durable_end_);
  const auto dropped = records_.begin() + (kept - start_);
  if (kept > start_) trimmed_time_ = std::prev(dropped)->append_time;
  records_.erase(records_.begin(), dropped);
  start_ = kept;
  return OkStatus();
}

void InMemoryLog::Sync() {
  {
    const std::lock_guard lock(mutex_);
    durable_end_ = EndLocked();
  }
  readable_.notify_all();
}

void InMemoryLog::LoseUnsynced(size_t keep) {
  {
    const std::lock_guard lock(mutex_);
    const auto durable = static_cast<size_t>(durable_end_ - start_);
    records_.resize(std::min(records_.size(), durable + keep));
    durable_end_ = EndLocked();  // what is there after a crash is on the disk
  }
  readable_.notify_all();
}

Offset InMemoryLog::EndLocked() const { return start_ + static_cast<Offset>(records_.size()); }

EventTime InMemoryLog::LastAppendTimeLocked() const {
  return records_.empty() ? trimmed_time_ : records_.back().append_time;
}

}  // namespace spotter::log
