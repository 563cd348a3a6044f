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

StatusOr<SegmentScan> ScanSegment(const Segment& segment, log::Offset first) {
  SPOTTER_ASSIGN_OR_RETURN(const File file, File::Open(segment.path, O_RDONLY));
  SPOTTER_ASSIGN_OR_RETURN(const int64_t size, file.Size());
  std::string content(static_cast<size_t>(size), '\0');
  SPOTTER_ASSIGN_OR_RETURN(const size_t read, file.ReadAt(0, content.data(), content.size()));
  content.resize(read);

  SegmentScan scan{.file_bytes = static_cast<int64_t>(content.size()), .end = first};
  std::string_view rest = content;
  while (const std::optional<Frame> frame = DecodeFrame(rest)) {
    if (frame->offset != scan.end) break;
    rest.remove_prefix(frame->bytes());
    scan.end = frame->offset + 1;
    scan.last_append_time = frame->append_time;
  }
  const size_t valid = content.size() - rest.size();
  scan.valid_bytes = static_cast<int64_t>(valid);

  const auto highest = scan.end + static_cast<log::Offset>(rest.size() / kFrameHeaderBytes);
  if (const auto found = FindFrame(content, valid, first, highest)) {
    return DataLoss(
        "log file '{}': the record at offset {} (byte {}) is damaged, and a valid record follows "
        "at byte {}",
        segment.path, scan.end, valid, *found);
  }
  return scan;
}

StatusOr<SegmentReader> SegmentReader::Open(const Segment& segment, log::Offset first) {
  SPOTTER_ASSIGN_OR_RETURN(File file, File::Open(segment.path, O_RDONLY));
  return SegmentReader(std::move(file), first);
}

StatusOr<Frame> SegmentReader::Next(int64_t durable_bytes) {
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
