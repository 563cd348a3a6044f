// SPDX-License-Identifier: Apache-2.0
//
// Until when an offset holds, on the host's zones.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "govern/zone.h"

namespace spotter::govern {
namespace {

EventTime At(std::string_view text) { return ParseTime(text).value(); }

Zone HostZone(const std::string& name) {
  std::ifstream file("/usr/share/zoneinfo/" + name, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return Zone::FromRules(name, bytes.str()).value();
}

// mission: C76
TEST(ZoneOffset, HoldsUntilTheClocksChange) {
  struct Case {
    const char* zone;
    const char* at;
    int32_t seconds;
    const char* from;
    const char* to;
  };
  const Case cases[] = {
      {"Europe/Berlin", "2026-03-29T00:59:59.999Z", 3600, "2025-10-26T01:00:00Z",
       "2026-03-29T01:00:00Z"},
      {"Europe/Berlin", "2026-03-29T01:00:00Z", 7200, "2026-03-29T01:00:00Z",
       "2026-10-25T01:00:00Z"},
      // After the last listed change the rule speaks.
      {"America/New_York", "2080-07-01T00:00:00Z", -14400, "2080-03-10T07:00:00Z",
       "2080-11-03T06:00:00Z"},
      {"Australia/Lord_Howe", "2026-01-01T00:00:00Z", 39600, "2025-10-04T15:30:00Z",
       "2026-04-04T15:00:00Z"},
      // A day that was left out.
      {"Pacific/Apia", "2011-12-30T09:59:59Z", -36000, "2011-09-24T14:00:00Z",
       "2011-12-30T10:00:00Z"},
  };
  for (const Case& c : cases) {
    const Zone::Offset offset = HostZone(c.zone).OffsetAt(At(c.at));
    EXPECT_EQ(offset.seconds, c.seconds) << c.zone << c.at;
    EXPECT_EQ(FormatTime(offset.from), FormatTime(At(c.from))) << c.zone << c.at;
    EXPECT_EQ(FormatTime(offset.to), FormatTime(At(c.to))) << c.zone << c.at;
  }
  const Zone::Offset kolkata = HostZone("Asia/Kolkata").OffsetAt(At("2026-01-01T00:00:00Z"));
  EXPECT_EQ(kolkata.seconds, 19800);
  EXPECT_EQ(kolkata.to, EventTime::Max());
  EXPECT_EQ(Zone::Utc().OffsetAt(At("2026-01-01T00:00:00Z")).from, EventTime::Min());
}

// The spans of four centuries follow each other, and in each the wall clock runs with the instants.
TEST(ZoneOffset, SpansFollowEachOther) {
  for (const char* name : {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe",
                           "Africa/Casablanca", "Pacific/Apia", "Asia/Kolkata", "UTC"}) {
    const Zone zone = HostZone(name);
    EventTime at = At("1800-01-01T00:00:00Z");
    const EventTime end = At("2200-01-01T00:00:00Z");
    while (at < end) {
      const Zone::Offset offset = zone.OffsetAt(at);
      ASSERT_LE(offset.from, at) << name;
      ASSERT_GT(offset.to, at) << name;
      if (offset.to == EventTime::Max()) break;
      EXPECT_EQ(zone.OffsetAt(offset.to - Duration(1)).seconds, offset.seconds) << name;
      EXPECT_NE(zone.OffsetAt(offset.to).seconds, offset.seconds) << name;
      EXPECT_EQ(zone.OffsetAt(offset.to).from, offset.to) << name;
      at = offset.to;
    }
  }
}

}  // namespace
}  // namespace spotter::govern
