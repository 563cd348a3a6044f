// SPDX-License-Identifier: Apache-2.0
#include "segment/literals.h"

#include <algorithm>
#include <array>

#include "base/time.h"
#include "segment/value.h"

namespace spotter::segment {
namespace {

constexpr int64_t kNanosPerMs = 1000000;

struct Unit {
  std::string_view name;
  int64_t nanos;
};
// "ms" before "m", which it begins with.
constexpr std::array<Unit, 7> kUnits = {{{"ms", kNanosPerMs},
                                         {"us", 1000},
                                         {"\u00b5s", 1000},
                                         {"ns", 1},
                                         {"h", 3600 * 1000 * kNanosPerMs},
                                         {"m", 60 * 1000 * kNanosPerMs},
                                         {"s", 1000 * kNanosPerMs}}};

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

// Digits as a number below 10^18, and 10 to how many there were.
struct Digits {
  int64_t value = 0;
  int64_t scale = 1;
  bool is_too_long = false;
  bool is_empty = true;
};
Digits TakeDigits(std::string_view& rest) {
  constexpr int64_t kScaleMax = 1000000000000000000;
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

// What follows the milliseconds in "…:00.123456789Z".
int64_t NanosOf(std::string_view text) {
  const size_t point = text.find('.');
  int64_t nanos = 0;
  int64_t scale = 100000;
  for (size_t at = point == std::string_view::npos ? text.size() : point + 4;
       at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, scale /= 10) {
    nanos += (text[at] - '0') * scale;
  }
  return nanos;
}

// ".5" of half a second, or nothing; `nanos` of a second.
std::string FractionText(int64_t nanos) {
  if (nanos == 0) return "";
  std::string text = fmt::format(".{:09}", nanos);
  text.erase(text.find_last_not_of('0') + 1);
  return text;
}

}  // namespace

StatusOr<FineTime> ParseTimestampText(std::string_view text) {
  SPOTTER_ASSIGN_OR_RETURN(const EventTime time, ParseTime(text));
  if (time.ms < kTimeMin || time.ms > kTimeMax) {
    return InvalidArgument("time '{}' is outside the years 1 to 9999", text);
  }
  return FineTime{.ms = time.ms, .nanos = NanosOf(text)};
}

StatusOr<FineTime> ParseDurationText(std::string_view text) {
  std::string_view rest = text;
  const bool is_negative = rest.starts_with('-');
  if (is_negative || rest.starts_with('+')) rest.remove_prefix(1);
  if (rest == "0") return FineTime{};
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
    if (unit == nullptr) return BadDuration(text, "the unit is none of h, m, s, ms, us, ns");
    // What is finer than a nanosecond is dropped.
    const auto parts =
        static_cast<int64_t>(static_cast<__int128>(fraction.value) * unit->nanos / fraction.scale);
    int64_t nanos = 0;
    if (whole.is_too_long || fraction.is_too_long) {
      return BadDuration(text, "a number is too long");
    }
    if (__builtin_mul_overflow(whole.value, unit->nanos, &nanos) ||
        __builtin_add_overflow(nanos, parts, &nanos) ||
        __builtin_add_overflow(total, nanos, &total) || total / kNanosPerMs > kDurationMax) {
      return BadDuration(text, "it is over 292 years");
    }
  }
  if (is_negative) total = -total;
  const int64_t nanos = (total % kNanosPerMs + kNanosPerMs) % kNanosPerMs;
  return FineTime{.ms = (total - nanos) / kNanosPerMs, .nanos = nanos};
}

std::string TimestampText(FineTime time) {
  std::string text = FormatTime(EventTime{time.ms});
  text.erase(text.size() - 5);  // ".000Z"
  const int64_t ms = (time.ms % 1000 + 1000) % 1000;
  return text + FractionText(ms * kNanosPerMs + time.nanos) + "Z";
}

std::string DurationText(FineTime span) {
  // As sign and magnitude, whose digits are those that are written.
  __int128 nanos = static_cast<__int128>(span.ms) * kNanosPerMs + span.nanos;
  const bool is_negative = nanos < 0;
  if (is_negative) nanos = -nanos;
  constexpr int64_t kNanosPerSecond = 1000 * kNanosPerMs;
  return fmt::format("{}{}{}s", is_negative ? "-" : "",
                     static_cast<int64_t>(nanos / kNanosPerSecond),
                     FractionText(static_cast<int64_t>(nanos % kNanosPerSecond)));
}

}  // namespace spotter::segment
