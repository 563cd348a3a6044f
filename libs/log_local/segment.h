// SPDX-License-Identifier: Apache-2.0
//
// Segment files: their names, what is in them, and the repair of a torn tail.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "log/log.h"
#include "log_local/file.h"
#include "log_local/frame.h"

namespace spotter::log_local {

struct Segment {
  std::string path;
  int64_t bytes = 0;                               // durable
  EventTime first_append_time = EventTime::Max();  // Max(): no record yet
};

// By first offset; each ends where the next begins.
using Segments = std::map<log::Offset, Segment>;

std::string SegmentPath(const std::string& directory, log::Offset first);
StatusOr<Segments> ListSegments(const std::string& directory);

// Records that do not read, with a valid one after them: not the torn end of the last write.
struct Hole {
  log::Offset first = 0;
  log::Offset end = 0;  // of the valid record that follows; equal to first: rubbish between two
  int64_t byte = 0;     // where they begin in the file
};

// Damage that an operator has accepted: it is passed over. What is not in it is DataLoss.
struct AcceptedDamage {
  std::set<log::Offset> skips;
  log::Offset needed_from = 0;  // nothing below is needed any more
  bool Covers(const Hole& hole) const;
};

// What a segment file holds.
struct SegmentScan {
  int64_t valid_bytes = 0;  // up to the end of the last valid record
  int64_t file_bytes = 0;
  log::Offset end = 0;  // one past the last valid record
  EventTime last_append_time = EventTime::Min();
  std::vector<Hole> holes;
  bool torn() const { return valid_bytes < file_bytes; }
};

// Reads the whole file and changes nothing.
StatusOr<SegmentScan> ScanSegment(const Segment& segment, log::Offset first);
// The same of the newest segment of a log; of an empty directory an empty one.
StatusOr<SegmentScan> ScanTail(const std::string& directory);

// Reads the records of one segment file in order, in big chunks, verifying each checksum.
class SegmentReader {
 public:
  // `accepted` outlives the reader.
  static StatusOr<SegmentReader> Open(const Segment& segment, log::Offset first,
                                      const AcceptedDamage& accepted);

  log::Offset first_offset() const { return first_; }
  log::Offset next_offset() const { return next_; }

  // The record at next_offset(), within the first `durable_bytes` of the file, which end at the
  // offset `end`; the payload is valid until the next call. DataLoss names file, byte position and
  // offset. In place of an accepted one that does not read comes an empty one.
  StatusOr<Frame> Next(int64_t durable_bytes, log::Offset end);

 private:
  SegmentReader(File file, log::Offset first, const AcceptedDamage& accepted)
      : file_(std::move(file)), accepted_(&accepted), first_(first), next_(first) {}
  StatusOr<Frame> ReadNext(int64_t durable_bytes);
  StatusOr<Hole> PassDamage(const Status& damage, int64_t durable_bytes, log::Offset end);
  Status Fill(size_t needed, int64_t durable_bytes);
  Status Damaged(std::string_view why) const;

  File file_;
  const AcceptedDamage* accepted_;
  log::Offset first_;
  log::Offset next_;
  log::Offset hole_end_ = 0;    // up to it records are empty
  EventTime last_append_time_;  // theirs
  int64_t position_ = 0;        // of the record at next_
  std::unique_ptr<char[]> buffer_;
  size_t capacity_ = 0;
  size_t begin_ = 0;  // buffer_[begin_, end_) are the bytes of the file from position_ on
  size_t end_ = 0;
};

}  // namespace spotter::log_local
