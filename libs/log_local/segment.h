// SPDX-License-Identifier: Apache-2.0
//
// Segment files: their names, what is in them, and the repair of a torn tail.
#pragma once

#include <map>
#include <memory>
#include <string>

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

// The valid records at the beginning of a segment file.
struct SegmentScan {
  int64_t valid_bytes = 0;
  int64_t file_bytes = 0;
  log::Offset end = 0;  // one past the last valid record
  EventTime last_append_time = EventTime::Min();
  bool torn() const { return valid_bytes < file_bytes; }
};

// Reads the whole file. DataLoss if a valid frame follows what is not valid: then the damage is not
// the torn end of the last write, and nothing may be cut.
StatusOr<SegmentScan> ScanSegment(const Segment& segment, log::Offset first);

// Reads the records of one segment file in order, in big chunks, verifying each checksum.
class SegmentReader {
 public:
  static StatusOr<SegmentReader> Open(const Segment& segment, log::Offset first);

  log::Offset first_offset() const { return first_; }
  log::Offset next_offset() const { return next_; }

  // The record at next_offset(), within the first `durable_bytes` of the file; the payload is valid
  // until the next call. DataLoss names file, byte position and offset.
  StatusOr<Frame> Next(int64_t durable_bytes);

 private:
  SegmentReader(File file, log::Offset first)
      : file_(std::move(file)), first_(first), next_(first) {}
  Status Fill(size_t needed, int64_t durable_bytes);
  Status Damaged(std::string_view why) const;

  File file_;
  log::Offset first_;
  log::Offset next_;
  int64_t position_ = 0;  // of the record at next_
  std::unique_ptr<char[]> buffer_;
  size_t capacity_ = 0;
  size_t begin_ = 0;  // buffer_[begin_, end_) are the bytes of the file from position_ on
  size_t end_ = 0;
};

}  // namespace spotter::log_local
