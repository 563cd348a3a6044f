// SPDX-License-Identifier: Apache-2.0
#include "intake/dead_letter_topic.h"

#include <gtest/gtest.h>

#include "intake/dead_letter_lines.h"
#include "log/in_memory_log.h"
#include "log/placement.h"

namespace spotter::intake {
namespace {

// A partition that takes records up to a size, as a topic does.
class SmallLog final : public log::Log {
 public:
  SmallLog(const Clock& clock, size_t record_bytes_max)
      : log_(clock), record_bytes_max_(record_bytes_max) {}
  StatusOr<std::vector<log::Offset>> Append(std::span<const std::string_view> payloads) override {
    for (const std::string_view payload : payloads) {
      if (payload.size() > record_bytes_max_) return InvalidArgument("too large");
    }
    return log_.Append(payloads);
  }
  Status WaitDurable(log::Offset offset) override { return log_.WaitDurable(offset); }
  Status Read(log::Offset from, size_t max_records, size_t max_bytes,
              std::vector<log::Record>& records) override {
    return log_.Read(from, max_records, max_bytes, records);
  }
  bool WaitReadable(log::Offset from, Duration timeout) override {
    return log_.WaitReadable(from, timeout);
  }
  log::Offset start() const override { return log_.start(); }
  log::Offset durable_end() const override { return log_.durable_end(); }
  log::Offset end() const override { return log_.end(); }
  Status TrimBefore(log::Offset offset) override { return log_.TrimBefore(offset); }

 private:
  log::InMemoryLog log_;
  const size_t record_bytes_max_;
};

class DeadLetterTopicTest : public testing::Test {
 protected:
  std::vector<DeadLetter> Kept(log::Log& partition) {
    std::vector<log::Record> records;
    EXPECT_TRUE(partition.Read(0, 1000, 64 << 20, records).ok());
    std::vector<DeadLetter> letters;
    for (const log::Record& record : records) {
      EXPECT_EQ(record.payload.find('\n'), std::string::npos);
      letters.push_back(ParseLine(record.payload)->letter);
    }
    return letters;
  }

  VirtualClock clock_{*ParseTime("2026-11-22T12:00:00Z")};
  std::vector<std::shared_ptr<log::Log>> partitions_ = {
      std::make_shared<SmallLog>(clock_, 200'000), std::make_shared<SmallLog>(clock_, 200'000)};
  DeadLetterTopic topic_{"spotter.deadletters", partitions_};
};

TEST_F(DeadLetterTopicTest, KeepsALetterWholeInThePartitionOfItsTenant) {
  const DeadLetter letter{.tenant = "studio",
                          .source = "square",
                          .reason = "malformed_json",
                          .detail = "found '<', expected an object",
                          .content_type = "application/json",
                          .received_at = clock_.Now(),
                          .origin = "studio.pos[3]@17",
                          .bytes = std::string("\0<html>\xff", 8)};
  const auto id = topic_.Add(letter);
  ASSERT_TRUE(id.ok()) << id.status();
  auto kept = Kept(*partitions_[static_cast<size_t>(log::ShardOf("studio", 2))]);
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(kept[0].id, *id);
  kept[0].id.clear();
  EXPECT_EQ(kept[0], letter);
  EXPECT_EQ(DeadLetterTopic::KeyOf(FormatLetter(letter)), "studio");
}

TEST_F(DeadLetterTopicTest, KeepsTheBeginningOfWhatTheTopicDoesNotTake) {
  std::vector<DeadLetter> letters(2, {.tenant = "studio", .reason = "x", .bytes = "short"});
  letters[1].bytes = std::string(1'000'000, 'y');
  ASSERT_TRUE(topic_.AddAll(letters).ok());
  const auto kept = Kept(*partitions_[static_cast<size_t>(log::ShardOf("studio", 2))]);
  ASSERT_EQ(kept.size(), 2u);
  EXPECT_EQ(kept[0].bytes, "short");
  EXPECT_EQ(kept[1].bytes, std::string(65'536, 'y'));
  EXPECT_EQ(kept[1].detail, " (the first 65536 of 1000000 bytes are kept)");
  EXPECT_EQ(kept[1].id, DeadLetterId(letters[1])) << "the id is of the whole bytes";
}

TEST_F(DeadLetterTopicTest, SaysWhereToLookInsteadOfListing) {
  const Status status = topic_.List("studio", "", 10, "").status();
  EXPECT_EQ(status.code(), StatusCode::kUnimplemented);
  EXPECT_NE(MessageOf(status).find("kcat"), std::string::npos) << status;
  EXPECT_EQ(topic_.Get("studio", "dlq_x").status().code(), StatusCode::kUnimplemented);
}

}  // namespace
}  // namespace spotter::intake
