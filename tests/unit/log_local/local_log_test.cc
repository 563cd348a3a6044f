// SPDX-License-Identifier: Apache-2.0
#include "log_local/local_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "base/log_message.h"

namespace {
std::atomic<bool> fsync_fails = false;
std::atomic<bool> disk_is_full = false;
}  // namespace

// The test program's own versions of two system calls: disks that fail on demand.
extern "C" int fdatasync(int fd) {
  if (fsync_fails) {
    errno = EIO;
    return -1;
  }
  return ::fsync(fd);
}

extern "C" ssize_t pwrite(int fd, const void* bytes, size_t size, off_t position) {
  if (disk_is_full) {
    // A full disk takes the first bytes of a record and refuses the rest.
    if (size < 30) {
      errno = ENOSPC;
      return -1;
    }
    size = 20;
  }
  if (::lseek(fd, position, SEEK_SET) < 0) return -1;
  return ::write(fd, bytes, size);
}

namespace spotter::log_local {
namespace {

using log::Offset;
using log::Record;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
namespace fs = std::filesystem;

class LocalLogTest : public ::testing::Test {
 protected:
  LocalLogTest() {
    SetLogLevel(LogLevel::kError);
    std::string name = (fs::temp_directory_path() / "log_local_XXXXXX").string();
    root_ = ::mkdtemp(name.data());
    options_.directory = root_ / "log";
  }
  ~LocalLogTest() override {
    fsync_fails = false;
    disk_is_full = false;
    fs::remove_all(root_);
  }

  std::unique_ptr<LocalLog> Open() {
    StatusOr<std::unique_ptr<LocalLog>> log = LocalLog::Open(options_, clock_);
    EXPECT_TRUE(log.ok()) << log.status();
    return std::move(log).value();
  }
  Status OpenError() { return LocalLog::Open(options_, clock_).status(); }

  // A closed log of these payloads.
  void Write(const std::vector<std::string>& payloads) {
    const std::unique_ptr<LocalLog> log = Open();
    for (const std::string& payload : payloads) ASSERT_TRUE(AppendDurable(*log, payload).ok());
  }

  fs::path FileOf(Offset first) const {
    return fs::path(options_.directory) / fmt::format("{:020}.log", first);
  }
  std::string Content(const fs::path& path) const {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void Overwrite(const fs::path& path, std::string_view content) const {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
  }

  fs::path root_;
  Options options_;
  VirtualClock clock_{{1'000'000}};
};

Status ReadAll(log::Log& log, Offset from, std::vector<std::string>& payloads,
               size_t max_records = 1000) {
  while (from < log.durable_end()) {
    std::vector<Record> records;
    SPOTTER_RETURN_IF_ERROR(log.Read(from, max_records, 1u << 20, records));
    for (Record& record : records) {
      EXPECT_EQ(record.offset, from++);
      payloads.push_back(std::move(record.payload));
    }
  }
  return OkStatus();
}

std::vector<std::string> PayloadsOf(log::Log& log, Offset from = 0, size_t max_records = 1000) {
  std::vector<std::string> payloads;
  const Status status = ReadAll(log, from, payloads, max_records);
  EXPECT_TRUE(status.ok()) << status;
  return payloads;
}

std::vector<std::string> Numbered(int count) {
  std::vector<std::string> payloads;
  for (int i = 0; i < count; ++i) payloads.push_back(fmt::format("record {}", i));
  return payloads;
}

TEST_F(LocalLogTest, KeepsRecordsOverAReopen) {
  Write({"a", "", std::string(3'000'000, 'x')});
  const auto log = Open();
  EXPECT_EQ(log->start(), 0);
  EXPECT_EQ(log->end(), 3);
  EXPECT_EQ(log->durable_end(), 3);
  EXPECT_EQ(PayloadsOf(*log), (std::vector<std::string>{"a", "", std::string(3'000'000, 'x')}));
  EXPECT_EQ(*AppendDurable(*log, "b"), 3);
  EXPECT_EQ(PayloadsOf(*log, 3), (std::vector<std::string>{"b"}));
  EXPECT_EQ(log->repair().bytes_dropped, 0);
}

TEST_F(LocalLogTest, AppendsAGroupAtConsecutiveOffsets) {
  const auto log = Open();
  const std::vector<std::string_view> group{"a", "b", "c"};
  EXPECT_EQ(*log->Append(group), (std::vector<Offset>{0, 1, 2}));
  EXPECT_EQ(*log->Append({}), std::vector<Offset>());
  EXPECT_EQ(*log->Append(group), (std::vector<Offset>{3, 4, 5}));
  EXPECT_EQ(log->end(), 6);
  EXPECT_TRUE(log->WaitDurable(5).ok());
  EXPECT_EQ(PayloadsOf(*log, 2), (std::vector<std::string>{"c", "a", "b", "c"}));
  EXPECT_EQ(log->WaitDurable(6).code(), StatusCode::kFailedPrecondition);
}

TEST_F(LocalLogTest, RefusesARecordOverTheLimit) {
  options_.record_bytes_max = 10;
  const auto log = Open();
  const std::vector<std::string_view> group{"fits", "eleven bytes"};
  EXPECT_EQ(log->Append(group).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(log->end(), 0);
}

TEST_F(LocalLogTest, RefusesToReadWhatItDoesNotHave) {
  Write({"a"});
  const auto log = Open();
  std::vector<Record> records;
  EXPECT_TRUE(log->Read(1, 10, 100, records).ok());
  EXPECT_TRUE(records.empty());
  EXPECT_EQ(log->Read(-1, 10, 100, records).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(log->Read(2, 10, 100, records).code(), StatusCode::kFailedPrecondition);
}

TEST_F(LocalLogTest, HidesASmallStepBackOfTheClock) {
  Write({"a"});
  VirtualClock earlier({1'000'000 - 60'000});
  {
    auto log = LocalLog::Open(options_, earlier);
    ASSERT_TRUE(AppendDurable(**log, "b").ok());
  }
  clock_.AdvanceTo({2'000'000});
  const auto log = Open();
  ASSERT_TRUE(AppendDurable(*log, "c").ok());
  std::vector<Record> records;
  ASSERT_TRUE(log->Read(0, 10, 100, records).ok());
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[1].append_time, EventTime{1'000'000});
  EXPECT_EQ(records[2].append_time, EventTime{2'000'000});
}

// A clock that was years ahead for one record and was set right: the next records must not bear
// the wrong time too, or they confirm the jump to the shard and every timer there is fires.
TEST_F(LocalLogTest, FollowsAClockThatWasSetRight) {
  Write({"a"});
  VirtualClock wild({9'000'000'000'000});
  { ASSERT_TRUE(AppendDurable(**LocalLog::Open(options_, wild), "wild").ok()); }
  clock_.AdvanceTo({1'000'500});
  const auto log = Open();
  ASSERT_TRUE(AppendDurable(*log, "right").ok());
  std::vector<Record> records;
  ASSERT_TRUE(log->Read(1, 10, 100, records).ok());
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].append_time, EventTime{9'000'000'000'000});
  EXPECT_EQ(records[1].append_time, EventTime{1'000'500});
}

TEST_F(LocalLogTest, SharesFsyncsBetweenConcurrentAppenders) {
  const auto log = Open();
  constexpr int kThreads = 8;
  constexpr int kEach = 50;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        const StatusOr<Offset> offset = AppendDurable(*log, fmt::format("{}/{}", t, i));
        ASSERT_TRUE(offset.ok());
        ASSERT_LT(*offset, log->durable_end());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::vector<std::string> payloads = PayloadsOf(*log);
  EXPECT_EQ(payloads.size(), size_t{kThreads * kEach});
  EXPECT_EQ(std::set<std::string>(payloads.begin(), payloads.end()).size(), payloads.size());
  const size_t fsyncs = log->TakeFsyncSeconds().size();
  EXPECT_GT(fsyncs, 0u);
  EXPECT_LE(fsyncs, payloads.size());
  EXPECT_TRUE(log->TakeFsyncSeconds().empty());
}

TEST_F(LocalLogTest, WakesAReaderWhoFollowsAnAppender) {
  options_.segment_bytes_max = 2000;
  const auto log = Open();
  std::thread appender([&] {
    for (const std::string& payload : Numbered(500)) {
      ASSERT_TRUE(log->Append(std::array{std::string_view(payload)}).ok());
    }
  });
  std::vector<Record> records;
  while (records.size() < 500) {
    ASSERT_TRUE(log->WaitReadable(static_cast<Offset>(records.size()), Minutes(1)));
    ASSERT_TRUE(log->Read(static_cast<Offset>(records.size()), 7, 100'000, records).ok());
  }
  appender.join();
  for (size_t i = 0; i < records.size(); ++i) {
    EXPECT_EQ(records[i].payload, fmt::format("record {}", i));
  }
  EXPECT_FALSE(log->WaitReadable(500, Duration(1)));
}

TEST_F(LocalLogTest, RollsSegmentsBySizeAndReadsAcrossThem) {
  options_.segment_bytes_max = 100;
  Write(Numbered(20));
  EXPECT_TRUE(fs::exists(FileOf(0)));
  EXPECT_TRUE(fs::exists(FileOf(3)));
  const auto log = Open();
  EXPECT_EQ(PayloadsOf(*log), Numbered(20));
  EXPECT_EQ(PayloadsOf(*log, 0, 3), Numbered(20));
  for (const Offset from : {19, 4, 5, 0, 11}) {
    std::vector<Record> records;
    ASSERT_TRUE(log->Read(from, 1, 100, records).ok());
    ASSERT_EQ(records.size(), 1u);
    EXPECT_EQ(records[0].payload, fmt::format("record {}", from));
  }
}

TEST_F(LocalLogTest, RollsSegmentsByAge) {
  options_.segment_age_max = Days(1);
  const auto log = Open();
  ASSERT_TRUE(AppendDurable(*log, "a").ok());
  clock_.AdvanceTo(clock_.Now() + Hours(23));
  ASSERT_TRUE(AppendDurable(*log, "b").ok());
  clock_.AdvanceTo(clock_.Now() + Hours(1));
  ASSERT_TRUE(AppendDurable(*log, "c").ok());
  EXPECT_FALSE(fs::exists(FileOf(1)));
  EXPECT_TRUE(fs::exists(FileOf(2)));
}

TEST_F(LocalLogTest, TrimsByAgeAndNeverPastTheLimit) {
  options_.segment_bytes_max = 1;  // a record a segment
  options_.retention_age = Days(2);
  const auto log = Open();
  for (const std::string& payload : Numbered(6)) {
    ASSERT_TRUE(AppendDurable(*log, payload).ok());
    clock_.AdvanceTo(clock_.Now() + Days(1));
  }
  // Record n is 6 - n days old; its segment goes when record n + 1 is 2 days old.
  ASSERT_TRUE(log->TrimBefore(2).ok());
  EXPECT_EQ(log->start(), 2);
  EXPECT_FALSE(fs::exists(FileOf(1)));
  ASSERT_TRUE(log->TrimBefore(6).ok());
  EXPECT_EQ(log->start(), 4);
  std::vector<Record> records;
  EXPECT_EQ(log->Read(3, 1, 100, records).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(PayloadsOf(*log, 4), (std::vector<std::string>{"record 4", "record 5"}));
}

TEST_F(LocalLogTest, TrimsBySize) {
  options_.segment_bytes_max = 1;
  options_.retention_age = Duration(0);
  options_.retention_bytes = 70;  // two records of 32 bytes
  const auto log = Open();
  for (const std::string& payload : Numbered(6)) ASSERT_TRUE(AppendDurable(*log, payload).ok());
  ASSERT_TRUE(log->TrimBefore(6).ok());
  EXPECT_EQ(log->start(), 4);
}

TEST_F(LocalLogTest, KeepsEverythingWithoutRetention) {
  options_.segment_bytes_max = 1;
  options_.retention_age = Duration(0);
  const auto log = Open();
  for (const std::string& payload : Numbered(3)) ASSERT_TRUE(AppendDurable(*log, payload).ok());
  clock_.AdvanceTo(clock_.Now() + Days(1000));
  ASSERT_TRUE(log->TrimBefore(3).ok());
  EXPECT_EQ(log->start(), 0);
}

TEST_F(LocalLogTest, ReopensATrimmedLog) {
  options_.segment_bytes_max = 1;
  options_.retention_bytes = 1;
  {
    const auto log = Open();
    for (const std::string& payload : Numbered(4)) ASSERT_TRUE(AppendDurable(*log, payload).ok());
    ASSERT_TRUE(log->TrimBefore(4).ok());
  }
  const auto log = Open();
  EXPECT_EQ(log->start(), 3);
  EXPECT_EQ(log->end(), 4);
}

// --- A process that died in the middle of a write ---------------------------------------------

TEST_F(LocalLogTest, RepairsATailTornAtAnyByte) {
  Write(Numbered(5));
  const std::string whole = Content(FileOf(0));
  const size_t frame = whole.size() / 5;
  for (size_t size = 0; size < whole.size(); ++size) {
    Overwrite(FileOf(0), std::string_view(whole).substr(0, size));
    const auto log = Open();
    const size_t left = size / frame;
    EXPECT_EQ(PayloadsOf(*log), Numbered(static_cast<int>(left))) << size;
    EXPECT_EQ(log->repair().bytes_dropped, static_cast<int64_t>(size % frame)) << size;
    EXPECT_EQ(*AppendDurable(*log, "next"), static_cast<Offset>(left));
  }
}

TEST_F(LocalLogTest, RepairsATailOfZerosOrRubbish) {
  Write(Numbered(3));
  const std::string whole = Content(FileOf(0));
  for (const std::string& tail : {std::string(4096, '\0'), std::string(4096, '\xff'),
                                  std::string(100, 'x'), std::string(1, '\0')}) {
    Overwrite(FileOf(0), whole + tail);
    const auto log = Open();
    EXPECT_EQ(PayloadsOf(*log), Numbered(3));
    EXPECT_EQ(log->repair().bytes_dropped, static_cast<int64_t>(tail.size()));
    EXPECT_EQ(log->repair().file, FileOf(0));
  }
  EXPECT_EQ(Content(FileOf(0)), whole);
}

TEST_F(LocalLogTest, OpensWithAnEmptyLastSegment) {
  clock_.AdvanceTo({7'000'000});
  Write(Numbered(3));
  Overwrite(FileOf(3), "");
  VirtualClock earlier({6'999'000});
  auto log = LocalLog::Open(options_, earlier);
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_EQ(*AppendDurable(**log, "next"), 3);
  std::vector<Record> records;
  ASSERT_TRUE((*log)->Read(3, 1, 100, records).ok());
  EXPECT_EQ(records[0].append_time, EventTime{7'000'000});
}

// --- A disk that lies -------------------------------------------------------------------------

TEST_F(LocalLogTest, ReportsAnyBitFlippedBeforeAValidRecord) {
  Write(Numbered(4));
  const std::string whole = Content(FileOf(0));
  const size_t frame = whole.size() / 4;
  for (size_t bit = 0; bit < 3 * frame * 8; ++bit) {
    std::string flipped = whole;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    Overwrite(FileOf(0), flipped);
    const Status status = OpenError();
    ASSERT_EQ(status.code(), StatusCode::kDataLoss) << bit;
    const size_t damaged = bit / 8 / frame;
    EXPECT_THAT(status.ToString(),
                AllOf(HasSubstr(FileOf(0).string()),
                      HasSubstr(fmt::format("offset {} (byte {})", damaged, damaged * frame))));
    EXPECT_EQ(Content(FileOf(0)), flipped) << "a refused log is left as it was";
  }
}

TEST_F(LocalLogTest, TakesAFlipInTheLastRecordForATornTailOnlyAboveTheStoredOffset) {
  Write(Numbered(4));
  std::string flipped = Content(FileOf(0));
  flipped.back() = 'X';
  Overwrite(FileOf(0), flipped);
  options_.stored_offset = 4;
  EXPECT_THAT(OpenError().ToString(),
              AllOf(HasSubstr("DATA_LOSS"), HasSubstr("offset 3"), HasSubstr("stored offset 4")));
  EXPECT_EQ(Content(FileOf(0)), flipped);
  options_.stored_offset = 3;
  EXPECT_EQ(Open()->end(), 3);
}

TEST_F(LocalLogTest, ReportsALogThatEndsBelowTheStoredOffset) {
  Write(Numbered(4));
  options_.stored_offset = 5;
  EXPECT_THAT(OpenError().ToString(),
              AllOf(HasSubstr("DATA_LOSS"),
                    HasSubstr("the log ends at offset 4, below the stored offset 5")));
  fs::remove_all(options_.directory);
  EXPECT_EQ(OpenError().code(), StatusCode::kDataLoss) << "a log that was removed";
}

TEST_F(LocalLogTest, ReportsAFlipInAnOlderSegmentAtRead) {
  options_.segment_bytes_max = 100;
  Write(Numbered(9));
  const std::string whole = Content(FileOf(0));
  for (size_t bit = 0; bit < whole.size() * 8; bit += 5) {
    std::string flipped = whole;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    Overwrite(FileOf(0), flipped);
    const auto log = Open();
    std::vector<std::string> payloads;
    const Status status = ReadAll(*log, 0, payloads);
    ASSERT_EQ(status.code(), StatusCode::kDataLoss) << bit;
    EXPECT_THAT(status.ToString(),
                AllOf(HasSubstr(FileOf(0).string()), HasSubstr("offset"), HasSubstr("byte")));
    EXPECT_EQ(PayloadsOf(*log, 3).size(), 6u) << "what follows can be read past the damage";
  }
}

TEST_F(LocalLogTest, ReportsAnOlderSegmentThatWasCutOrRemoved) {
  options_.segment_bytes_max = 100;
  Write(Numbered(9));
  const std::string whole = Content(FileOf(3));
  Overwrite(FileOf(3), std::string_view(whole).substr(0, whole.size() / 3));
  std::vector<std::string> payloads;
  EXPECT_THAT(ReadAll(*Open(), 3, payloads).ToString(),
              AllOf(HasSubstr("DATA_LOSS"), HasSubstr("offset 4")));
  fs::remove(FileOf(3));
  EXPECT_THAT(ReadAll(*Open(), 0, payloads).ToString(),
              AllOf(HasSubstr("DATA_LOSS"), HasSubstr("offset 3")));
  EXPECT_EQ(PayloadsOf(*Open(), 6).size(), 3u);
}

RC_GTEST_FIXTURE_PROP(LocalLogTest, GivesAPrefixOrRefusesWhateverHappenedToTheFile, ()) {
  fs::remove_all(options_.directory);
  const auto texts = *rc::gen::nonEmpty(rc::gen::arbitrary<std::vector<std::string>>());
  Write(texts);
  std::string content = Content(FileOf(0));
  const size_t at = *rc::gen::inRange<size_t>(0, content.size());
  const std::string rubbish = *rc::gen::arbitrary<std::string>();
  content.replace(at, rubbish.size(), rubbish);
  Overwrite(FileOf(0), content);
  StatusOr<std::unique_ptr<LocalLog>> log = LocalLog::Open(options_, clock_);
  if (!log.ok()) {
    RC_ASSERT(log.status().code() == StatusCode::kDataLoss);
    return;
  }
  const std::vector<std::string> payloads = PayloadsOf(**log);
  RC_ASSERT(payloads.size() <= texts.size());
  RC_ASSERT(std::equal(payloads.begin(), payloads.end(), texts.begin()));
}

// --- Disks that fail --------------------------------------------------------------------------

TEST_F(LocalLogTest, LosesNothingToAFullDisk) {
  const auto log = Open();
  ASSERT_TRUE(AppendDurable(*log, "before").ok());
  const auto size = fs::file_size(FileOf(0));
  disk_is_full = true;
  const Status full = AppendDurable(*log, "while it is full").status();
  EXPECT_THAT(full.ToString(), AllOf(HasSubstr("UNAVAILABLE"), HasSubstr(options_.directory),
                                     HasSubstr("no space left on device")));
  const std::string_view payload = "refused";
  EXPECT_EQ(log->Append({&payload, 1}).status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(log->durable_end(), 1);
  EXPECT_EQ(PayloadsOf(*log), (std::vector<std::string>{"before"}));
  EXPECT_LE(fs::file_size(FileOf(0)), size + 64);
  disk_is_full = false;
  ASSERT_TRUE(log->WaitReadable(1, Minutes(1)));
  EXPECT_EQ(*AppendDurable(*log, "after"), 2);
  EXPECT_EQ(PayloadsOf(*log), (std::vector<std::string>{"before", "while it is full", "after"}));
}

TEST_F(LocalLogTest, ClosesOnAFullDisk) {
  {
    const auto log = Open();
    ASSERT_TRUE(AppendDurable(*log, "before").ok());
    disk_is_full = true;
    EXPECT_EQ(AppendDurable(*log, "never acknowledged").status().code(), StatusCode::kUnavailable);
  }
  disk_is_full = false;
  EXPECT_EQ(PayloadsOf(*Open()), (std::vector<std::string>{"before"}));
}

// The kernel's own refusal, not the test's: a file size limit in a child process.
TEST_F(LocalLogTest, TakesAFileSizeLimitForAFullDisk) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{.rlim_cur = 1000, .rlim_max = 1000};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(10);
    auto log = LocalLog::Open(options_, clock_);
    if (!log.ok()) ::_exit(11);
    int acknowledged = 0;
    StatusOr<Offset> offset = 0;
    while ((offset = AppendDurable(**log, std::string(76, 'x'))).ok()) ++acknowledged;
    if (offset.status().code() != StatusCode::kUnavailable) ::_exit(12);
    ::_exit((*log)->durable_end() == acknowledged ? acknowledged : 13);
  }
  int result = 0;
  ASSERT_EQ(::waitpid(child, &result, 0), child);
  ASSERT_TRUE(WIFEXITED(result));
  EXPECT_EQ(WEXITSTATUS(result), 10) << "records of 100 bytes in a file of 1000";
  EXPECT_EQ(PayloadsOf(*Open()).size(), 10u);
}

using LocalLogDeathTest = LocalLogTest;

TEST_F(LocalLogDeathTest, StopsTheProcessAtAFailedFsync) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(
      {
        const auto log = Open();
        fsync_fails = true;
        AppendDurable(*log, "a").IgnoreError();
      },
      "log cannot be made durable, stopping.*cannot sync log file.*Input/output error");
  EXPECT_EXIT(
      {
        options_.on_fatal = [](const Status&) { ::_exit(42); };
        const auto log = Open();
        fsync_fails = true;
        AppendDurable(*log, "a").IgnoreError();
      },
      ::testing::ExitedWithCode(42), "");
}

// --- Directories that cannot be used ----------------------------------------------------------

TEST_F(LocalLogTest, RefusesADirectoryInUse) {
  const auto log = Open();
  EXPECT_EQ(MessageOf(OpenError()),
            fmt::format("data directory '{}' is in use by another process (pid {})",
                        options_.directory, ::getpid()));
  EXPECT_EQ(OpenError().code(), StatusCode::kFailedPrecondition);
}

TEST_F(LocalLogTest, NamesADirectoryThatCannotBeMade) {
  options_.directory = root_ / "missing" / "log";
  EXPECT_THAT(OpenError().ToString(),
              AllOf(HasSubstr("FAILED_PRECONDITION"), HasSubstr(options_.directory),
                    HasSubstr("its parent directory does not exist")));
  Overwrite(root_ / "file", "");
  options_.directory = root_ / "file" / "log";
  EXPECT_THAT(OpenError().ToString(),
              AllOf(HasSubstr("FAILED_PRECONDITION"), HasSubstr("Not a directory")));
  options_.directory = root_ / "file";
  EXPECT_THAT(OpenError().ToString(),
              AllOf(HasSubstr("FAILED_PRECONDITION"), HasSubstr("Not a directory")));
}

TEST_F(LocalLogTest, NamesADirectoryThatIsReadOnly) {
  fs::create_directory(options_.directory);
  fs::permissions(options_.directory, fs::perms(0555));
  fs::permissions(root_, fs::perms(0755));
  const bool is_root = ::geteuid() == 0;  // who may write everywhere
  ASSERT_TRUE(!is_root || ::seteuid(65534) == 0);
  const Status status = OpenError();
  ASSERT_TRUE(!is_root || ::seteuid(0) == 0);
  EXPECT_THAT(status.ToString(),
              AllOf(HasSubstr("FAILED_PRECONDITION"), HasSubstr(options_.directory),
                    HasSubstr("Permission denied")));
}

TEST_F(LocalLogTest, IgnoresFilesThatAreNotItsOwn) {
  Write({"a"});
  for (const char* name : {"notes.txt", "1.log", "0000000000000000000x.log",
                           "99999999999999999999.log", "00000000000000000001.log.bak"}) {
    Overwrite(fs::path(options_.directory) / name, "hello");
  }
  EXPECT_EQ(PayloadsOf(*Open()), (std::vector<std::string>{"a"}));
}

// mission: C12
TEST_F(LocalLogTest, ReadOnlyChangesNothing) {
  options_.read_only = true;
  EXPECT_EQ(OpenError().code(), StatusCode::kFailedPrecondition);
  EXPECT_FALSE(fs::exists(options_.directory));
  options_.read_only = false;
  Write({"a", "b"});
  const std::string path = SegmentPath(options_.directory, 0);
  std::ofstream(path, std::ios::app) << "torn";
  const auto size = fs::file_size(path);
  const auto changed = fs::last_write_time(path);
  options_.read_only = true;
  {
    const auto log = Open();
    const auto other = Open();  // readers do not keep each other away
    EXPECT_EQ(log->repair().bytes_dropped, 4);
    EXPECT_EQ(log->durable_end(), 2);
    std::vector<Record> records;
    ASSERT_TRUE(log->Read(0, 10, 1 << 20, records).ok());
    EXPECT_EQ(records.size(), 2u);
    const std::string_view payloads[] = {"c"};
    EXPECT_EQ(log->Append(payloads).status().code(), StatusCode::kFailedPrecondition);
    EXPECT_EQ(log->TrimBefore(2).code(), StatusCode::kFailedPrecondition);
    options_.read_only = false;
    EXPECT_THAT(MessageOf(OpenError()), HasSubstr("in use by another process"));
    options_.read_only = true;
  }
  EXPECT_EQ(fs::file_size(path), size);
  EXPECT_EQ(fs::last_write_time(path), changed);
  options_.read_only = false;
  const auto writer = Open();
  EXPECT_EQ(fs::file_size(path), size - 4);
  options_.read_only = true;
  EXPECT_THAT(MessageOf(OpenError()), HasSubstr("in use by another process"));
}

}  // namespace
}  // namespace spotter::log_local
