// SPDX-License-Identifier: Apache-2.0
#include "govern/posix_rule.h"

#include <algorithm>
#include <chrono>
#include <limits>

namespace spotter::govern {

namespace {

constexpr int64_t kDaySeconds = 86400;

bool IsLeapYear(int year) { return std::chrono::year(year).is_leap(); }

int64_t DaysToYear(int year) {
  const std::chrono::sys_days first = std::chrono::year(year) / std::chrono::January / 1;
  return first.time_since_epoch().count();
}

int YearOf(int64_t seconds) {
  const auto day = std::chrono::floor<std::chrono::days>(
      std::chrono::sys_seconds(std::chrono::seconds(seconds)));
  return static_cast<int>(std::chrono::year_month_day(day).year());
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

}  // namespace

// Reads the text from left to right; `ok` turns false at the first surprise and stays so.
class PosixRule::Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}
  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }

  bool Skip(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void Expect(char c) { ok_ = Skip(c) && ok_; }

  // "EST" or "<+1030>"; at least three characters.
  void Name() {
    const bool quoted = Skip('<');
    size_t size = 0;
    while (size < rest_.size() && IsNameChar(rest_[size], quoted)) ++size;
    ok_ = ok_ && size >= 3;
    rest_.remove_prefix(size);
    if (quoted) Expect('>');
  }

  int Number(int least, int most) {
    int value = 0;
    size_t size = 0;
    while (size < rest_.size() && size < 4 && IsDigit(rest_[size])) {
      value = value * 10 + (rest_[size++] - '0');
    }
    ok_ = ok_ && size > 0 && value >= least && value <= most;
    rest_.remove_prefix(size);
    return value;
  }

  // [+-]hh[:mm[:ss]] in seconds.
  int32_t HoursMinutesSeconds(int hours_most) {
    const bool negative = Skip('-');
    if (!negative) Skip('+');
    int32_t seconds = Number(0, hours_most) * 3600;
    if (Skip(':')) seconds += Number(0, 59) * 60;
    if (Skip(':')) seconds += Number(0, 59);
    return negative ? -seconds : seconds;
  }

  bool StartsOffset() const {
    return !rest_.empty() &&
           (IsDigit(rest_.front()) || rest_.front() == '+' || rest_.front() == '-');
  }

  Change ReadChange() {
    Change change;
    if (Skip('M')) {
      change.month = Number(1, 12);
      Expect('.');
      change.week = Number(1, 5);
      Expect('.');
      change.weekday = Number(0, 6);
    } else if (Skip('J')) {
      change.form = Change::Form::kJulian;
      change.day = Number(1, 365);
    } else {
      change.form = Change::Form::kDayOfYear;
      change.day = Number(0, 365);
    }
    if (Skip('/')) change.second = HoursMinutesSeconds(167);
    return change;
  }

 private:
  static bool IsNameChar(char c, bool quoted) {
    return IsLetter(c) || (quoted && (IsDigit(c) || c == '+' || c == '-'));
  }

  std::string_view rest_;
  bool ok_ = true;
};

StatusOr<PosixRule> PosixRule::Parse(std::string_view text) {
  PosixRule rule;
  Reader reader(text);
  reader.Name();
  rule.offset_ = -reader.HoursMinutesSeconds(24);  // POSIX counts west of Greenwich
  if (!reader.at_end()) {
    Summer summer;
    reader.Name();
    summer.offset = rule.offset_ + 3600;
    if (reader.StartsOffset()) summer.offset = -reader.HoursMinutesSeconds(24);
    reader.Expect(',');
    summer.from = reader.ReadChange();
    reader.Expect(',');
    summer.until = reader.ReadChange();
    rule.summer_ = summer;
  }
  if (!reader.ok() || !reader.at_end()) {
    return InvalidArgument("'{}' is no POSIX TZ string, expected e.g. 'EST5EDT,M3.2.0,M11.1.0'",
                           text);
  }
  return rule;
}

int64_t PosixRule::Change::LocalSeconds(int year) const {
  int64_t days = DaysToYear(year);
  switch (form) {
    case Form::kDayOfYear:
      days += day;
      break;
    case Form::kJulian:  // counts from 1 and never February 29
      days += day - 1 + (IsLeapYear(year) && day >= 60 ? 1 : 0);
      break;
    case Form::kMonthWeekDay: {
      const auto in_month =
          std::chrono::year(year) / std::chrono::month(static_cast<unsigned>(month));
      const std::chrono::weekday wanted(static_cast<unsigned>(weekday));
      const std::chrono::sys_days date =
          week == 5 ? std::chrono::sys_days(in_month / wanted[std::chrono::last])
                    : std::chrono::sys_days(in_month / wanted[static_cast<unsigned>(week)]);
      days = date.time_since_epoch().count();
      break;
    }
  }
  return days * kDaySeconds + second;
}

int32_t PosixRule::OffsetAt(int64_t time) const {
  if (!summer_) return offset_;
  const int year = YearOf(time + offset_);
  // The latest change at or before `time`; a change can lie up to a week outside its year.
  int64_t latest = std::numeric_limits<int64_t>::min();
  int32_t offset = offset_;
  for (int y = year - 1; y <= year + 1; ++y) {
    const int64_t from = summer_->from.LocalSeconds(y) - offset_;
    const int64_t until = summer_->until.LocalSeconds(y) - summer_->offset;
    if (from <= time && from >= latest) {
      latest = from;
      offset = summer_->offset;
    }
    if (until <= time && until > latest) {
      latest = until;
      offset = offset_;
    }
  }
  return offset;
}

void PosixRule::Narrow(int64_t time, int64_t& from, int64_t& to) const {
  if (!summer_) return;
  const int year = YearOf(time + offset_);
  for (int y = year - 1; y <= year + 1; ++y) {
    for (const int64_t change : {summer_->from.LocalSeconds(y) - offset_,
                                 summer_->until.LocalSeconds(y) - summer_->offset}) {
      if (change <= time) from = std::max(from, change);
      if (change > time) to = std::min(to, change);
    }
  }
}

}  // namespace spotter::govern
