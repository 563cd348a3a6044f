// SPDX-License-Identifier: Apache-2.0
//
// Damage that an operator has accepted: skipped offsets, and what lies below a restored snapshot.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/log_message.h"
#include "log_local/local_log.h"

namespace spotter::log_local {
namespace {

using log::Offset;
using ::testing::AllOf;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

class AcceptedDamageTest : public ::testing::Test {
 protected:
  AcceptedDamageTest() {
    SetLogLevel(LogLevel::kError);
    std::string name = (fs::temp_directory_path() / "log_local_XXXXXX").string();
    root_ = ::mkdtemp(name.data());
    options_.directory = root_ / "log";
  }
  ~AcceptedDamageTest() override { fs::remove_all(root_); }

  // Records "r0" to "r9"; all frames have one size.
  void Write() {
    const auto log = Open();
    ASSERT_TRUE(log.ok()) << log.status();
    for (int i = 0; i < 10; ++i) {
      ASSERT_TRUE(AppendDurable(**log, fmt::format("r{}", i)).ok());
    }
  }
  StatusOr<std::unique_ptr<LocalLog>> Open() { return LocalLog::Open(options_, clock_); }
  fs::path FileOf(Offset first) const {
    return fs::path(options_.directory) / fmt::format("{:020}.log", first);
  }
  // Flips a bit of the n-th record of a file: of its payload, or of its length.
  void Flip(Offset file, int record, bool length = false) {
    std::fstream stream(FileOf(file), std::ios::in | std::ios::out | std::ios::binary);
    const int at = record * kFrame + (length ? 1 : kFrame - 1);
    stream.seekg(at);
    const int byte = stream.get();
    stream.seekp(at);
    stream.put(static_cast<char>(byte ^ 4));
  }
  static std::string Payloads(log::Log& log, Offset from = 0, size_t batch = 1000) {
    std::string all;
    while (from < log.durable_end()) {
      std::vector<log::Record> records;
      const Status read = log.Read(from, batch, 1 << 20, records);
      if (!read.ok()) return std::string(MessageOf(read));
      for (const log::Record& record : records) {
        EXPECT_EQ(from++, record.offset);
        EXPECT_NE(0, record.append_time.ms);
        all += record.payload.empty() ? "-" : record.payload;
      }
    }
    return all;
  }

  static constexpr int kFrame = static_cast<int>(kFrameHeaderBytes) + 2;
  fs::path root_;
  Options options_;
  VirtualClock clock_{{1'000'000}};
};

TEST_F(AcceptedDamageTest, ASkippedRecordReadsAsAnEmptyOneAndNothingElseIsLost) {
  for (const bool length : {false, true}) {
    fs::remove_all(options_.directory);
    options_.accepted = {};
    Write();
    Flip(0, 4, length);
    const Status refused = Open().status();
    EXPECT_EQ(StatusCode::kDataLoss, refused.code());
    EXPECT_THAT(refused.ToString(),
                AllOf(HasSubstr(FileOf(0).string()), HasSubstr("offset 4"), HasSubstr("byte 104")));
    options_.accepted.skips = {4};
    for (const size_t batch : {1, 3, 1000}) {
      const auto log = Open();
      ASSERT_TRUE(log.ok()) << log.status();
      EXPECT_EQ("r0r1r2r3-r5r6r7r8r9", Payloads(**log, 0, batch));
      EXPECT_EQ("-r5r6r7r8r9", Payloads(**log, 4));
      EXPECT_EQ("r5r6r7r8r9", Payloads(**log, 5));
      EXPECT_EQ(1, (*log)->repair().records_lost);
    }
  }
}

TEST_F(AcceptedDamageTest, EachDamagedRecordMustBeAccepted) {
  Write();
  Flip(0, 3);
  Flip(0, 4, true);
  Flip(0, 7);
  options_.accepted.skips = {3};
  EXPECT_EQ(StatusCode::kDataLoss, Open().status().code());
  options_.accepted.skips = {3, 4};
  EXPECT_THAT(Open().status().ToString(), HasSubstr("offset 7"));
  options_.accepted.skips = {3, 4, 7};
  EXPECT_EQ("r0r1r2--r5r6-r8r9", Payloads(**Open()));
}

TEST_F(AcceptedDamageTest, BelowWhatIsNeededDamageIsPassedOver) {
  Write();
  Flip(0, 2);
  options_.stored_offset = 8;
  options_.accepted.needed_from = 2;
  EXPECT_EQ(StatusCode::kDataLoss, Open().status().code()) << "the record at 2 is still needed";
  options_.accepted.needed_from = 3;
  const auto log = Open();
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_EQ("r3r4r5r6r7r8r9", Payloads(**log, 3));
  EXPECT_EQ(10, *AppendDurable(**log, "ra"));
}

TEST_F(AcceptedDamageTest, ATornTailBelowTheStoredOffsetIsNeverAccepted) {
  Write();
  Flip(0, 9);
  options_.stored_offset = 10;
  options_.accepted = {.skips = {9}, .needed_from = 10};
  EXPECT_EQ(StatusCode::kDataLoss, Open().status().code());
}

TEST_F(AcceptedDamageTest, InAnOlderSegmentTooAtItsEndAsWell) {
  options_.segment_bytes_max = 3 * kFrame;
  Write();
  Flip(3, 2);  // the record at 5, the last of its file
  EXPECT_THAT(Payloads(**Open()), AllOf(HasSubstr(FileOf(3).string()), HasSubstr("offset 5")));
  options_.accepted.skips = {5};
  EXPECT_EQ("r0r1r2r3r4-r6r7r8r9", Payloads(**Open()));
  EXPECT_EQ("-r6r7r8r9", Payloads(**Open(), 5));
}

TEST_F(AcceptedDamageTest, ASkippedRecordThatIsWholeIsRead) {
  Write();
  options_.accepted.skips = {4};
  EXPECT_EQ("r0r1r2r3r4r5r6r7r8r9", Payloads(**Open()));
}

}  // namespace
}  // namespace spotter::log_local
