// SPDX-License-Identifier: Apache-2.0
#include "store_rocksdb/rocksdb_store.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>

#include "store/in_memory_store.h"

namespace spotter::store_rocksdb {
namespace {

using store::Family;
using store::Store;
using store::WriteBatch;
using ::testing::AllOf;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

using Rows = std::vector<std::pair<std::string, std::string>>;

Rows RowsOf(const store::Reader& store, Family family, std::string_view begin = "",
            std::string_view end = "") {
  Rows rows;
  const Status status =
      store.Scan(family, begin, end, [&](std::string_view key, std::string_view value) {
        rows.emplace_back(key, value);
        return true;
      });
  EXPECT_TRUE(status.ok()) << status;
  return rows;
}

void Put(Store& store, std::string_view key, std::string_view value) {
  WriteBatch batch;
  batch.Put(Family::kState, key, value);
  const Status status = store.Commit(batch);
  ASSERT_TRUE(status.ok()) << status;
}

// A process of its own runs the statement of EXPECT_EXIT: RocksDB's threads do not survive a fork.
// It finds the directory of its parent here.
constexpr const char* kRootVariable = "ROCKSDB_STORE_TEST_ROOT";

class RocksDbStoreTest : public ::testing::Test {
 protected:
  RocksDbStoreTest() {
    ::testing::FLAGS_gtest_death_test_style = "threadsafe";
    if (const char* root = std::getenv(kRootVariable)) {
      root_ = root;
    } else {
      std::string name = (fs::temp_directory_path() / "store_rocksdb_XXXXXX").string();
      root_ = ::mkdtemp(name.data());
      ::setenv(kRootVariable, root_.c_str(), 1);
    }
    options_ = {
        .directory = root_ / "state", .cache_bytes = 8u << 20, .write_buffer_bytes = 1u << 20};
  }
  ~RocksDbStoreTest() override {
    ::unsetenv(kRootVariable);
    fs::remove_all(root_);
  }

  std::unique_ptr<Store> OpenAt(const fs::path& directory) {
    Options options = options_;
    options.directory = directory;
    StatusOr<std::unique_ptr<Store>> opened = store_rocksdb::Open(options, true);
    EXPECT_TRUE(opened.ok()) << opened.status();
    return std::move(opened).value();
  }
  std::unique_ptr<Store> OpenStore() { return OpenAt(options_.directory); }
  Status OpenError(bool create_if_missing = true) {
    return store_rocksdb::Open(options_, create_if_missing).status();
  }

  fs::path root_;
  Options options_;
};

TEST_F(RocksDbStoreTest, KeepsCommitsOverAReopen) {
  {
    const auto store = OpenStore();
    WriteBatch batch;
    batch.Put(Family::kState, "a", "1");
    batch.Put(Family::kState, "a", "2");
    batch.Put(Family::kTimers, "a", "3");
    batch.Put(Family::kOutbox, "b", std::string(100'000, 'x'));
    ASSERT_TRUE(store->Commit(batch).ok());
    ASSERT_TRUE(store->Commit(WriteBatch()).ok());
    ASSERT_TRUE(store->Sync().ok());
  }
  const auto store = OpenStore();
  EXPECT_EQ(**store->Get(Family::kState, "a"), "2");
  EXPECT_EQ(**store->Get(Family::kTimers, "a"), "3");
  EXPECT_EQ((**store->Get(Family::kOutbox, "b")).size(), 100'000u);
  EXPECT_FALSE(store->Get(Family::kOutbox, "a")->has_value());
}

using RocksDbStoreDeathTest = RocksDbStoreTest;

[[noreturn]] void CommitAndDie(const Options& options) {
  auto store = store_rocksdb::Open(options, true);
  if (!store.ok()) ::_exit(1);
  for (int i = 0; i < 100; ++i) {
    WriteBatch batch;
    batch.Put(Family::kState, fmt::format("{:03}", i), "1");
    if (!(*store)->Commit(batch).ok()) ::_exit(2);
  }
  ::_exit(0);  // no destructor runs
}

TEST_F(RocksDbStoreDeathTest, KeepsCommitsOfAKilledProcess) {
  EXPECT_EXIT(CommitAndDie(options_), ::testing::ExitedWithCode(0), "");
  EXPECT_EQ(RowsOf(*OpenStore(), Family::kState).size(), 100u);
}

// A crash of the machine may lose what was not synced, but only as a suffix of commits.
TEST_F(RocksDbStoreTest, KeepsAPrefixOfCommitsWhenItsLogIsCut) {
  {
    const auto store = OpenStore();
    for (int i = 0; i < 50; ++i) {
      WriteBatch batch;
      batch.Put(Family::kState, fmt::format("{:03}", i), "1");
      batch.Put(Family::kTimers, fmt::format("{:03}", i), "1");
      ASSERT_TRUE(store->Commit(batch).ok());
    }
  }
  fs::path wal;
  for (const auto& entry : fs::directory_iterator(options_.directory)) {
    if (entry.path().extension() == ".log" && fs::file_size(entry.path()) > 0) wal = entry.path();
  }
  ASSERT_FALSE(wal.empty());
  size_t rows_before = 50;
  for (int round = 0; round < 5; ++round) {
    // Reopening recovers into a table file and starts a new log, so each round cuts a copy.
    const fs::path copy = root_ / fmt::format("copy{}", round);
    fs::copy(options_.directory, copy);
    fs::resize_file(copy / wal.filename(), fs::file_size(wal) * static_cast<size_t>(5 - round) / 6);
    const auto store = OpenAt(copy);
    const Rows state = RowsOf(*store, Family::kState);
    EXPECT_EQ(state, RowsOf(*store, Family::kTimers));
    ASSERT_LT(state.size(), rows_before);
    rows_before = state.size();
    for (size_t i = 0; i < state.size(); ++i) EXPECT_EQ(state[i].first, fmt::format("{:03}", i));
  }
}

TEST_F(RocksDbStoreTest, AViewShowsTheStoreAsItWas) {
  const auto store = *Open(options_, /*create_if_missing=*/true);
  Put(*store, "a", "1");
  {
    const auto view = *store->View();
    Put(*store, "a", "2");
    Put(*store, "b", "1");
    EXPECT_EQ(RowsOf(*view, Family::kState), (Rows{{"a", "1"}}));
    EXPECT_EQ(**view->Get(Family::kState, "a"), "1");
    EXPECT_EQ(RowsOf(*store, Family::kState), (Rows{{"a", "2"}, {"b", "1"}}));
  }
  EXPECT_TRUE(store->Reopen().ok());  // which waits for views
}

TEST_F(RocksDbStoreTest, ScansARangeUntilToldToStop) {
  const auto store = OpenStore();
  for (const char* key : {"a", "b", "c", "d", "\xff\xff"}) Put(*store, key, "1");
  EXPECT_EQ(RowsOf(*store, Family::kState, "b", "d"), (Rows{{"b", "1"}, {"c", "1"}}));
  EXPECT_EQ(RowsOf(*store, Family::kState, "d", ""), (Rows{{"d", "1"}, {"\xff\xff", "1"}}));
  int visited = 0;
  EXPECT_TRUE(store
                  ->Scan(Family::kState, "", "",
                         [&](std::string_view, std::string_view) { return ++visited < 2; })
                  .ok());
  EXPECT_EQ(visited, 2);
}

// --- Against the model ------------------------------------------------------------------------

std::string AnyKey() {
  return *rc::gen::map(rc::gen::inRange(0, 40), [](int n) { return fmt::format("{:02}", n); });
}
Family AnyFamily() { return *rc::gen::element(Family::kState, Family::kTimers, Family::kOutbox); }

WriteBatch AnyBatch() {
  WriteBatch batch;
  const int operations = *rc::gen::inRange(0, 12);
  for (int i = 0; i < operations; ++i) {
    switch (*rc::gen::weightedElement<int>({{6, 0}, {2, 1}, {2, 2}})) {
      case 0:
        batch.Put(AnyFamily(), AnyKey(), *rc::gen::arbitrary<std::string>());
        break;
      case 1:
        batch.Delete(AnyFamily(), AnyKey());
        break;
      default:
        batch.DeleteRange(AnyFamily(), AnyKey(), AnyKey());
        break;
    }
  }
  return batch;
}

RC_GTEST_FIXTURE_PROP(RocksDbStoreTest, DoesWhatTheInMemoryStoreDoes, ()) {
  fs::remove_all(options_.directory);
  store::InMemoryStore model;
  std::unique_ptr<Store> store = OpenStore();
  const int batches = *rc::gen::inRange(1, 30);
  for (int i = 0; i < batches; ++i) {
    const WriteBatch batch = AnyBatch();
    RC_ASSERT(model.Commit(batch).ok());
    RC_ASSERT(store->Commit(batch).ok());
    switch (*rc::gen::weightedElement<int>({{40, 0}, {2, 1}, {1, 2}, {1, 3}})) {
      case 1:
        RC_ASSERT(store->Sync().ok());
        break;
      case 2:
        store.reset();
        store = OpenStore();
        break;
      case 3: {  // go on from a checkpoint: everything is in table files then
        const std::string path = root_ / "checkpoint";
        RC_ASSERT(store->Checkpoint(path).ok());
        store.reset();
        fs::remove_all(options_.directory);
        fs::rename(path, options_.directory);
        store = OpenStore();
        break;
      }
      default:
        break;
    }
    const Family family = AnyFamily();
    const std::string key = AnyKey();
    RC_ASSERT(*store->Get(family, key) == *model.Get(family, key));
    const std::string end = AnyKey();
    RC_ASSERT(RowsOf(*store, family, key, end) == RowsOf(model, family, key, end));
  }
  for (const Family family : {Family::kState, Family::kTimers, Family::kOutbox}) {
    RC_ASSERT(RowsOf(*store, family) == RowsOf(model, family));
  }
}

// The way the engine uses timers: a cursor, and one range deletion a tick. Enough ticks to pass the
// bound on range deletions in a memtable.
TEST_F(RocksDbStoreTest, PopsTimersByRangeDeletion) {
  const auto store = OpenStore();
  constexpr int kTicks = 3000;
  std::string cursor;
  size_t popped = 0;
  for (int tick = 0; tick < kTicks; ++tick) {
    const std::string now = fmt::format("{:08}", tick);
    WriteBatch batch;
    batch.Put(Family::kTimers, fmt::format("{:08}", tick + 3), "due");
    popped += RowsOf(*store, Family::kTimers, cursor, now).size();
    batch.DeleteRange(Family::kTimers, cursor, now);
    cursor = now;
    ASSERT_TRUE(store->Commit(batch).ok());
  }
  EXPECT_EQ(popped, size_t{kTicks - 4});
  EXPECT_EQ(RowsOf(*store, Family::kTimers).size(), 4u);
}

// --- Checkpoints ------------------------------------------------------------------------------

TEST_F(RocksDbStoreTest, CheckpointsWhatIsCommitted) {
  const auto store = OpenStore();
  Put(*store, "a", "1");
  const fs::path path = root_ / "snapshot";
  ASSERT_TRUE(store->Checkpoint(path).ok());
  Put(*store, "a", "2");
  const auto copy = OpenAt(path);
  EXPECT_EQ(**copy->Get(Family::kState, "a"), "1");
  Put(*copy, "a", "3");
  EXPECT_EQ(**store->Get(Family::kState, "a"), "2");
}

TEST_F(RocksDbStoreTest, RefusesToCheckpointOverSomething) {
  const auto store = OpenStore();
  EXPECT_EQ(store->Checkpoint(root_).code(), StatusCode::kFailedPrecondition);
  EXPECT_FALSE(store->Checkpoint(root_ / "missing" / "snapshot").ok());
  Put(*store, "a", "1");
  EXPECT_TRUE(store->Sync().ok()) << "a failed checkpoint does not harm the store";
}

// --- What can be wrong with a directory -------------------------------------------------------

TEST_F(RocksDbStoreTest, RefusesAMissingStoreUnlessToldToCreateIt) {
  EXPECT_EQ(OpenError(/*create_if_missing=*/false).code(), StatusCode::kNotFound);
  EXPECT_FALSE(fs::exists(options_.directory));
  OpenStore();
  EXPECT_TRUE(OpenError(/*create_if_missing=*/false).ok());
}

TEST_F(RocksDbStoreTest, RefusesADirectoryInUse) {
  const auto store = OpenStore();
  EXPECT_EQ(OpenError().ToString(),
            fmt::format("FAILED_PRECONDITION: data directory '{}' is in use by another process",
                        options_.directory));
}

// The lock that RocksDB of another process would hold.
[[noreturn]] void HoldLock(const std::string& file, int ready) {
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT, 0600);
  const struct flock whole { .l_type = F_WRLCK, .l_whence = SEEK_SET };
  const bool held = fd >= 0 && ::fcntl(fd, F_SETLK, &whole) == 0;
  if (::write(ready, held ? "y" : "n", 1) == 1) ::pause();
  ::_exit(1);
}

TEST_F(RocksDbStoreTest, RefusesADirectoryInUseByAnotherProcess) {
  OpenStore();
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) HoldLock(options_.directory + "/LOCK", ready[1]);
  char held = 0;
  ASSERT_EQ(::read(ready[0], &held, 1), 1);
  EXPECT_EQ(held, 'y');
  EXPECT_THAT(OpenError().ToString(),
              AllOf(HasSubstr("FAILED_PRECONDITION"), HasSubstr("is in use by another process")));
  ::kill(child, SIGKILL);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(OpenError().ok()) << "the lock ends with its process";
}

TEST_F(RocksDbStoreTest, NamesADirectoryThatCannotBeMade) {
  options_.directory = root_ / "missing" / "state";
  EXPECT_THAT(OpenError().ToString(),
              AllOf(HasSubstr("FAILED_PRECONDITION"), HasSubstr(options_.directory),
                    HasSubstr("No such file or directory")));
  std::ofstream(root_ / "file") << "x";
  options_.directory = root_ / "file";
  EXPECT_EQ(OpenError().code(), StatusCode::kFailedPrecondition);
}

TEST_F(RocksDbStoreTest, NeverTakesADamagedStoreForANewOne) {
  {
    const auto store = OpenStore();
    Put(*store, "a", "1");
  }
  fs::remove(fs::path(options_.directory) / "CURRENT");
  EXPECT_THAT(OpenError().ToString(), AllOf(HasSubstr("DATA_LOSS"), HasSubstr("CURRENT")));
}

// A file size limit in a child process stands for a full disk.
[[noreturn]] void FillDisk(const Options& options) {
  std::signal(SIGXFSZ, SIG_IGN);
  auto store = store_rocksdb::Open(options, true);
  if (!store.ok()) ::_exit(1);
  const rlimit full{.rlim_cur = 100'000, .rlim_max = RLIM_INFINITY};
  if (::setrlimit(RLIMIT_FSIZE, &full) != 0) ::_exit(2);
  WriteBatch batch;
  Status status;
  size_t commits = 0;
  for (; status.ok() && commits < 1000; ++commits) {
    batch.Clear();
    batch.Put(Family::kState, fmt::format("{:04}", commits), std::string(1000, 'x'));
    status = (*store)->Commit(batch);
  }
  if (status.code() != StatusCode::kUnavailable) ::_exit(3);
  const rlimit roomy{.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
  if (::setrlimit(RLIMIT_FSIZE, &roomy) != 0) ::_exit(4);
  if ((*store)->Commit(batch).code() != StatusCode::kUnavailable) ::_exit(5);
  if ((*store)->Sync().code() != StatusCode::kUnavailable) ::_exit(6);
  if (!(*store)->Reopen().ok()) ::_exit(7);
  if (RowsOf(**store, Family::kState).size() + 1 != commits) ::_exit(8);
  ::_exit((*store)->Commit(batch).ok() ? 0 : 9);
}

TEST_F(RocksDbStoreDeathTest, RefusesEveryWriteAfterAFailedOneUntilReopened) {
  EXPECT_EXIT(FillDisk(options_), ::testing::ExitedWithCode(0), "");
}

TEST_F(RocksDbStoreTest, ReportsDamagedTables) {
  fs::path table;
  {
    const auto store = OpenStore();
    for (int i = 0; i < 1000; ++i) Put(*store, fmt::format("{:04}", i), std::string(100, 'x'));
    ASSERT_TRUE(store->Checkpoint(root_ / "snapshot").ok());  // writes the table files
  }
  for (const auto& entry : fs::directory_iterator(options_.directory)) {
    if (entry.path().extension() == ".sst") table = entry.path();
  }
  ASSERT_FALSE(table.empty());
  {
    std::fstream file(table, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(200);
    file << "damage";
  }
  const auto store = OpenStore();
  EXPECT_EQ(store->Get(Family::kState, "0000").status().code(), StatusCode::kDataLoss);
  const auto ignore = [](std::string_view, std::string_view) { return true; };
  EXPECT_EQ(store->Scan(Family::kState, "", "", ignore).code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace spotter::store_rocksdb
