// SPDX-License-Identifier: Apache-2.0
//
// A quarantined shard takes no snapshot and prunes none: one of a damaged state would push out the
// good ones, and the log behind them.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <thread>

#include "log/in_memory_log.h"
#include "services/shard/shard_host.h"
#include "store_rocksdb/rocksdb_store.h"
#include "unit/engine/faulty_log.h"
#include "wire/wire.h"

namespace spotter::service {
namespace {

namespace fs = std::filesystem;

constexpr int kKept = 2;

// Tells how often it was asked: the daily thread asks it at each of its turns.
class AskedClock final : public Clock {
 public:
  EventTime Now() const override {
    ++asked;
    return system_.Now();
  }
  mutable std::atomic<int> asked = 0;

 private:
  SystemClock system_;
};

class SnapshotQuarantine : public testing::Test {
 protected:
  SnapshotQuarantine() {
    std::string name = (fs::temp_directory_path() / "snapshot_XXXXXX").string();
    root_ = ::mkdtemp(name.data());
    fs::create_directory(folder());
    log_ = std::make_shared<engine::FaultyLog>(clock_);
  }
  ~SnapshotQuarantine() override {
    host_.reset();
    fs::remove_all(root_);
  }
  std::string folder() const { return root_ + "/snapshots"; }

  void Open(Duration interval, std::string problem = "") {
    ShardParts parts;
    parts.store =
        *store_rocksdb::Open({.directory = root_ + "/state", .cache_bytes = 8 << 20}, true);
    parts.log = log_;
    parts.problem = std::move(problem);
    auto host =
        ShardHost::Open({.snapshots = {.folder = folder(), .interval = interval, .kept = kKept}},
                        std::move(parts), clock_, wall_, {});
    ASSERT_TRUE(host.ok()) << host.status();
    host_ = *std::move(host);
  }
  StatusOr<api::SnapshotInfo> Take() { return host_->ports().operations.TakeSnapshot(); }
  void Publish() {
    ASSERT_TRUE(log::AppendDurable(*log_, wire::Encode(model::LogRecord(model::Tick{}))).ok());
  }
  // Reads fail from the next record on, and the shard finds it out.
  void Damage() {
    log_->damaged_from = log_->end();
    Publish();
    WaitUntil([&] { return !host_->owner()->status().quarantine.empty(); });
  }
  template <typename Condition>
  static void WaitUntil(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
      std::this_thread::yield();
    }
  }
  std::set<std::string> Names() const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder()))
      names.insert(entry.path().filename());
    return names;
  }
  // One more than are kept, as if they had been taken just before somebody lowered the number.
  void AddOneMore() {
    const std::string newest = folder() + "/" + *Names().rbegin();
    fs::copy(newest, newest + "-2", fs::copy_options::recursive);
  }

  std::string root_;
  AskedClock wall_;
  SystemClock clock_;
  std::shared_ptr<engine::FaultyLog> log_;
  std::shared_ptr<ShardHost> host_;
};

// mission: C12
TEST_F(SnapshotQuarantine, ItTakesNoneAndPrunesNoneWhenAsked) {
  Open(Duration(0));
  for (int i = 0; i < kKept + 1; ++i) {
    Publish();
    ASSERT_TRUE(host_->CatchUp([] { return false; }).ok());
    ASSERT_TRUE(Take().ok());
  }
  ASSERT_EQ(static_cast<size_t>(kKept), Names().size());
  AddOneMore();
  Damage();
  const std::set<std::string> before = Names();
  const auto taken = Take();
  EXPECT_EQ(StatusCode::kUnavailable, taken.status().code());
  EXPECT_NE(std::string::npos, MessageOf(taken.status()).find("segment-7.log")) << taken.status();
  EXPECT_EQ(before, Names());
}

// mission: C12
TEST_F(SnapshotQuarantine, NorByTheClock) {
  Open(Duration(20));
  Publish();
  WaitUntil([&] { return Names().size() >= 1 && ListSnapshotFiles(folder())->size() >= 1; });
  Damage();
  // What was under way when it was found ends.
  ASSERT_FALSE(Take().ok());
  int asked = wall_.asked;
  WaitUntil([&] { return wall_.asked >= asked + 3; });
  AddOneMore();
  const std::set<std::string> before = Names();
  asked = wall_.asked;
  WaitUntil([&] { return wall_.asked >= asked + 5; });
  EXPECT_EQ(before, Names());
}

// mission: C12
TEST_F(SnapshotQuarantine, NorIfItCouldNotBeOpened) {
  Open(Duration(0));
  Publish();
  ASSERT_TRUE(host_->CatchUp([] { return false; }).ok());
  ASSERT_TRUE(Take().ok());
  host_.reset();
  const std::set<std::string> before = Names();
  Open(Duration(20), "log file 'x': the record at offset 0 is damaged");
  const auto taken = Take();
  EXPECT_EQ(StatusCode::kUnavailable, taken.status().code());
  EXPECT_EQ(before, Names());
}

}  // namespace
}  // namespace spotter::service
