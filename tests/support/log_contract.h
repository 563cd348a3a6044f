// SPDX-License-Identifier: Apache-2.0
//
// What log.h promises, for every implementation: include this, then
//   INSTANTIATE_TEST_SUITE_P(Mine, LogContract, ::testing::Values(LogMaker(MakeMine)));
// where MakeMine gives a fresh, empty log that takes records of 3 MB.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "log/log.h"

namespace spotter::log {

using LogMaker = std::function<std::shared_ptr<Log>()>;

class LogContract : public ::testing::TestWithParam<LogMaker> {
 protected:
  LogContract() : log_(GetParam()()) {}

  std::vector<Offset> Append(const std::vector<std::string>& payloads) {
    const std::vector<std::string_view> views(payloads.begin(), payloads.end());
    StatusOr<std::vector<Offset>> offsets = log_->Append(views);
    EXPECT_TRUE(offsets.ok()) << offsets.status();
    if (!offsets.ok()) return {};
    if (!offsets->empty()) {
      EXPECT_TRUE(log_->WaitDurable(offsets->back()).ok());
    }
    return *offsets;
  }

  // The first `count` records from `from` on.
  std::vector<Record> ReadFrom(Offset from, size_t count) {
    std::vector<Record> records;
    while (records.size() < count) {
      const Offset next = records.empty() ? from : records.back().offset + 1;
      if (!log_->WaitReadable(next, Seconds(20))) break;
      const Status read = log_->Read(next, count - records.size(), 64u << 20, records);
      EXPECT_TRUE(read.ok()) << read;
      if (!read.ok()) break;
    }
    EXPECT_EQ(records.size(), count);
    return records;
  }

  // How many records one call gives, once `from` is readable.
  size_t CountOfOneRead(Offset from, size_t max_records, size_t max_bytes) {
    std::vector<Record> records;
    EXPECT_TRUE(log_->Read(from, max_records, max_bytes, records).ok());
    return records.size();
  }

  std::shared_ptr<Log> log_;
};

TEST_P(LogContract, IsEmptyAtFirst) {
  EXPECT_EQ(log_->start(), 0);
  EXPECT_EQ(log_->end(), 0);
  EXPECT_EQ(log_->durable_end(), 0);
  EXPECT_FALSE(log_->WaitReadable(0, Duration(10)));
  EXPECT_EQ(CountOfOneRead(0, 10, 1000), 0u);
  EXPECT_TRUE(Append({}).empty());
  EXPECT_FALSE(log_->WaitDurable(0).ok()) << "a record that nobody appended";
}

TEST_P(LogContract, GivesBackWhatWasAppendedInOrder) {
  EXPECT_EQ(Append({"a", "", "c"}), (std::vector<Offset>{0, 1, 2}));
  EXPECT_EQ(Append({std::string(3'000'000, 'x')}), std::vector<Offset>{3});
  EXPECT_EQ(log_->end(), 4);
  EXPECT_EQ(log_->durable_end(), 4);
  const std::vector<Record> records = ReadFrom(0, 4);
  ASSERT_EQ(records.size(), 4u);
  EXPECT_EQ(records[0].payload, "a");
  EXPECT_EQ(records[1].payload, "");
  EXPECT_EQ(records[2].payload, "c");
  EXPECT_EQ(records[3].payload, std::string(3'000'000, 'x'));
  for (size_t i = 0; i < records.size(); ++i) {
    EXPECT_EQ(records[i].offset, static_cast<Offset>(i));
    EXPECT_GT(records[i].append_time.ms, 0);
    if (i > 0) {
      EXPECT_GE(records[i].append_time, records[i - 1].append_time);
    }
  }
}

TEST_P(LogContract, ReadsFromAnyOffset) {
  Append({"a", "b", "c", "d"});
  for (const Offset from : {2, 0, 3, 1}) {
    const std::vector<Record> records = ReadFrom(from, 1);
    ASSERT_EQ(records.size(), 1u);
    EXPECT_EQ(records[0].offset, from);
    EXPECT_EQ(records[0].payload, std::string(1, static_cast<char>('a' + from)));
  }
}

TEST_P(LogContract, HonoursTheLimitsOfARead) {
  Append({"aaaa", "bbbb", "cccc"});
  (void)ReadFrom(0, 3);  // all of it has arrived
  struct Case {
    size_t max_records, max_bytes, at_most;
  };
  constexpr Case kCases[] = {{10, 1000, 3}, {2, 1000, 2}, {10, 8, 2}, {10, 1, 1}};
  for (const Case& c : kCases) {
    ASSERT_TRUE(log_->WaitReadable(0, Seconds(20)));
    const size_t count = CountOfOneRead(0, c.max_records, c.max_bytes);
    EXPECT_GE(count, 1u);
    EXPECT_LE(count, c.at_most) << c.max_records << " " << c.max_bytes;
  }
  EXPECT_EQ(CountOfOneRead(0, 0, 1000), 0u);
}

TEST_P(LogContract, RefusesOffsetsBeyondItsEnd) {
  Append({"a", "b"});
  EXPECT_EQ(CountOfOneRead(2, 10, 1000), 0u);
  std::vector<Record> records;
  EXPECT_EQ(log_->Read(3, 10, 1000, records).code(), StatusCode::kFailedPrecondition);
  EXPECT_TRUE(records.empty());
}

TEST_P(LogContract, WakesAReader) {
  EXPECT_FALSE(log_->WaitReadable(0, Duration(0)));
  std::thread appender([&] { EXPECT_TRUE(AppendDurable(*log_, "a").ok()); });
  EXPECT_TRUE(log_->WaitReadable(0, Minutes(1)));
  appender.join();
}

TEST_P(LogContract, KeepsTheOrderOfEachAppenderAmongMany) {
  constexpr int kAppenders = 8, kGroups = 25, kGroupSize = 3;
  std::mutex mutex;
  std::map<Offset, std::string> appended;
  std::vector<std::thread> appenders;
  for (int appender = 0; appender < kAppenders; ++appender) {
    appenders.emplace_back([&, appender] {
      for (int group = 0; group < kGroups; ++group) {
        std::vector<std::string> payloads;
        for (int i = 0; i < kGroupSize; ++i) {
          payloads.push_back(fmt::format("{}/{:03}/{}", appender, group, i));
        }
        const std::vector<Offset> offsets = Append(payloads);
        ASSERT_EQ(offsets.size(), payloads.size());
        const std::lock_guard lock(mutex);
        for (size_t i = 0; i < payloads.size(); ++i) appended[offsets[i]] = payloads[i];
      }
    });
  }
  for (std::thread& appender : appenders) appender.join();
  constexpr size_t kCount = kAppenders * kGroups * kGroupSize;
  ASSERT_EQ(appended.size(), kCount) << "an offset was given twice";

  std::map<char, std::string> last;  // of each appender
  for (const Record& record : ReadFrom(0, kCount)) {
    EXPECT_EQ(record.payload, appended[record.offset]) << record.offset;
    std::string& before = last[record.payload[0]];
    EXPECT_LT(before, record.payload);
    before = record.payload;
  }
}

}  // namespace spotter::log
