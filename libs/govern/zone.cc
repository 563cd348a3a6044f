// SPDX-License-Identifier: Apache-2.0
//
// TZif by RFC 8536. Our own reader and not cctz: cctz finds its bytes through a process-wide hook
// that the host's files back, and what a shard derives may depend on the log alone (ADR 0008).
#include "govern/zone.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "govern/posix_rule.h"

namespace spotter::govern {

namespace {

constexpr int64_t kDaySeconds = 86400;
constexpr int64_t kLeastTime = -62135596800;  // 0001-01-01
constexpr int64_t kMostTime = 253402300799;   // 9999-12-31T23:59:59
constexpr int32_t kMostOffset = 26 * 3600;    // RFC 8536 section 3.2
constexpr uint32_t kMostTransitions = 4096;
constexpr size_t kHeaderSize = 44;

struct Header {
  uint32_t utc_indicators, wall_indicators, leaps, transitions, types, name_bytes;
  size_t BlockSize(size_t time_size) const {
    return transitions * (time_size + 1) + types * size_t{6} + name_bytes +
           leaps * (time_size + 4) + wall_indicators + utc_indicators;
  }
};

int64_t BigEndian(std::string_view bytes) {
  uint64_t value = (static_cast<uint8_t>(bytes[0]) & 0x80) != 0 ? ~uint64_t{0} : 0;
  for (const char c : bytes) value = value << 8 | static_cast<uint8_t>(c);
  return static_cast<int64_t>(value);
}

// The header at the front of `bytes`; nullopt if there is none or its block does not fit.
std::optional<Header> ReadHeader(std::string_view bytes, size_t time_size) {
  if (bytes.size() < kHeaderSize || !bytes.starts_with("TZif")) return std::nullopt;
  auto count = [&](size_t n) {
    return static_cast<uint32_t>(BigEndian(bytes.substr(20 + 4 * n, 4)));
  };
  const Header header{count(0), count(1), count(2), count(3), count(4), count(5)};
  for (const uint32_t n : {header.utc_indicators, header.wall_indicators, header.leaps,
                           header.transitions, header.types, header.name_bytes}) {
    if (n > kMostTransitions) return std::nullopt;
  }
  if (bytes.size() - kHeaderSize < header.BlockSize(time_size)) return std::nullopt;
  return header;
}

std::chrono::sys_days DateOf(int year, int month, int day) {
  // Months outside 1 to 12 carry into the year, days outside the month into the months.
  const int months = year * 12 + (month - 1);
  const int floor_year = months >= 0 ? months / 12 : (months - 11) / 12;
  const auto first = std::chrono::year(floor_year) /
                     std::chrono::month(static_cast<unsigned>(months - floor_year * 12) + 1) / 1;
  return std::chrono::sys_days(first) + std::chrono::days(day - 1);
}

}  // namespace

// `offsets[i]` holds from `times[i]` on; `before` earlier than the first. After the last
// transition `rule` speaks, if there is one.
struct Zone::Rules {
  std::vector<int64_t> times;
  std::vector<int32_t> offsets;
  int32_t before = 0;
  std::optional<PosixRule> rule;

  int32_t OffsetAt(int64_t time) const {
    const auto next = std::upper_bound(times.begin(), times.end(), time);
    if (next == times.end() && rule) return rule->OffsetAt(time);
    if (next == times.begin()) return before;
    return offsets[static_cast<size_t>(next - times.begin()) - 1];
  }

  // The seconds [from, to) around `time` in which the clocks do not change; a bound is kept where
  // there is none.
  void Narrow(int64_t time, int64_t& from, int64_t& to) const {
    const auto next = std::upper_bound(times.begin(), times.end(), time);
    if (next != times.begin()) from = *(next - 1);
    if (next != times.end()) to = *next;
    if (next == times.end() && rule) rule->Narrow(time, from, to);
  }

  Status ReadBlock(std::string_view block, const Header& header, size_t time_size);
};

Status Zone::Rules::ReadBlock(std::string_view block, const Header& header, size_t time_size) {
  const std::string_view indexes = block.substr(header.transitions * time_size);
  const std::string_view types = indexes.substr(header.transitions);
  if (header.types == 0) return InvalidArgument("no local time type");
  if (header.leaps != 0) return InvalidArgument("leap seconds are not supported");
  std::vector<int32_t> type_offsets;
  for (size_t i = 0; i < header.types; ++i) {
    const int64_t offset = BigEndian(types.substr(i * 6, 4));
    if (offset < -kMostOffset || offset > kMostOffset) {
      return InvalidArgument("an offset of {} s from UTC", offset);
    }
    type_offsets.push_back(static_cast<int32_t>(offset));
  }
  before = type_offsets.front();
  for (size_t i = 0; i < header.transitions; ++i) {
    const int64_t time = BigEndian(block.substr(i * time_size, time_size));
    const auto type = static_cast<uint8_t>(indexes[i]);
    if (type >= type_offsets.size())
      return InvalidArgument("local time type {} of transition {}", type, i);
    if (!times.empty() && time <= times.back())
      return InvalidArgument("transition {} out of order", i);
    times.push_back(time);
    offsets.push_back(type_offsets[type]);
  }
  return OkStatus();
}

Zone Zone::Utc() {
  static const auto& rules = *new std::shared_ptr<const Rules>(std::make_shared<Rules>());
  return Zone(rules);
}

StatusOr<Zone> Zone::FromRules(std::string_view name, std::string_view tzif) {
  auto refused = [&](std::string_view why) {
    return InvalidArgument("zone '{}': {}, expected TZif bytes (RFC 8536)", name, why);
  };
  size_t time_size = 4;
  std::optional<Header> header = ReadHeader(tzif, time_size);
  if (!header) return refused("no header, or bytes are missing");
  const bool has_second_block = tzif[4] != '\0';
  if (has_second_block) {  // version 2 and later: the first block is for readers of version 1
    tzif.remove_prefix(kHeaderSize + header->BlockSize(time_size));
    time_size = 8;
    header = ReadHeader(tzif, time_size);
    if (!header) return refused("no second header, or bytes are missing");
  }
  auto rules = std::make_shared<Rules>();
  const Status status = rules->ReadBlock(tzif.substr(kHeaderSize), *header, time_size);
  if (!status.ok()) return refused(MessageOf(status));
  if (has_second_block) {
    const std::string_view footer = tzif.substr(kHeaderSize + header->BlockSize(time_size));
    if (footer.size() < 2 || footer.front() != '\n' || footer.back() != '\n') {
      return refused("no footer line");
    }
    const std::string_view text = footer.substr(1, footer.size() - 2);
    if (!text.empty()) {
      StatusOr<PosixRule> rule = PosixRule::Parse(text);
      if (!rule.ok()) return refused(MessageOf(rule.status()));
      rules->rule = *rule;
    }
  }
  return Zone(std::move(rules));
}

Zone::Offset Zone::OffsetAt(EventTime time) const {
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  const auto utc = std::chrono::floor<std::chrono::seconds>(Duration(time.ms)).count();
  const int64_t instant =
      std::clamp(utc, kLeastTime + 2 * kMostOffset, kMostTime - 2 * kMostOffset);
  int64_t from = kLeast;
  int64_t to = kMost;
  rules_->Narrow(instant, from, to);
  const int32_t seconds = rules_->OffsetAt(instant);
  // Some changes are of the name alone.
  while (from != kLeast && rules_->OffsetAt(from - 1) == seconds) {
    int64_t before = kLeast;
    int64_t end = from;
    rules_->Narrow(from - 1, before, end);
    if (before == from) break;
    from = before;
  }
  while (to != kMost && to < kMostTime && rules_->OffsetAt(to) == seconds) {
    int64_t begin = to;
    int64_t after = kMost;
    rules_->Narrow(to, begin, after);
    to = after;
  }
  return {.seconds = seconds,
          .from = from == kLeast ? EventTime::Min() : EventTime{from * 1000},
          .to = to == kMost ? EventTime::Max() : EventTime{to * 1000}};
}

LocalTime Zone::ToLocal(EventTime time) const {
  const auto utc = std::chrono::floor<std::chrono::seconds>(Duration(time.ms)).count();
  const int64_t instant =
      std::clamp(utc, kLeastTime + 2 * kMostOffset, kMostTime - 2 * kMostOffset);
  const std::chrono::sys_seconds wall(std::chrono::seconds(instant + rules_->OffsetAt(instant)));
  const auto day = std::chrono::floor<std::chrono::days>(wall);
  const std::chrono::year_month_day date(day);
  const auto second = (wall - day).count();
  return {.year = static_cast<int>(date.year()),
          .month = static_cast<int>(static_cast<unsigned>(date.month())),
          .day = static_cast<int>(static_cast<unsigned>(date.day())),
          .hour = static_cast<int>(second / 3600),
          .minute = static_cast<int>(second / 60 % 60),
          .second = static_cast<int>(second % 60),
          .weekday = static_cast<int>(std::chrono::weekday(day).iso_encoding()) - 1};
}

EventTime Zone::FromLocal(const LocalTime& local, Occurrence occurrence) const {
  const int64_t days =
      DateOf(std::clamp(local.year, 1, 9999), local.month, local.day).time_since_epoch().count();
  const int64_t wall = std::clamp(
      days * kDaySeconds + local.hour * int64_t{3600} + local.minute * int64_t{60} + local.second,
      kLeastTime + 2 * kMostOffset, kMostTime - 2 * kMostOffset);
  // Any transition that matters lies between these two instants.
  const int32_t earlier = rules_->OffsetAt(wall - kMostOffset);
  const int32_t later = rules_->OffsetAt(wall + kMostOffset);
  const int64_t first = wall - std::max(earlier, later);
  const int64_t last = wall - std::min(earlier, later);
  auto shows_wall = [&](int64_t instant) { return instant + rules_->OffsetAt(instant) == wall; };
  const bool first_shows = shows_wall(first);
  if (shows_wall(last) && (occurrence == Occurrence::kLast || !first_shows)) return {last * 1000};
  if (first_shows) return {first * 1000};
  // A gap: its end is the first instant after `first` with the later offset.
  int64_t low = first;
  int64_t high = last;
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    if (rules_->OffsetAt(middle) == later) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return {low * 1000};
}

}  // namespace spotter::govern
