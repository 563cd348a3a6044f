// SPDX-License-Identifier: Apache-2.0
#include "base/time.h"

#include <array>
#include <optional>

namespace spotter {
namespace {

constexpr int64_t kMsPerSecond = 1000;
constexpr int64_t kMsPerMinute = 60 * kMsPerSecond;
constexpr int64_t kMsPerHour = 60 * kMsPerMinute;
constexpr int64_t kMsPerDay = 24 * kMsPerHour;

using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr int64_t kFirstPrintable =
    sys_days(year_month_day(std::chrono::year(0), std::chrono::January, std::chrono::day(1)))
        .time_since_epoch()
        .count() *
    kMsPerDay;
constexpr int64_t kLastPrintable =
    sys_days(year_month_day(std::chrono::year(10000), std::chrono::January, std::chrono::day(1)))
            .time_since_epoch()
            .count() *
        kMsPerDay -
    1;

// Reads a text from left to right; every reader returns false, or nullopt, on a mismatch.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool Skip(char expected) {
    if (rest_.empty() || rest_.front() != expected) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool SkipEither(char a, char b) { return Skip(a) || Skip(b); }

  std::optional<int> Digits(size_t count) {
    if (rest_.size() < count) return std::nullopt;
    int value = 0;
    for (const char c : rest_.substr(0, count)) {
      if (!IsDigit(c)) return std::nullopt;
      value = value * 10 + (c - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }

  // The digits after a decimal point as milliseconds; further ones are dropped.
  std::optional<int> Fraction() {
    if (rest_.empty() || !IsDigit(rest_.front())) return std::nullopt;
    int ms = 0;
    for (int scale = 100; !rest_.empty() && IsDigit(rest_.front()); scale /= 10) {
      ms += (rest_.front() - '0') * scale;
      rest_.remove_prefix(1);
    }
    return ms;
  }

  bool at_end() const { return rest_.empty(); }

 private:
  static bool IsDigit(char c) { return c >= '0' && c <= '9'; }
  std::string_view rest_;
};

Status BadTime(std::string_view text, std::string_view why) {
  constexpr size_t kShown = 64;
  return InvalidArgument("time '{}{}': {}, expected RFC 3339 such as 2026-11-22T14:00:00Z",
                         text.substr(0, kShown), text.size() > kShown ? "…" : "", why);
}

struct Unit {
  std::string_view name;
  int64_t ms;
};
// Largest first; "ms" before "m" so that the longer name wins.
constexpr std::array<Unit, 6> kUnits{{{"w", 7 * kMsPerDay},
                                      {"d", kMsPerDay},
                                      {"h", kMsPerHour},
                                      {"ms", 1},
                                      {"m", kMsPerMinute},
                                      {"s", kMsPerSecond}}};

const Unit* UnitAt(std::string_view text) {
  for (const Unit& unit : kUnits) {
    if (text.starts_with(unit.name)) return &unit;
  }
  return nullptr;
}

Status BadDuration(std::string_view text, std::string_view why) {
  return InvalidArgument("duration '{}': {}, expected for example 3d, 90m or 1d12h",
                         text.substr(0, 64), why);
}

}  // namespace

std::string FormatTime(EventTime time) {
  if (time == EventTime::Max()) return "never";
  if (time.ms < kFirstPrintable || time.ms > kLastPrintable) return fmt::format("@{}ms", time.ms);
  const auto instant = std::chrono::sys_time<Duration>(Duration(time.ms));
  const auto midnight = std::chrono::floor<std::chrono::days>(instant);
  const year_month_day date(midnight);
  const int64_t ms = (instant - midnight).count();
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     ms / kMsPerHour, ms / kMsPerMinute % 60, ms / kMsPerSecond % 60,
                     ms % kMsPerSecond);
}

StatusOr<EventTime> ParseTime(std::string_view text) {
  Scanner scanner(text);
  const auto year = scanner.Digits(4);
  if (!year || !scanner.Skip('-')) return BadTime(text, "no four-digit year");
  const auto month = scanner.Digits(2);
  if (!month || !scanner.Skip('-')) return BadTime(text, "no two-digit month");
  const auto day = scanner.Digits(2);
  if (!day) return BadTime(text, "no two-digit day");
  if (!scanner.SkipEither('T', 't')) return BadTime(text, "no 'T' after the date");
  const auto hour = scanner.Digits(2);
  if (!hour || !scanner.Skip(':')) return BadTime(text, "no two-digit hour");
  const auto minute = scanner.Digits(2);
  if (!minute || !scanner.Skip(':')) return BadTime(text, "no two-digit minute");
  const auto second = scanner.Digits(2);
  if (!second) return BadTime(text, "no two-digit second");

  int ms = 0;
  if (scanner.Skip('.')) {
    const auto fraction = scanner.Fraction();
    if (!fraction) return BadTime(text, "no digits after the decimal point");
    ms = *fraction;
  }

  int64_t offset_minutes = 0;
  if (!scanner.SkipEither('Z', 'z')) {
    const bool east = scanner.Skip('+');
    if (!east && !scanner.Skip('-')) return BadTime(text, "no zone ('Z' or an offset)");
    const auto offset_hour = scanner.Digits(2);
    if (!offset_hour || !scanner.Skip(':')) return BadTime(text, "the zone offset is not ±HH:MM");
    const auto offset_minute = scanner.Digits(2);
    if (!offset_minute) return BadTime(text, "the zone offset is not ±HH:MM");
    if (*offset_hour > 23 || *offset_minute > 59) return BadTime(text, "no such zone offset");
    offset_minutes = (*offset_hour * 60 + *offset_minute) * (east ? 1 : -1);
  }
  if (!scanner.at_end()) return BadTime(text, "something follows the zone");

  const year_month_day date(std::chrono::year(*year),
                            std::chrono::month(static_cast<unsigned>(*month)),
                            std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return BadTime(text, "no such date");
  // A leap second (:60) is read as the first second of the next minute, as POSIX counts.
  if (*hour > 23 || *minute > 59 || *second > 60) return BadTime(text, "no such time of day");

  const int64_t days = sys_days(date).time_since_epoch().count();
  return EventTime{days * kMsPerDay + *hour * kMsPerHour +
                   (*minute - offset_minutes) * kMsPerMinute + *second * kMsPerSecond + ms};
}

StatusOr<Duration> ParseDuration(std::string_view text) {
  if (text.empty()) return BadDuration(text, "empty");
  int64_t total = 0;
  int64_t previous_unit = EventTime::Max().ms;
  for (std::string_view rest = text; !rest.empty();) {
    int64_t count = 0;
    size_t digits = 0;
    while (digits < rest.size() && rest[digits] >= '0' && rest[digits] <= '9') {
      if (__builtin_mul_overflow(count, 10, &count) ||
          __builtin_add_overflow(count, rest[digits] - '0', &count)) {
        return BadDuration(text, "too long");
      }
      ++digits;
    }
    if (digits == 0) return BadDuration(text, "a number is missing");
    rest.remove_prefix(digits);
    const Unit* unit = UnitAt(rest);
    if (unit == nullptr) return BadDuration(text, "no unit (w, d, h, m, s or ms)");
    if (unit->ms >= previous_unit) return BadDuration(text, "units do not go from large to small");
    previous_unit = unit->ms;
    rest.remove_prefix(unit->name.size());
    int64_t part = 0;
    if (__builtin_mul_overflow(count, unit->ms, &part) ||
        __builtin_add_overflow(total, part, &total)) {
      return BadDuration(text, "too long");
    }
  }
  return Duration(total);
}

std::string FormatDuration(Duration duration) {
  if (duration.count() == 0) return "0s";
  std::string text = duration.count() < 0 ? "-" : "";
  // Unsigned, so that the smallest value has a magnitude.
  uint64_t rest = static_cast<uint64_t>(duration.count());
  if (duration.count() < 0) rest = 0 - rest;
  constexpr std::array<Unit, 5> kPrinted{
      {{"d", kMsPerDay}, {"h", kMsPerHour}, {"m", kMsPerMinute}, {"s", kMsPerSecond}, {"ms", 1}}};
  for (const Unit& unit : kPrinted) {
    const auto unit_ms = static_cast<uint64_t>(unit.ms);
    if (rest >= unit_ms) text += fmt::format("{}{}", rest / unit_ms, unit.name);
    rest %= unit_ms;
  }
  return text;
}

}  // namespace spotter
