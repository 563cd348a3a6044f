// SPDX-License-Identifier: Apache-2.0
//
// A durable log in a directory of segment files.
//
// Segment file NAME = 20-digit first offset + ".log"; a frame is
//   [payload length u32 LE][CRC32C u32 LE of the rest][offset u64 LE][append time i64 LE][payload]
// One flusher thread writes and fsyncs what callers appended since the last fsync (group commit).
// At open the tail is repaired: bytes after the last valid frame are dropped if no valid frame
// follows them and the cut is not below Options::stored_offset; otherwise DataLoss names file and
// position and the shard is quarantined until an operator acts: what he accepts
// (Options::accepted) is passed over. Every read verifies its checksum.
//
// A full disk loses nothing: what was appended stays in memory and is written again until there is
// space; meanwhile Append and WaitDurable return Unavailable. (Rolling the appended records back
// would hand their offsets out again, and a late WaitDurable would take another's record for its
// own.) So a record whose WaitDurable failed may still become durable, as after a crash.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "log/log.h"
#include "log_local/segment.h"

namespace spotter::log_local {

struct Options {
  std::string directory;
  // A segment is closed at this size, or when its first record is this old: retention removes whole
  // segments, so the age bounds how long a quiet log keeps what retention would remove.
  size_t segment_bytes_max = 64u << 20;
  Duration segment_age_max = Days(1);
  size_t record_bytes_max = 4u << 20;
  Duration retention_age = Days(14);  // zero keeps all
  int64_t retention_bytes = 0;        // zero keeps all
  // The offset the state has reached: a log that ends below it, or a cut below it, is DataLoss.
  log::Offset stored_offset = 0;
  // Damage that an operator has accepted: such a record reads as an empty one.
  AcceptedDamage accepted;
  // Opens what is there and changes nothing: no file is made, cut or synced, a torn tail is passed
  // over, Append and TrimBefore are refused. NotFound: there is no log.
  bool read_only = false;
  // Called when a write or fsync fails, except for want of space; must not return. Default: says
  // why and aborts.
  std::function<void(const Status&)> on_fatal;
};

struct RepairReport {
  int64_t bytes_dropped = 0;  // of a torn tail; read-only: they are still there
  int64_t records_lost = 0;   // accepted damage in the newest segment
  std::string file;
};

// Thread safety: as Log says; Read may be called from any thread, one sequential reader is fast.
class LocalLog : public log::Log {
 public:
  // Creates the directory if absent, in a parent that exists. FailedPrecondition: another process
  // holds its lock file, or it cannot be written. DataLoss: see above; nothing was changed.
  static StatusOr<std::unique_ptr<LocalLog>> Open(Options options, const Clock& clock);
  virtual RepairReport repair() const = 0;
  // fsync latencies, seconds, newest last (at most 10,000 kept): for metrics and benchmarks.
  virtual std::vector<double> TakeFsyncSeconds() = 0;
};

}  // namespace spotter::log_local
