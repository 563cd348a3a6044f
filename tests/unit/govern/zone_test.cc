// SPDX-License-Identifier: Apache-2.0
#include "govern/zone.h"

#include <cctz/time_zone.h>
#include <gtest/gtest.h>

#include <random>

#include "host_zone.h"

namespace spotter::govern {
namespace {

std::string Wall(const LocalTime& t) {
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", t.year, t.month, t.day, t.hour,
                     t.minute, t.second);
}

LocalTime Local(int year, int month, int day, int hour, int minute) {
  return {.year = year, .month = month, .day = day, .hour = hour, .minute = minute};
}

TEST(Zone, UtcIsTheSameClock) {
  const Zone utc = Zone::Utc();
  const LocalTime local = utc.ToLocal(At("2026-11-22T14:05:09.750Z"));
  EXPECT_EQ(Wall(local), "2026-11-22 14:05:09");
  EXPECT_EQ(local.weekday, 6);  // a Sunday
  EXPECT_EQ(utc.FromLocal(local), At("2026-11-22T14:05:09Z"));
}

TEST(Zone, TimesBefore1970RoundDown) {
  EXPECT_EQ(Wall(Zone::Utc().ToLocal({-1})), "1969-12-31 23:59:59");
}

TEST(Zone, FarTimesStayInRange) {
  const Zone zone = HostZone("America/New_York");
  EXPECT_EQ(zone.ToLocal(EventTime::Max()).year, 9999);
  EXPECT_EQ(zone.ToLocal(EventTime::Min()).year, 1);
  EXPECT_GT(zone.FromLocal({.year = 99999}), At("9998-01-01T00:00:00Z"));
}

TEST(Zone, FieldsOutsideTheirRangeCarry) {
  const Zone utc = Zone::Utc();
  EXPECT_EQ(utc.FromLocal(Local(2026, 2, 28 + 1, 24, 0)), At("2026-03-02T00:00:00Z"));
  EXPECT_EQ(utc.FromLocal(Local(2026, 1, 0, 0, 0)), At("2025-12-31T00:00:00Z"));
  EXPECT_EQ(utc.FromLocal(Local(2026, 13, 1, 0, 90)), At("2027-01-01T01:30:00Z"));
  EXPECT_EQ(utc.FromLocal(Local(2026, 0, 1, 0, 0)), At("2025-12-01T00:00:00Z"));
}

struct Shift {
  const char* zone;
  LocalTime wall;
  const char* first;
  const char* last;
};

// mission: C76
TEST(Zone, WallTimesOfShiftedClocks) {
  const Shift table[] = {
      // A gap: the instant at which it ends, whatever the minute.
      {"America/New_York", Local(2026, 3, 8, 2, 0), "2026-03-08T07:00:00Z", "2026-03-08T07:00:00Z"},
      {"America/New_York", Local(2026, 3, 8, 2, 59), "2026-03-08T07:00:00Z",
       "2026-03-08T07:00:00Z"},
      {"America/New_York", Local(2026, 3, 8, 1, 59), "2026-03-08T06:59:00Z",
       "2026-03-08T06:59:00Z"},
      {"America/New_York", Local(2026, 3, 8, 3, 0), "2026-03-08T07:00:00Z", "2026-03-08T07:00:00Z"},
      {"Europe/Berlin", Local(2026, 3, 29, 2, 30), "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z"},
      // An overlap: both.
      {"America/New_York", Local(2026, 11, 1, 1, 30), "2026-11-01T05:30:00Z",
       "2026-11-01T06:30:00Z"},
      {"America/New_York", Local(2026, 11, 1, 2, 0), "2026-11-01T07:00:00Z",
       "2026-11-01T07:00:00Z"},
      {"America/New_York", Local(2026, 11, 1, 0, 59), "2026-11-01T04:59:00Z",
       "2026-11-01T04:59:00Z"},
      {"Europe/Berlin", Local(2026, 10, 25, 2, 30), "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"},
      // Lord Howe Island shifts by half an hour.
      {"Australia/Lord_Howe", Local(2026, 10, 4, 2, 15), "2026-10-03T15:30:00Z",
       "2026-10-03T15:30:00Z"},
      {"Australia/Lord_Howe", Local(2026, 4, 5, 1, 45), "2026-04-04T14:45:00Z",
       "2026-04-04T15:15:00Z"},
      // Samoa left out a whole day.
      {"Pacific/Apia", Local(2011, 12, 30, 12, 0), "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z"},
      // After the last listed transition only the footer's rule speaks.
      {"America/New_York", Local(2099, 7, 1, 12, 0), "2099-07-01T16:00:00Z",
       "2099-07-01T16:00:00Z"},
      {"Australia/Lord_Howe", Local(2099, 1, 1, 12, 0), "2099-01-01T01:00:00Z",
       "2099-01-01T01:00:00Z"},
  };
  for (const Shift& shift : table) {
    const Zone zone = HostZone(shift.zone);
    EXPECT_EQ(FormatTime(zone.FromLocal(shift.wall)), FormatTime(At(shift.first)))
        << shift.zone << " " << Wall(shift.wall);
    EXPECT_EQ(FormatTime(zone.FromLocal(shift.wall, Occurrence::kLast)), FormatTime(At(shift.last)))
        << shift.zone << " " << Wall(shift.wall);
  }
}

class AgainstCctz : public testing::TestWithParam<const char*> {};

// Another implementation reads the same file: instants of four centuries and the hours around
// every change of the clock between 1950 and 2100, in both directions.
TEST_P(AgainstCctz, AgreesOnInstantsAndWallTimes) {
  cctz::time_zone oracle;
  ASSERT_TRUE(cctz::load_time_zone(GetParam(), &oracle));
  const Zone zone = HostZone(GetParam());

  std::vector<int64_t> instants;
  std::mt19937_64 random(7);
  std::uniform_int_distribution<int64_t> any(At("1800-01-01T00:00:00Z").ms / 1000,
                                             At("2200-01-01T00:00:00Z").ms / 1000);
  for (int i = 0; i < 5000; ++i) instants.push_back(any(random));
  auto at = std::chrono::time_point_cast<cctz::seconds>(
      std::chrono::system_clock::from_time_t(At("1950-01-01T00:00:00Z").ms / 1000));
  cctz::time_zone::civil_transition change;
  while (oracle.next_transition(at, &change)) {
    at = oracle.lookup(change.to).trans;
    const int64_t second = at.time_since_epoch().count();
    if (second > At("2100-01-01T00:00:00Z").ms / 1000) break;
    for (int64_t minutes = -180; minutes <= 180; minutes += 30) {
      for (const int64_t nudge : {-1, 0, 1}) instants.push_back(second + minutes * 60 + nudge);
    }
  }

  for (const int64_t instant : instants) {
    const auto civil =
        cctz::convert(cctz::time_point<cctz::seconds>(cctz::seconds(instant)), oracle);
    const LocalTime local = zone.ToLocal({instant * 1000});
    ASSERT_EQ(Wall(local),
              cctz::format("%E4Y-%m-%d %H:%M:%S",
                           cctz::time_point<cctz::seconds>(cctz::seconds(instant)), oracle));
    ASSERT_EQ(local.weekday, static_cast<int>(cctz::get_weekday(cctz::civil_day(civil))));
    // Back: the same wall time, read once as an instant of `oracle`'s choice.
    const auto lookup = oracle.lookup(civil);
    const int64_t first = lookup.pre.time_since_epoch().count();
    const int64_t last = lookup.post.time_since_epoch().count();
    ASSERT_EQ(zone.FromLocal(local).ms, first * 1000) << Wall(local);
    ASSERT_EQ(zone.FromLocal(local, Occurrence::kLast).ms, last * 1000) << Wall(local);
    // A wall time that this instant's clock may have skipped.
    LocalTime other = local;
    other.hour += 1;
    const auto ahead = oracle.lookup(civil + 3600);
    const bool skipped = ahead.kind == cctz::time_zone::civil_lookup::SKIPPED;
    ASSERT_EQ(zone.FromLocal(other).ms,
              (skipped ? ahead.trans : ahead.pre).time_since_epoch().count() * 1000);
  }
}

INSTANTIATE_TEST_SUITE_P(Zones, AgainstCctz,
                         testing::Values("America/New_York", "America/Los_Angeles", "Europe/Berlin",
                                         "Europe/Dublin", "Australia/Lord_Howe", "Asia/Kolkata",
                                         "America/Sao_Paulo", "America/Nuuk", "Africa/Casablanca",
                                         "Pacific/Apia", "Antarctica/Troll", "America/St_Johns"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::replace(name.begin(), name.end(), '/', '_');
                           return name;
                         });

// Every refusal names the zone and what was expected; nothing reads past the bytes.
TEST(Zone, RefusesWhatIsNotTzif) {
  const std::string good = HostRules("America/New_York");
  std::string no_magic = good;
  no_magic[0] = 'X';
  std::string bad_footer = good.substr(0, good.rfind("EST5")) + "EST5EDT,M13.2.0,M11.1.0\n";
  std::string no_footer = good.substr(0, good.size() - 1);
  for (const std::string& bytes :
       {std::string(), std::string("TZif"), no_magic, bad_footer, no_footer}) {
    const StatusOr<Zone> zone = Zone::FromRules("Mars/Olympus", bytes);
    ASSERT_FALSE(zone.ok());
    EXPECT_NE(MessageOf(zone.status()).find("zone 'Mars/Olympus'"), std::string::npos);
    EXPECT_NE(MessageOf(zone.status()).find("expected TZif bytes"), std::string::npos);
  }
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(Zone::FromRules("x", good.substr(0, size)).ok()) << size;
  }
}

TEST(Zone, FlippedBytesNeverCrash) {
  const std::string good = HostRules("Europe/Berlin");
  std::mt19937 random(1);
  for (int i = 0; i < 3000; ++i) {
    std::string bytes = good;
    bytes[random() % bytes.size()] = static_cast<char>(random() % 256);
    const StatusOr<Zone> zone = Zone::FromRules("x", bytes);
    if (zone.ok()) zone->FromLocal(zone->ToLocal(At("2026-11-22T00:00:00Z")));
  }
}

TEST(Zone, VersionOneHasNoFooter) {
  // One type, UTC+1, no transitions.
  std::string bytes = "TZif";
  bytes += std::string(16, '\0');
  for (const int count : {0, 0, 0, 0, 1, 4})
    bytes += std::string(3, '\0') + static_cast<char>(count);
  bytes += std::string("\0\0\x0E\x10\0\0", 6) + std::string("CET\0", 4);
  const StatusOr<Zone> zone = Zone::FromRules("one", bytes);
  ASSERT_TRUE(zone.ok()) << zone.status();
  EXPECT_EQ(Wall(zone->ToLocal(At("2026-11-22T23:30:00Z"))), "2026-11-23 00:30:00");
}

}  // namespace
}  // namespace spotter::govern
