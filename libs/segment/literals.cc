// SPDX-License-Identifier: Apache-2.0
#include "segment/literals.h"

#include <array>

namespace spotter::segment {
namespace {

struct Unit {
  std::string_view name;
  int64_t ms;
};
constexpr std::array<Unit, 4> kUnits = {{{"ms", 1}, {"h", 3600000}, {"m", 60000}, {"s", 1000}}};
constexpr int64_t kDurationMax = 315576000000000;  // CEL's 10,000 years

Status BadDuration(std::string_view text, std::string_view why) {
  return InvalidArgument("duration '{}': {}, expected for example 1h30m or 90s; days are days(14)",
                         text.substr(0, 64), why);
}

const Unit* TakeUnit(std::string_view& rest) {
  for (const Unit& unit : kUnits) {
    if (!rest.starts_with(unit.name)) continue;
    rest.remove_prefix(unit.name.size());
    return &unit;
  }
  return nullptr;
}

// Digits as a number below 10^15, and how many there were; -1 for more.
struct Digits {
  int64_t value = 0;
  int64_t scale = 1;  // 10 to their number
  bool is_too_long = false;
  bool is_empty = true;
};
Digits TakeDigits(std::string_view& rest) {
  constexpr int64_t kScaleMax = 1000000000000000;
  Digits digits;
  for (; !rest.empty() && rest.front() >= '0' && rest.front() <= '9'; rest.remove_prefix(1)) {
    digits.is_empty = false;
    digits.is_too_long = digits.is_too_long || digits.scale >= kScaleMax;
    if (digits.is_too_long) continue;
    digits.value = digits.value * 10 + (rest.front() - '0');
    digits.scale *= 10;
  }
  return digits;
}

}  // namespace

StatusOr<EventTime> ParseTimestampText(std::string_view text) {
  SPOTTER_ASSIGN_OR_RETURN(const EventTime time, ParseTime(text));
  constexpr int64_t kFirst = -62135596800000;  // 0001-01-01T00:00:00Z
  constexpr int64_t kLast = 253402300799999;   // 9999-12-31T23:59:59.999Z
  if (time.ms < kFirst || time.ms > kLast) {
    return InvalidArgument("time '{}' is outside the years 1 to 9999", text);
  }
  return time;
}

StatusOr<Duration> ParseDurationText(std::string_view text) {
  std::string_view rest = text;
  const bool is_negative = rest.starts_with('-');
  if (is_negative || rest.starts_with('+')) rest.remove_prefix(1);
  if (rest == "0") return Duration(0);
  if (rest.empty()) return BadDuration(text, "it is empty");
  int64_t total = 0;
  while (!rest.empty()) {
    const Digits whole = TakeDigits(rest);
    Digits fraction;
    if (rest.starts_with('.')) {
      rest.remove_prefix(1);
      fraction = TakeDigits(rest);
    }
    if (whole.is_empty && fraction.is_empty) return BadDuration(text, "a number is missing");
    const Unit* unit = TakeUnit(rest);
    if (unit == nullptr) return BadDuration(text, "the unit is none of h, m, s, ms");
    int64_t ms = 0;
    int64_t parts = 0;
    if (whole.is_too_long || fraction.is_too_long ||
        __builtin_mul_overflow(whole.value, unit->ms, &ms) ||
        __builtin_mul_overflow(fraction.value, unit->ms, &parts) || ms > kDurationMax) {
      return BadDuration(text, "a number is too long");
    }
    if (parts % fraction.scale != 0) return BadDuration(text, "it is no whole millisecond");
    if (__builtin_add_overflow(total, ms + parts / fraction.scale, &total) ||
        total > kDurationMax) {
      return BadDuration(text, "it is over 10,000 years");
    }
  }
  return Duration(is_negative ? -total : total);
}

}  // namespace spotter::segment
