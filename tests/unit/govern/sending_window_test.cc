// SPDX-License-Identifier: Apache-2.0
// mission: C76 X34 (quiet hours and calendar weeks are the member's)
#include <gtest/gtest.h>

#include "govern/decide_proposal.h"
#include "host_zone.h"

namespace spotter::govern {
namespace {

model::TenantSettings Quiet(int from_minute, int until_minute) {
  model::TenantSettings settings;
  settings.quiet_from_minute = from_minute;
  settings.quiet_until_minute = until_minute;
  return settings;
}

struct Row {
  const char* name;
  const char* zone;
  int from, until;  // quiet, minutes
  const char* now;
  const char* not_before;
  const char* not_after;
};

TEST(NextWindow, Table) {
  constexpr int k21 = 21 * 60;
  constexpr int k9 = 9 * 60;
  const Row table[] = {
      {"in the open", "UTC", k21, k9, "2026-11-22T14:00:00Z", "2026-11-22T14:00:00Z",
       "2026-11-22T21:00:00Z"},
      {"the last open millisecond", "UTC", k21, k9, "2026-11-22T20:59:59.999Z",
       "2026-11-22T20:59:59.999Z", "2026-11-22T21:00:00Z"},
      {"quiet begins", "UTC", k21, k9, "2026-11-22T21:00:00Z", "2026-11-23T09:00:00Z",
       "2026-11-23T21:00:00Z"},
      {"after midnight", "UTC", k21, k9, "2026-11-22T03:00:00Z", "2026-11-22T09:00:00Z",
       "2026-11-22T21:00:00Z"},
      {"the last quiet millisecond", "UTC", k21, k9, "2026-11-22T08:59:59.999Z",
       "2026-11-22T09:00:00Z", "2026-11-22T21:00:00Z"},
      {"quiet ends", "UTC", k21, k9, "2026-11-22T09:00:00Z", "2026-11-22T09:00:00Z",
       "2026-11-22T21:00:00Z"},
      {"the member's evening", "America/New_York", k21, k9, "2026-11-22T02:30:00Z",
       "2026-11-22T14:00:00Z", "2026-11-23T02:00:00Z"},
      {"quiet within one day", "UTC", 0, 6 * 60, "2026-11-22T05:00:00Z", "2026-11-22T06:00:00Z",
       "2026-11-23T00:00:00Z"},
      {"quiet at noon, open over midnight", "UTC", 12 * 60, 14 * 60, "2026-11-22T02:00:00Z",
       "2026-11-22T02:00:00Z", "2026-11-22T12:00:00Z"},
      {"no quiet hours", "UTC", k9, k9, "2026-11-22T02:00:00Z", "2026-11-22T02:00:00Z", "never"},
      // Nights on which the clock shifts: the end of quiet hours is the wall's, not 12 hours later.
      {"spring night", "America/New_York", k21, k9, "2026-03-08T02:00:00Z", "2026-03-08T13:00:00Z",
       "2026-03-09T01:00:00Z"},
      {"autumn night", "America/New_York", k21, k9, "2026-11-01T01:00:00Z", "2026-11-01T14:00:00Z",
       "2026-11-02T02:00:00Z"},
      {"quiet ends in a gap", "America/New_York", k21, 150, "2026-03-08T06:00:00Z",
       "2026-03-08T07:00:00Z", "2026-03-09T01:00:00Z"},
      {"quiet begins in a gap", "America/New_York", 150, k9, "2026-03-08T06:00:00Z",
       "2026-03-08T06:00:00Z", "2026-03-08T07:00:00Z"},
      // A doubled hour: quiet hours last to the later reading and begin with the earlier.
      {"quiet ends in an overlap", "America/New_York", k21, 90, "2026-11-01T05:45:00Z",
       "2026-11-01T06:30:00Z", "2026-11-02T02:00:00Z"},
      {"quiet begins in an overlap", "America/New_York", 90, k9, "2026-11-01T05:00:00Z",
       "2026-11-01T05:00:00Z", "2026-11-01T05:30:00Z"},
      {"a window lost in a gap", "America/New_York", 180, 120, "2026-03-08T06:30:00Z",
       "2026-03-09T06:00:00Z", "2026-03-09T07:00:00Z"},
  };
  for (const Row& row : table) {
    const Window window = NextWindow(Quiet(row.from, row.until), HostZone(row.zone), At(row.now));
    EXPECT_EQ(FormatTime(window.not_before), FormatTime(At(row.not_before))) << row.name;
    const EventTime until =
        row.not_after == std::string_view("never") ? EventTime::Max() : At(row.not_after);
    EXPECT_EQ(FormatTime(window.not_after), FormatTime(until)) << row.name;
  }
}

// Over a year, every three quarters of an hour: a window holds no quiet wall time, lies at or after
// now, and waits no longer than it must.
TEST(NextWindow, HoldsNoQuietInstant) {
  for (const char* name : {"America/New_York", "Australia/Lord_Howe", "Europe/Berlin"}) {
    const Zone zone = HostZone(name);
    for (const auto& [from, until] : {std::pair(21 * 60, 9 * 60), {90, 150}, {150, 90}, {0, 120}}) {
      const model::TenantSettings settings = Quiet(from, until);
      auto is_quiet = [&, from = from, until = until](EventTime time) {
        const LocalTime local = zone.ToLocal(time);
        const int minute = local.hour * 60 + local.minute;
        return from < until ? minute >= from && minute < until : minute >= from || minute < until;
      };
      for (EventTime now = At("2026-01-01T00:00:00Z"); now < At("2027-01-01T00:00:00Z");
           now = now + Minutes(45)) {
        const Window window = NextWindow(settings, zone, now);
        ASSERT_GE(window.not_before, now);
        ASSERT_LT(window.not_before, window.not_after);
        ASSERT_LT(window.not_before, now + Days(2));
        ASSERT_FALSE(is_quiet(window.not_before)) << name << FormatTime(now);
        ASSERT_FALSE(is_quiet({window.not_after.ms - 1})) << name << FormatTime(now);
      }
    }
  }
}

struct WeekRow {
  const char* zone;
  const char* time;
  const char* week;
};

// mission: X8
TEST(StartOfWeek, IsMondayZeroHoursOfTheMember) {
  const WeekRow table[] = {
      {"UTC", "2026-11-22T23:59:59.999Z", "2026-11-16T00:00:00Z"},
      {"UTC", "2026-11-23T00:00:00Z", "2026-11-23T00:00:00Z"},
      {"America/New_York", "2026-11-23T04:59:59.999Z", "2026-11-16T05:00:00Z"},
      {"America/New_York", "2026-11-23T05:00:00Z", "2026-11-23T05:00:00Z"},
      {"America/New_York", "2026-11-01T12:00:00Z", "2026-10-26T04:00:00Z"},  // a 169-hour week
      {"Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-22T23:00:00Z"},     // a 167-hour week
      {"UTC", "2027-01-01T12:00:00Z", "2026-12-28T00:00:00Z"},
  };
  for (const WeekRow& row : table) {
    EXPECT_EQ(FormatTime(StartOfWeek(HostZone(row.zone), At(row.time))), FormatTime(At(row.week)))
        << row.zone << " " << row.time;
  }
}

TEST(StartOfQuarter, IsTheFirstOfItsFirstMonth) {
  const Zone zone = HostZone("America/New_York");
  EXPECT_EQ(FormatTime(StartOfQuarter(zone, At("2026-11-22T00:00:00Z"))),
            "2026-10-01T04:00:00.000Z");
  EXPECT_EQ(FormatTime(StartOfQuarter(zone, At("2027-01-01T04:59:00Z"))),
            "2026-10-01T04:00:00.000Z");
  EXPECT_EQ(FormatTime(StartOfQuarter(zone, At("2027-01-01T05:00:00Z"))),
            "2027-01-01T05:00:00.000Z");
}

}  // namespace
}  // namespace spotter::govern
