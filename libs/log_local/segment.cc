// SPDX-License-Identifier: Apache-2.0
#include "log_local/segment.h"

#include <dirent.h>
#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>

namespace spotter::log_local {
namespace {

constexpr size_t kNameDigits = 20;
constexpr std::string_view kSuffix = ".log";
constexpr size_t kChunkBytes = 1u << 20;

std::optional<log::Offset> FirstOffsetIn(std::string_view name) {
  if (name.size() != kNameDigits + kSuffix.size() || !name.ends_with(kSuffix)) return std::nullopt;
  log::Offset first = 0;
  const char* const digits_end = name.data() + kNameDigits;
  const auto parsed = std::from_chars(name.data(), digits_end, first);
  if (parsed.ec != std::errc() || parsed.ptr != digits_end || first < 0) return std::nullopt;
  return first;
}

StatusOr<Segment> Inspect(const std::string& path) {
  SPOTTER_ASSIGN_OR_RETURN(const File file, File::Open(path, O_RDONLY));
  Segment segment{.path = path};
  SPOTTER_ASSIGN_OR_RETURN(segment.bytes, file.Size());
  char header[kFrameHeaderBytes];
  SPOTTER_ASSIGN_OR_RETURN(const size_t read, file.ReadAt(0, header, sizeof(header)));
  if (read == sizeof(header)) segment.first_append_time = UncheckedAppendTime({header, read});
  return segment;
}

}  // namespace

std::string SegmentPath(const std::string& directory, log::Offset first) {
  return fmt::format("{}/{:020}{}", directory, first, kSuffix);
}

StatusOr<Segments> ListSegments(const std::string& directory) {
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir(directory.c_str()), &::closedir);
  if (entries == nullptr) return ErrnoError(fmt::format("log directory '{}'", directory), errno);
  Segments segments;
  while (const dirent* entry = ::readdir(entries.get())) {
    const std::optional<log::Offset> first = FirstOffsetIn(entry->d_name);
    if (!first) continue;
    SPOTTER_ASSIGN_OR_RETURN(segments[*first], Inspect(directory + "/" + entry->d_name));
  }
  return segments;
}

bool AcceptedDamage::Covers(const Hole& hole) const {
  if (hole.first == hole.end) return hole.first < needed_from || skips.contains(hole.first);
  for (log::Offset lost = std::max(hole.first, needed_from); lost < hole.end; ++lost) {
    if (!skips.contains(lost)) return false;
  }
  return true;
}

StatusOr<SegmentScan> ScanSegment(const Segment& segment, log::Offset first) {
  SPOTTER_ASSIGN_OR_RETURN(const File file, File::Open(segment.path, O_RDONLY));
  SPOTTER_ASSIGN_OR_RETURN(const int64_t size, file.Size());
  std::string content(static_cast<size_t>(size), '\0');
  SPOTTER_ASSIGN_OR_RETURN(const size_t read, file.ReadAt(0, content.data(), content.size()));
  content.resize(read);

  SegmentScan scan{.file_bytes = static_cast<int64_t>(content.size()), .end = first};
  size_t at = 0;
  while (true) {
    const std::string_view rest = std::string_view(content).substr(at);
    const std::optional<Frame> frame = DecodeFrame(rest);
    if (frame && frame->offset == scan.end) {
      at += frame->bytes();
      scan.end = frame->offset + 1;
      scan.last_append_time = frame->append_time;
      continue;
    }
    scan.valid_bytes = static_cast<int64_t>(at);
    const auto highest = scan.end + static_cast<log::Offset>(rest.size() / kFrameHeaderBytes);
    const std::optional<size_t> found = FindFrame(content, at, first, highest);
    if (!found) return scan;
    const log::Offset follows = DecodeFrame(std::string_view(content).substr(*found))->offset;
    if (follows < scan.end) {
      return DataLoss("log file '{}': the record at byte {} says offset {}, expected {} or more",
                      segment.path, *found, follows, scan.end);
    }
    scan.holes.push_back({.first = scan.end, .end = follows, .byte = static_cast<int64_t>(at)});
    at = *found;
    scan.end = follows;
  }
}

StatusOr<SegmentScan> ScanTail(const std::string& directory) {
  SPOTTER_ASSIGN_OR_RETURN(const Segments segments, ListSegments(directory));
  if (segments.empty()) return SegmentScan{};
  return ScanSegment(segments.rbegin()->second, segments.rbegin()->first);
}

StatusOr<SegmentReader> SegmentReader::Open(const Segment& segment, log::Offset first,
                                            const AcceptedDamage& accepted) {
  SPOTTER_ASSIGN_OR_RETURN(File file, File::Open(segment.path, O_RDONLY));
  return SegmentReader(std::move(file), first, accepted);
}

StatusOr<Frame> SegmentReader::Next(int64_t durable_bytes, log::Offset end) {
  if (next_ >= hole_end_) {
    StatusOr<Frame> frame = ReadNext(durable_bytes);
    if (frame.ok()) last_append_time_ = frame->append_time;
    if (frame.status().code() != StatusCode::kDataLoss) return frame;
    SPOTTER_ASSIGN_OR_RETURN(const Hole hole, PassDamage(frame.status(), durable_bytes, end));
    hole_end_ = hole.end;
    if (hole.end == next_) return Next(durable_bytes, end);
  }
  return Frame{.offset = next_++, .append_time = last_append_time_, .payload = {}};
}

// Goes on at the next valid record, if all that lies between was accepted; else `damage`.
StatusOr<Hole> SegmentReader::PassDamage(const Status& damage, int64_t durable_bytes,
                                         log::Offset end) {
  if (next_ >= accepted_->needed_from && !accepted_->skips.contains(next_)) return damage;
  std::string rest(static_cast<size_t>(std::max<int64_t>(durable_bytes - position_, 0)), '\0');
  SPOTTER_ASSIGN_OR_RETURN(const size_t read, file_.ReadAt(position_, rest.data(), rest.size()));
  rest.resize(read);
  Hole hole{.first = next_, .end = end, .byte = position_};
  size_t at = rest.size();
  if (const auto found = FindFrame(rest, 0, next_, end - 1)) {
    at = *found;
    hole.end = DecodeFrame(std::string_view(rest).substr(at))->offset;
  }
  if (!accepted_->Covers(hole)) return damage;
  position_ += static_cast<int64_t>(at);
  begin_ = end_ = 0;
  return hole;
}

StatusOr<Frame> SegmentReader::ReadNext(int64_t durable_bytes) {
  if (end_ - begin_ < kFrameHeaderBytes) {
    SPOTTER_RETURN_IF_ERROR(Fill(kFrameHeaderBytes, durable_bytes));
  }
  const size_t claimed = ClaimedFrameBytes({buffer_.get() + begin_, kFrameHeaderBytes});
  if (static_cast<int64_t>(claimed) > durable_bytes - position_) {
    return Damaged("its length goes beyond the end of the file");
  }
  if (end_ - begin_ < claimed) SPOTTER_RETURN_IF_ERROR(Fill(claimed, durable_bytes));

  const std::optional<Frame> frame = DecodeFrame({buffer_.get() + begin_, claimed});
  if (!frame) return Damaged("its checksum does not match");
  if (frame->offset != next_) return Damaged(fmt::format("it says offset {}", frame->offset));
  begin_ += claimed;
  position_ += static_cast<int64_t>(claimed);
  ++next_;
  return *frame;
}

Status SegmentReader::Fill(size_t needed, int64_t durable_bytes) {
  const size_t kept = end_ - begin_;
  if (capacity_ < needed) {
    const size_t capacity = std::max(needed, kChunkBytes);
    auto larger = std::make_unique_for_overwrite<char[]>(capacity);
    if (kept > 0) std::memcpy(larger.get(), buffer_.get() + begin_, kept);
    buffer_ = std::move(larger);
    capacity_ = capacity;
  } else if (kept > 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, kept);
  }
  begin_ = 0;
  end_ = kept;

  const int64_t from = position_ + static_cast<int64_t>(kept);
  const auto available = static_cast<size_t>(std::max<int64_t>(durable_bytes - from, 0));
  const size_t wanted = std::min(capacity_ - kept, available);
  SPOTTER_ASSIGN_OR_RETURN(const size_t read, file_.ReadAt(from, buffer_.get() + kept, wanted));
  end_ += read;
  if (end_ < needed) return Damaged("the file ends before it does");
  return OkStatus();
}

Status SegmentReader::Damaged(std::string_view why) const {
  return DataLoss("log file '{}': the record at offset {} (byte {}) is damaged: {}", file_.path(),
                  next_, position_, why);
}

}  // namespace spotter::log_local
