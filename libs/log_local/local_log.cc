// SPDX-License-Identifier: Apache-2.0
//
// Three parties share the log: appenders copy frames into `pending_` under the mutex; the flusher
// takes all of it at once, writes and syncs it without the mutex, and then moves `durable_end_`;
// the reader reads files below `durable_end_` without the mutex. So one fsync serves every record
// that arrived while the one before was under way, and no timer is needed.
#include "log_local/local_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <numeric>
#include <optional>
#include <thread>

#include "base/log_message.h"
#include "log_local/file.h"
#include "log_local/frame.h"
#include "log_local/segment.h"

namespace spotter::log_local {
namespace {

using log::Offset;

constexpr size_t kPendingBytesMax = 8u << 20;  // appenders wait above it
constexpr size_t kFsyncSecondsMax = 10'000;
constexpr auto kFullDiskRetry = std::chrono::milliseconds(100);
constexpr Duration kClockSetBack = Minutes(1);

// Small steps back of the clock do not show. A large one is a clock that was wrong and was set
// right: held at the wrong time, every further record would confirm it to the shard.
EventTime AppendTimeAfter(EventTime last, EventTime now) {
  return last - kClockSetBack > now ? now : std::max(last, now);
}

struct Recovered {
  File lock;
  File active;
  Segments segments;
  Offset end = 0;
  EventTime last_append_time = EventTime::Min();
  RepairReport repair;
};

class GroupCommitLog final : public LocalLog {
 public:
  GroupCommitLog(Options options, const Clock& clock, Recovered recovered);
  ~GroupCommitLog() override;

  StatusOr<std::vector<Offset>> Append(std::span<const std::string_view> payloads) override;
  Status WaitDurable(Offset offset) override;
  Status Read(Offset from, size_t max_records, size_t max_bytes,
              std::vector<log::Record>& records) override;
  bool WaitReadable(Offset from, Duration timeout) override;
  Offset start() const override;
  Offset durable_end() const override;
  Offset end() const override;
  Status TrimBefore(Offset offset) override;
  RepairReport repair() const override { return repair_; }
  std::vector<double> TakeFsyncSeconds() override;

 private:
  struct Batch {
    Offset first = 0;
    EventTime first_append_time;
    std::string frames;
  };

  void FlushUntilClosed();
  Status WriteDurably(const Batch& batch);
  bool NeedsNewSegment(const Batch& batch) const;
  Status StartSegment(Offset first);
  Status WriteFrames(std::string_view frames);
  void SyncActive();
  [[noreturn]] void Fatal(const Status& why) const;

  struct Extent {
    Offset first = 0;  // of the segment
    Offset end = 0;    // one past its last durable record
    Segment segment;
  };
  Extent ExtentOf(Offset offset) const;
  Status SeekReader(const Extent& extent, Offset offset);
  Segments TakeExpired(Offset limit);

  const Options options_;
  const Clock& clock_;
  const File lock_;
  const RepairReport repair_;

  mutable std::mutex mutex_;
  std::condition_variable work_;     // for the flusher: something is pending, or closing
  std::condition_variable durable_;  // durable_end_ moved, or the disk became full
  std::condition_variable room_;     // for appenders: pending_ was taken
  std::string pending_;
  EventTime pending_first_time_;
  Offset end_;
  Offset durable_end_;
  EventTime last_append_time_;
  Status full_;  // not Ok while the disk is full
  bool closing_ = false;
  Segments segments_;
  std::deque<double> fsync_seconds_;

  // The flusher's own.
  File active_;
  int64_t active_bytes_;
  EventTime active_first_time_;

  std::mutex reader_mutex_;  // taken before mutex_
  std::optional<SegmentReader> reader_;

  std::thread flusher_;
};

GroupCommitLog::GroupCommitLog(Options options, const Clock& clock, Recovered recovered)
    : options_(std::move(options)),
      clock_(clock),
      lock_(std::move(recovered.lock)),
      repair_(std::move(recovered.repair)),
      end_(recovered.end),
      durable_end_(recovered.end),
      last_append_time_(recovered.last_append_time),
      segments_(std::move(recovered.segments)),
      active_(std::move(recovered.active)),
      active_bytes_(segments_.rbegin()->second.bytes),
      active_first_time_(segments_.rbegin()->second.first_append_time),
      flusher_([this] { FlushUntilClosed(); }) {}

GroupCommitLog::~GroupCommitLog() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  work_.notify_all();
  flusher_.join();
}

// --- Appending -------------------------------------------------------------------------------

StatusOr<std::vector<Offset>> GroupCommitLog::Append(std::span<const std::string_view> payloads) {
  if (options_.read_only) {
    return FailedPrecondition("log directory '{}' was opened to be read only", options_.directory);
  }
  for (const std::string_view payload : payloads) {
    if (payload.size() > options_.record_bytes_max) {
      return InvalidArgument("log record of {} bytes: at most {} are allowed", payload.size(),
                             options_.record_bytes_max);
    }
  }
  std::vector<Offset> offsets(payloads.size());
  std::unique_lock lock(mutex_);
  room_.wait(lock, [&] { return pending_.size() < kPendingBytesMax || !full_.ok(); });
  if (!full_.ok()) return full_;
  if (payloads.empty()) return offsets;
  std::iota(offsets.begin(), offsets.end(), end_);

  last_append_time_ = AppendTimeAfter(last_append_time_, clock_.Now());
  if (pending_.empty()) pending_first_time_ = last_append_time_;
  for (const std::string_view payload : payloads) {
    AppendFrame(pending_, {.offset = end_++, .append_time = last_append_time_, .payload = payload});
  }
  lock.unlock();
  work_.notify_one();
  return offsets;
}

Status GroupCommitLog::WaitDurable(Offset offset) {
  std::unique_lock lock(mutex_);
  if (offset >= end_) {
    return FailedPrecondition("log record {} was never appended, the log ends at {}", offset, end_);
  }
  durable_.wait(lock, [&] { return durable_end_ > offset || !full_.ok(); });
  return durable_end_ > offset ? OkStatus() : full_;
}

// --- Flushing --------------------------------------------------------------------------------

void GroupCommitLog::FlushUntilClosed() {
  std::unique_lock lock(mutex_);
  Batch batch;
  while (true) {
    work_.wait(lock, [&] { return closing_ || !pending_.empty(); });
    if (pending_.empty()) return;

    batch.frames.clear();
    std::swap(batch.frames, pending_);
    batch.first = durable_end_;
    batch.first_append_time = pending_first_time_;
    const Offset batch_end = end_;
    room_.notify_all();

    while (true) {
      lock.unlock();
      Status written = WriteDurably(batch);
      lock.lock();
      full_ = std::move(written);
      if (full_.ok()) break;
      durable_.notify_all();
      room_.notify_all();
      if (work_.wait_for(lock, kFullDiskRetry, [&] { return closing_; })) {
        LogWarn("log closed on a full disk, records_not_written={}", end_ - durable_end_);
        return;
      }
    }

    durable_end_ = batch_end;
    Segment& active = segments_.rbegin()->second;
    active.bytes = active_bytes_;
    active.first_append_time = active_first_time_;
    durable_.notify_all();
  }
}

// Unavailable only for want of space, and then the file is as it was before.
Status GroupCommitLog::WriteDurably(const Batch& batch) {
  if (NeedsNewSegment(batch)) SPOTTER_RETURN_IF_ERROR(StartSegment(batch.first));
  SPOTTER_RETURN_IF_ERROR(WriteFrames(batch.frames));
  SyncActive();
  if (active_bytes_ == 0) active_first_time_ = batch.first_append_time;
  active_bytes_ += static_cast<int64_t>(batch.frames.size());
  return OkStatus();
}

bool GroupCommitLog::NeedsNewSegment(const Batch& batch) const {
  if (active_bytes_ == 0) return false;
  const auto size_after = static_cast<size_t>(active_bytes_) + batch.frames.size();
  return size_after > options_.segment_bytes_max ||
         batch.first_append_time - active_first_time_ >= options_.segment_age_max;
}

Status GroupCommitLog::StartSegment(Offset first) {
  const std::string path = SegmentPath(options_.directory, first);
  StatusOr<File> file = File::Open(path, O_RDWR | O_CREAT | O_TRUNC);
  if (!file.ok()) {
    if (file.status().code() == StatusCode::kUnavailable) return file.status();
    Fatal(file.status());
  }
  if (const Status synced = SyncDirectory(options_.directory); !synced.ok()) Fatal(synced);
  active_ = std::move(file).value();
  active_bytes_ = 0;
  active_first_time_ = EventTime::Max();
  const std::lock_guard lock(mutex_);
  segments_[first] = {.path = path};
  return OkStatus();
}

Status GroupCommitLog::WriteFrames(std::string_view frames) {
  int64_t position = active_bytes_;
  while (!frames.empty()) {
    const ssize_t n = ::pwrite(active_.fd(), frames.data(), frames.size(), position);
    if (n >= 0) {
      frames.remove_prefix(static_cast<size_t>(n));
      position += n;
      continue;
    }
    if (errno == EINTR) continue;
    if (!IsNoSpace(errno)) {
      Fatal(ErrnoError(fmt::format("cannot write log file '{}'", active_.path()), errno));
    }
    Status full = ErrnoError(fmt::format("log directory '{}'", options_.directory), errno);
    if (::ftruncate(active_.fd(), active_bytes_) != 0) {
      Fatal(ErrnoError(fmt::format("cannot cut log file '{}'", active_.path()), errno));
    }
    return full;
  }
  return OkStatus();
}

// After a failed fsync the kernel may have dropped the dirty pages, so a second one proves nothing.
void GroupCommitLog::SyncActive() {
  const auto begin = std::chrono::steady_clock::now();
  if (::fdatasync(active_.fd()) != 0) {
    Fatal(ErrnoError(fmt::format("cannot sync log file '{}'", active_.path()), errno));
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  const std::lock_guard lock(mutex_);
  fsync_seconds_.push_back(took.count());
  if (fsync_seconds_.size() > kFsyncSecondsMax) fsync_seconds_.pop_front();
}

void GroupCommitLog::Fatal(const Status& why) const {
  if (options_.on_fatal) options_.on_fatal(why);
  LogError("log cannot be made durable, stopping, reason=\"{}\"", MessageOf(why));
  std::abort();
}

// --- Reading ---------------------------------------------------------------------------------

Status GroupCommitLog::Read(Offset from, size_t max_records, size_t max_bytes,
                            std::vector<log::Record>& records) {
  const std::lock_guard reading(reader_mutex_);
  const Offset durable = durable_end();
  if (const Offset first = start(); from < first) {
    return FailedPrecondition("log '{}': offset {} was removed, the log starts at {}",
                              options_.directory, from, first);
  }
  if (from > durable) {
    return FailedPrecondition("log '{}': offset {} lies beyond its durable end {}",
                              options_.directory, from, durable);
  }
  size_t bytes = 0;
  size_t count = 0;
  while (from < durable && count < max_records && (count == 0 || bytes < max_bytes)) {
    const Extent extent = ExtentOf(from);
    SPOTTER_RETURN_IF_ERROR(SeekReader(extent, from));
    while (from < extent.end && count < max_records && (count == 0 || bytes < max_bytes)) {
      const StatusOr<Frame> frame = reader_->Next(extent.segment.bytes, extent.end);
      if (!frame.ok() && count > 0) return OkStatus();  // first what lies before it
      SPOTTER_RETURN_IF_ERROR(frame.status());
      records.push_back({.offset = frame->offset,
                         .append_time = frame->append_time,
                         .payload = std::string(frame->payload)});
      bytes += frame->bytes();
      ++count;
      ++from;
    }
  }
  return OkStatus();
}

GroupCommitLog::Extent GroupCommitLog::ExtentOf(Offset offset) const {
  const std::lock_guard lock(mutex_);
  const auto next = segments_.upper_bound(offset);
  const auto& [first, segment] = *std::prev(next);
  const Offset end = next == segments_.end() ? durable_end_ : std::min(next->first, durable_end_);
  return {.first = first, .end = end, .segment = segment};
}

Status GroupCommitLog::SeekReader(const Extent& extent, Offset offset) {
  const bool in_place =
      reader_ && reader_->first_offset() == extent.first && reader_->next_offset() <= offset;
  if (!in_place) {
    SPOTTER_ASSIGN_OR_RETURN(reader_,
                             SegmentReader::Open(extent.segment, extent.first, options_.accepted));
  }
  while (reader_->next_offset() < offset) {
    SPOTTER_RETURN_IF_ERROR(reader_->Next(extent.segment.bytes, extent.end).status());
  }
  return OkStatus();
}

bool GroupCommitLog::WaitReadable(Offset from, Duration timeout) {
  std::unique_lock lock(mutex_);
  return durable_.wait_for(lock, timeout, [&] { return durable_end_ > from; });
}

Offset GroupCommitLog::start() const {
  const std::lock_guard lock(mutex_);
  return segments_.begin()->first;
}

Offset GroupCommitLog::durable_end() const {
  const std::lock_guard lock(mutex_);
  return durable_end_;
}

Offset GroupCommitLog::end() const {
  const std::lock_guard lock(mutex_);
  return end_;
}

std::vector<double> GroupCommitLog::TakeFsyncSeconds() {
  const std::lock_guard lock(mutex_);
  std::vector<double> seconds(fsync_seconds_.begin(), fsync_seconds_.end());
  fsync_seconds_.clear();
  return seconds;
}

// --- Retention -------------------------------------------------------------------------------

Status GroupCommitLog::TrimBefore(Offset offset) {
  if (options_.read_only) {
    return FailedPrecondition("log directory '{}' was opened to be read only", options_.directory);
  }
  const Segments expired = TakeExpired(offset);
  // Oldest first, so that a crash between two leaves no hole.
  for (const auto& [first, segment] : expired) {
    if (::unlink(segment.path.c_str()) != 0 && errno != ENOENT) {
      return ErrnoError(fmt::format("cannot remove log file '{}'", segment.path), errno);
    }
  }
  return expired.empty() ? OkStatus() : SyncDirectory(options_.directory);
}

Segments GroupCommitLog::TakeExpired(Offset limit) {
  const EventTime now = clock_.Now();
  const std::lock_guard lock(mutex_);
  int64_t total = 0;
  for (const auto& [first, segment] : segments_) total += segment.bytes;

  Segments expired;
  while (segments_.size() > 1) {
    // All records of the oldest are older than the first of the next.
    const auto next = std::next(segments_.begin());
    const EventTime newest = next->second.first_append_time;
    const bool too_old = options_.retention_age > Duration::zero() && newest != EventTime::Max() &&
                         newest + options_.retention_age <= now;
    const bool too_large = options_.retention_bytes > 0 && total > options_.retention_bytes;
    if (next->first > limit || (!too_old && !too_large)) break;
    total -= segments_.begin()->second.bytes;
    expired.insert(segments_.extract(segments_.begin()));
  }
  return expired;
}

// --- Opening ---------------------------------------------------------------------------------

Status CreateDirectory(const std::string& directory) {
  if (::mkdir(directory.c_str(), 0700) == 0) {
    const size_t slash = directory.find_last_of('/');
    if (slash == std::string::npos) return SyncDirectory(".");
    return SyncDirectory(slash == 0 ? "/" : directory.substr(0, slash));
  }
  if (errno == EEXIST) return OkStatus();
  if (errno == ENOENT) {
    return FailedPrecondition("log directory '{}': its parent directory does not exist", directory);
  }
  return ErrnoError(fmt::format("cannot create log directory '{}'", directory), errno);
}

// How many records are lost, all accepted.
StatusOr<int64_t> CheckHoles(const Options& options, const SegmentScan& tail,
                             const std::string& path) {
  int64_t lost = 0;
  for (const Hole& hole : tail.holes) {
    if (!options.accepted.Covers(hole)) {
      return DataLoss(
          "log file '{}': the record at offset {} (byte {}) is damaged, the next valid one is {}",
          path, hole.first, hole.byte, hole.end);
    }
    lost += hole.end - hole.first;
    LogWarn("log damage passed over, file={} offset={} byte={} next_valid={}", path, hole.first,
            hole.byte, hole.end);
  }
  return lost;
}

Status CheckEnd(const Options& options, const SegmentScan& tail, const std::string& path) {
  if (tail.end >= options.stored_offset) return OkStatus();
  if (tail.torn()) {
    return DataLoss(
        "log file '{}': the record at offset {} (byte {}) is damaged, below the stored offset {}",
        path, tail.end, tail.valid_bytes, options.stored_offset);
  }
  return DataLoss("log directory '{}': the log ends at offset {}, below the stored offset {}",
                  options.directory, tail.end, options.stored_offset);
}

// The append time of the last record before the empty segment that starts at `first`.
StatusOr<EventTime> LastTimeBefore(const Options& options, const Segments& segments, Offset first) {
  const auto& [previous_first, previous] = *std::prev(segments.find(first));
  SPOTTER_ASSIGN_OR_RETURN(const SegmentScan scan, ScanSegment(previous, previous_first));
  SPOTTER_RETURN_IF_ERROR(CheckHoles(options, scan, previous.path).status());
  if (scan.torn() || scan.end != first) {
    return DataLoss(
        "log file '{}': the record at offset {} (byte {}) is damaged, expected {} to "
        "follow in the next file",
        previous.path, scan.end, scan.valid_bytes, first);
  }
  return scan.last_append_time;
}

// Cuts what lies past the last valid record, and makes what a killed process left in the page cache
// durable before anyone reads it.
Status RepairTail(const Options& options, const Segment& last, const SegmentScan& tail,
                  Recovered& recovered) {
  SPOTTER_ASSIGN_OR_RETURN(recovered.active, File::Open(last.path, O_RDWR | O_CREAT));
  if (tail.torn()) {
    if (::ftruncate(recovered.active.fd(), tail.valid_bytes) != 0) {
      return ErrnoError(fmt::format("cannot cut log file '{}'", last.path), errno);
    }
    LogWarn("log tail repaired, file={} bytes_dropped={} next_offset={}", last.path,
            recovered.repair.bytes_dropped, tail.end);
  }
  if (::fdatasync(recovered.active.fd()) != 0) {
    return ErrnoError(fmt::format("cannot sync log file '{}'", last.path), errno);
  }
  return SyncDirectory(options.directory);
}

// Decides everything before it changes anything: a log that is refused stays as it was.
StatusOr<Recovered> Recover(const Options& options) {
  Recovered recovered;
  if (!options.read_only) SPOTTER_RETURN_IF_ERROR(CreateDirectory(options.directory));
  SPOTTER_ASSIGN_OR_RETURN(recovered.lock, options.read_only ? ShareDirectory(options.directory)
                                                             : LockDirectory(options.directory));
  SPOTTER_ASSIGN_OR_RETURN(recovered.segments, ListSegments(options.directory));
  Segments& segments = recovered.segments;
  if (options.read_only && segments.empty()) {
    return NotFound("log directory '{}' holds no log", options.directory);
  }
  SegmentScan tail;
  Offset first = 0;
  if (segments.empty()) {
    segments[0] = {.path = SegmentPath(options.directory, 0)};
  } else {
    first = segments.rbegin()->first;
    SPOTTER_ASSIGN_OR_RETURN(tail, ScanSegment(segments[first], first));
  }
  Segment& last = segments[first];
  SPOTTER_ASSIGN_OR_RETURN(recovered.repair.records_lost, CheckHoles(options, tail, last.path));
  SPOTTER_RETURN_IF_ERROR(CheckEnd(options, tail, last.path));
  recovered.end = tail.end;
  recovered.last_append_time = tail.last_append_time;
  if (tail.valid_bytes == 0 && segments.size() > 1) {
    SPOTTER_ASSIGN_OR_RETURN(recovered.last_append_time, LastTimeBefore(options, segments, first));
  }

  if (tail.torn()) {
    recovered.repair.bytes_dropped = tail.file_bytes - tail.valid_bytes;
    recovered.repair.file = last.path;
  }
  if (!options.read_only) SPOTTER_RETURN_IF_ERROR(RepairTail(options, last, tail, recovered));
  last.bytes = tail.valid_bytes;
  if (tail.valid_bytes == 0) last.first_append_time = EventTime::Max();
  return recovered;
}

}  // namespace

StatusOr<std::unique_ptr<LocalLog>> LocalLog::Open(Options options, const Clock& clock) {
  SPOTTER_ASSIGN_OR_RETURN(Recovered recovered, Recover(options));
  return std::make_unique<GroupCommitLog>(std::move(options), clock, std::move(recovered));
}

}  // namespace spotter::log_local
