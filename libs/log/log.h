// SPDX-License-Identifier: Apache-2.0
//
// The port of the log: the only way into a shard, and its write-ahead log. One Log is one
// partition: records in one total order, each with an offset (dense, from 0; a compacted log has
// gaps) and an append time (it falls only with a clock set back). Implementations: InMemoryLog
// (tests), LocalLog (log_local), KafkaLog (log_kafka).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"

namespace spotter::log {

using Offset = int64_t;

struct Record {
  Offset offset = 0;
  EventTime append_time;  // set by the log; it falls only where the clock was set back
  std::string payload;
};

// Thread safety: Append and WaitDurable from any thread; Read and WaitReadable from the shard's.
class Log {
 public:
  virtual ~Log() = default;

  // Appends `payloads` in order and returns their offsets, which rise; where others append too,
  // their records may lie between. Not yet durable. Unavailable: the caller may retry (disk full,
  // brokers away); what was not acknowledged may be in the log all the same, as after a crash.
  // InvalidArgument: a payload over the size limit; nothing was appended.
  virtual StatusOr<std::vector<Offset>> Append(std::span<const std::string_view> payloads) = 0;

  // Append of one record that nobody misses when it is lost or comes late, like a tick: for a
  // thread that has other things to do. A log whose Append can take long waits about `patience` for
  // it, and then it is Unavailable. The others just append.
  virtual StatusOr<Offset> AppendWithin(std::string_view payload, Duration patience);

  // Returns when the record at `offset` is durable. Concurrent callers share one fsync. A failed
  // fsync stops the process (an implementation never retries an fsync that failed).
  virtual Status WaitDurable(Offset offset) = 0;

  // Appends to `records` what is durable from `from` on: at most `max_records` records and about
  // `max_bytes` bytes, at least one if any is durable. Nothing there yet: Ok, and `records` is
  // left as it was. FailedPrecondition: `from` lies before start() (retention overtook the reader)
  // or beyond durable_end() (the log lost its tail). DataLoss names file and offset of bad bytes at
  // `from`; what lies before them is given first.
  virtual Status Read(Offset from, size_t max_records, size_t max_bytes,
                      std::vector<Record>& records) = 0;

  // Blocks until a durable record at or after `from` exists or `timeout` (wall time) has passed;
  // says whether one exists.
  virtual bool WaitReadable(Offset from, Duration timeout) = 0;

  virtual Offset start() const = 0;        // the oldest kept offset
  virtual Offset durable_end() const = 0;  // one past the newest durable offset
  virtual Offset end() const = 0;          // one past the newest appended offset

  // Allows the log to drop records below `offset` (whole segments, by its retention settings).
  // The caller guarantees that the oldest kept snapshot is at or after `offset`.
  virtual Status TrimBefore(Offset offset) = 0;
};

// Append one record and wait until it is durable; returns its offset.
StatusOr<Offset> AppendDurable(Log& log, std::string_view payload);

}  // namespace spotter::log
