// SPDX-License-Identifier: Apache-2.0
#include "intake/dead_letter_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <numeric>

#include "base/log_message.h"
#include "intake/dead_letter_lines.h"

namespace spotter::intake {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kSuffix = ".ndjson";
constexpr size_t kDayLength = 10;  // 2026-11-22

std::string DayOf(EventTime time) { return FormatTime(time).substr(0, kDayLength); }

Status FileError(std::string_view what, const std::string& path) {
  return Unavailable("dead letters: cannot {} '{}': {}", what, path, std::strerror(errno));
}

bool IsDay(std::string_view name) {
  return name.size() == kDayLength && ParseTime(std::string(name) + "T00:00:00Z").ok();
}

Status SyncFolder(const std::string& folder) {
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return FileError("open folder", folder);
  const int failed = fsync(fd);
  close(fd);
  return failed != 0 ? FileError("sync folder", folder) : OkStatus();
}

StatusOr<std::string> ReadRange(const std::string& path, size_t offset, size_t length) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes(length, '\0');
  file.seekg(static_cast<std::streamoff>(offset));
  file.read(bytes.data(), static_cast<std::streamsize>(length));
  if (!file) return DataLoss("dead letters: '{}' is shorter than its index", path);
  return bytes;
}

// A page's `next`: "MILLISECONDS/ID". What is no such text stands before every letter.
std::pair<int64_t, std::string> ParseKey(std::string_view text) {
  int64_t ms = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), ms);
  if (parsed.ec != std::errc{} || parsed.ptr == text.data() + text.size()) return {};
  return {ms, std::string(parsed.ptr + 1, text.data() + text.size())};
}

}  // namespace

StatusOr<std::unique_ptr<DeadLetterFiles>> DeadLetterFiles::Open(DeadLetterOptions options,
                                                                 const Clock& clock) {
  std::error_code error;
  fs::create_directories(options.folder, error);
  if (error) {
    return Unavailable("dead letters: cannot create folder '{}': {}", options.folder,
                       error.message());
  }
  auto files = std::unique_ptr<DeadLetterFiles>(new DeadLetterFiles(std::move(options), clock));
  SPOTTER_RETURN_IF_ERROR(files->ReadFiles());
  return files;
}

DeadLetterFiles::~DeadLetterFiles() { CloseDay(); }

std::string DeadLetterFiles::PathOf(const std::string& day) const {
  return fmt::format("{}/{}{}", options_.folder, day, kSuffix);
}

Status DeadLetterFiles::ReadFiles() {
  std::vector<std::string> days;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(options_.folder, error)) {
    const std::string day = entry.path().stem().string();
    if (entry.path().extension() == kSuffix && IsDay(day)) days.push_back(day);
  }
  if (error) {
    return Unavailable("dead letters: cannot read folder '{}': {}", options_.folder,
                       error.message());
  }
  std::sort(days.begin(), days.end());
  for (const std::string& day : days) SPOTTER_RETURN_IF_ERROR(ReadFile(day));
  DropOldDays();
  return OkStatus();
}

Status DeadLetterFiles::ReadFile(const std::string& day) {
  const std::string path = PathOf(day);
  std::ifstream file(path, std::ios::binary);
  if (!file) return FileError("open", path);
  size_t offset = 0;
  for (std::string text; std::getline(file, text);) {
    if (file.eof()) {  // no newline: it was being written when the process ended
      LogWarn("dead letters cut at a torn line, file={} offset={}", path, offset);
      if (truncate(path.c_str(), static_cast<off_t>(offset)) != 0) return FileError("cut", path);
      break;
    }
    const size_t length = text.size() + 1;
    auto line = ParseLine(text);
    if (!line.ok()) {
      LogWarn("dead letter unreadable, file={} offset={} reason=\"{}\"", path, offset,
              MessageOf(line.status()));
    } else if (line->is_mark) {
      Forget(line->letter.id);
    } else {
      Index(std::move(line->letter), day, offset, length);
    }
    offset += length;
  }
  day_bytes_[day] = offset;
  return OkStatus();
}

void DeadLetterFiles::Index(DeadLetter letter, const std::string& day, size_t offset,
                            size_t length) {
  letter.bytes.clear();
  Key key{letter.received_at.ms, letter.id};
  keys_[letter.id] = key;
  letters_[std::move(key)] = {std::move(letter), day, offset, length};
}

void DeadLetterFiles::Forget(std::string_view id) {
  const auto key = keys_.find(id);
  if (key == keys_.end()) return;
  letters_.erase(key->second);
  keys_.erase(key);
}

void DeadLetterFiles::DropOldDays() {
  const std::string oldest = DayOf(clock_.Now() - options_.retention);
  while (!day_bytes_.empty() && day_bytes_.begin()->first < oldest) {
    const std::string day = day_bytes_.begin()->first;
    if (day == open_day_) CloseDay();
    std::error_code error;
    fs::remove(PathOf(day), error);
    if (error) {
      LogWarn("old dead letters stay, file={} reason=\"{}\"", PathOf(day), error.message());
      return;
    }
    std::erase_if(letters_, [&](const auto& entry) {
      if (entry.second.day != day) return false;
      keys_.erase(entry.second.letter.id);
      return true;
    });
    day_bytes_.erase(day);
  }
}

void DeadLetterFiles::Expire() {
  const std::lock_guard lock(mutex_);
  DropOldDays();
}

void DeadLetterFiles::CloseDay() {
  if (open_file_ >= 0) close(open_file_);
  open_file_ = -1;
  open_day_.clear();
}

Status DeadLetterFiles::OpenDay(const std::string& day) {
  if (open_day_ == day) return OkStatus();
  CloseDay();
  const std::string path = PathOf(day);
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return FileError("open", path);
  open_file_ = fd;
  open_day_ = day;
  day_bytes_.try_emplace(day, 0);
  return SyncFolder(options_.folder);
}

StatusOr<size_t> DeadLetterFiles::AppendLine(const std::string& day, std::string_view line) {
  SPOTTER_RETURN_IF_ERROR(OpenDay(day));
  const size_t begin = day_bytes_[day];
  // Also cuts what an earlier failed write left, so that a line always begins a line.
  if (ftruncate(open_file_, static_cast<off_t>(begin)) != 0) return FileError("cut", PathOf(day));
  size_t written = 0;
  while (written < line.size()) {
    const ssize_t n = write(open_file_, line.data() + written, line.size() - written);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    written += static_cast<size_t>(n);
  }
  if (written == line.size() && fdatasync(open_file_) == 0) {
    day_bytes_[day] = begin + line.size();
    return begin;
  }
  const Status error = FileError("write", PathOf(day));
  CloseDay();
  return error;
}

StatusOr<std::string> DeadLetterFiles::Add(DeadLetter letter) {
  letter.id = DeadLetterId(letter);
  const std::lock_guard lock(mutex_);
  if (keys_.contains(letter.id)) return letter.id;
  const std::string line = FormatLetter(letter);
  const size_t kept = std::accumulate(day_bytes_.begin(), day_bytes_.end(), size_t{0},
                                      [](size_t sum, const auto& day) { return sum + day.second; });
  if (kept + line.size() > options_.bytes_max) {
    return Unavailable("dead letters: {} bytes are kept in '{}', at most {}; resolve or raise",
                       kept, options_.folder, options_.bytes_max);
  }
  const std::string day = DayOf(letter.received_at);
  SPOTTER_ASSIGN_OR_RETURN(const size_t offset, AppendLine(day, line));
  std::string id = letter.id;
  Index(std::move(letter), day, offset, line.size());
  return id;
}

StatusOr<DeadLetterPage> DeadLetterFiles::List(std::string_view tenant, std::string_view source,
                                               size_t max, std::string_view after) const {
  const std::lock_guard lock(mutex_);
  DeadLetterPage page;
  const Key below = after.empty() ? Key{std::numeric_limits<int64_t>::max(), ""} : ParseKey(after);
  bool more = false;
  for (auto entry = letters_.rbegin(); entry != letters_.rend(); ++entry) {
    const DeadLetter& letter = entry->second.letter;
    if (letter.tenant != tenant || (!source.empty() && letter.source != source)) continue;
    ++page.total;
    if (entry->first >= below) continue;
    if (page.letters.size() < max) {
      page.letters.push_back(letter);
    } else {
      more = true;
    }
  }
  if (more && !page.letters.empty()) {
    const DeadLetter& last = page.letters.back();
    page.next = fmt::format("{}/{}", last.received_at.ms, last.id);
  }
  return page;
}

const DeadLetterFiles::Place* DeadLetterFiles::FindLocked(std::string_view tenant,
                                                          std::string_view id) const {
  const auto key = keys_.find(id);
  if (key == keys_.end()) return nullptr;
  const Place& place = letters_.at(key->second);
  return place.letter.tenant == tenant ? &place : nullptr;
}

StatusOr<DeadLetter> DeadLetterFiles::Get(std::string_view tenant, std::string_view id) const {
  const std::lock_guard lock(mutex_);
  const Place* place = FindLocked(tenant, id);
  if (place == nullptr) return NotFound("dead letter '{}': not found", id);
  SPOTTER_ASSIGN_OR_RETURN(const std::string text,
                           ReadRange(PathOf(place->day), place->offset, place->length));
  auto line = ParseLine(text);
  if (!line.ok()) return DataLoss("dead letter '{}': {}", id, MessageOf(line.status()));
  return std::move(line->letter);
}

Status DeadLetterFiles::Resolve(std::string_view tenant, std::string_view id, Resolution how) {
  const std::lock_guard lock(mutex_);
  if (FindLocked(tenant, id) == nullptr) return NotFound("dead letter '{}': not found", id);
  const EventTime now = clock_.Now();
  // Never in an older file than the letter: files are read in order of their day.
  const std::string day = std::max(DayOf(now), FindLocked(tenant, id)->day);
  SPOTTER_ASSIGN_OR_RETURN([[maybe_unused]] const size_t offset,
                           AppendLine(day, FormatMark(tenant, id, how, now)));
  Forget(id);
  return OkStatus();
}

size_t DeadLetterFiles::size() const {
  const std::lock_guard lock(mutex_);
  return letters_.size();
}

}  // namespace spotter::intake
