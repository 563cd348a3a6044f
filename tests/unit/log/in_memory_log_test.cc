// SPDX-License-Identifier: Apache-2.0
#include "log/in_memory_log.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <thread>

namespace spotter::log {
namespace {

std::vector<std::string> PayloadsFrom(Log& log, Offset from) {
  std::vector<Record> records;
  EXPECT_TRUE(log.Read(from, 1000, 1u << 20, records).ok());
  std::vector<std::string> payloads;
  for (const Record& record : records) payloads.push_back(record.payload);
  return payloads;
}

StatusOr<std::vector<Offset>> AppendAll(Log& log, const std::vector<std::string>& payloads) {
  const std::vector<std::string_view> views(payloads.begin(), payloads.end());
  return log.Append(views);
}

TEST(InMemoryLog, GivesConsecutiveOffsets) {
  VirtualClock clock({1000});
  InMemoryLog log(clock);
  EXPECT_EQ(*AppendAll(log, {"a", "b"}), (std::vector<Offset>{0, 1}));
  EXPECT_EQ(*AppendAll(log, {}), std::vector<Offset>());
  EXPECT_EQ(*AppendDurable(log, "c"), 2);
  EXPECT_EQ(log.end(), 3);
  EXPECT_EQ(log.durable_end(), 3);
  EXPECT_EQ(PayloadsFrom(log, 1), (std::vector<std::string>{"b", "c"}));
}

TEST(InMemoryLog, ShowsOnlyWhatIsDurable) {
  VirtualClock clock({1000});
  InMemoryLog log(clock, /*auto_sync=*/false);
  ASSERT_TRUE(AppendAll(log, {"a"}).ok());
  EXPECT_EQ(log.WaitDurable(0).code(), StatusCode::kUnavailable);
  EXPECT_FALSE(log.WaitReadable(0, Duration(0)));
  EXPECT_TRUE(PayloadsFrom(log, 0).empty());
  log.Sync();
  EXPECT_TRUE(log.WaitDurable(0).ok());
  EXPECT_TRUE(log.WaitReadable(0, Duration(0)));
  EXPECT_EQ(PayloadsFrom(log, 0), (std::vector<std::string>{"a"}));
}

TEST(InMemoryLog, KeepsAPrefixOfTheUnsyncedAtACrash) {
  VirtualClock clock({1000});
  InMemoryLog log(clock, /*auto_sync=*/false);
  ASSERT_TRUE(AppendAll(log, {"a", "b"}).ok());
  log.Sync();
  ASSERT_TRUE(AppendAll(log, {"c", "d", "e"}).ok());
  log.LoseUnsynced(1);
  EXPECT_EQ(PayloadsFrom(log, 0), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(log.WaitDurable(4).code(), StatusCode::kUnavailable);
  EXPECT_EQ(*AppendAll(log, {"f"}), std::vector<Offset>{3});
}

TEST(InMemoryLog, NeverLetsAppendTimeFall) {
  class SteppingClock final : public Clock {
   public:
    EventTime Now() const override { return now; }
    EventTime now{5000};
  };
  SteppingClock clock;
  InMemoryLog log(clock);
  ASSERT_TRUE(AppendDurable(log, "a").ok());
  clock.now = {1000};
  ASSERT_TRUE(AppendDurable(log, "b").ok());
  ASSERT_TRUE(log.TrimBefore(2).ok());
  ASSERT_TRUE(AppendDurable(log, "c").ok());
  std::vector<Record> records;
  ASSERT_TRUE(log.Read(2, 10, 1000, records).ok());
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].append_time, EventTime{5000});
}

TEST(InMemoryLog, HonoursTheLimitsOfARead) {
  VirtualClock clock({1000});
  InMemoryLog log(clock);
  ASSERT_TRUE(AppendAll(log, {"aaaa", "bbbb", "cccc"}).ok());
  log.Sync();
  struct Case {
    size_t max_records, max_bytes, expected;
  };
  constexpr Case kCases[] = {{10, 1000, 3}, {2, 1000, 2}, {10, 8, 2}, {10, 1, 1}, {0, 1000, 0}};
  for (const Case& c : kCases) {
    std::vector<Record> records;
    ASSERT_TRUE(log.Read(0, c.max_records, c.max_bytes, records).ok());
    EXPECT_EQ(records.size(), c.expected) << c.max_records << " " << c.max_bytes;
  }
}

TEST(InMemoryLog, RefusesOffsetsItDoesNotHave) {
  VirtualClock clock({1000});
  InMemoryLog log(clock);
  ASSERT_TRUE(AppendAll(log, {"a", "b", "c"}).ok());
  log.Sync();
  ASSERT_TRUE(log.TrimBefore(2).ok());
  EXPECT_EQ(log.start(), 2);
  std::vector<Record> records;
  EXPECT_EQ(log.Read(1, 1, 1, records).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(log.Read(4, 1, 1, records).code(), StatusCode::kFailedPrecondition);
  EXPECT_TRUE(log.Read(3, 1, 1, records).ok());
  EXPECT_TRUE(records.empty());
}

TEST(InMemoryLog, WakesAReader) {
  VirtualClock clock({1000});
  InMemoryLog log(clock);
  std::thread appender([&] { EXPECT_TRUE(AppendDurable(log, "a").ok()); });
  EXPECT_TRUE(log.WaitReadable(0, Minutes(1)));
  appender.join();
}

}  // namespace
}  // namespace spotter::log
