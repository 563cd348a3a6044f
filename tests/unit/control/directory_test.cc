// SPDX-License-Identifier: Apache-2.0
#include "control/directory.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/clock.h"
#include "log/in_memory_log.h"
#include "wire/wire.h"

namespace spotter::control {
namespace {

using model::ControlRecord;
using model::TenantId;

class DirectoryTest : public ::testing::Test {
 protected:
  void Write(const ControlRecord& record) {
    ASSERT_TRUE(log::AppendDurable(log_, wire::Encode(record)).ok());
  }

  VirtualClock clock_{EventTime{1'000'000}};
  log::InMemoryLog log_{clock_};
};

TEST_F(DirectoryTest, TellsSkipsAndBarriersOfAShard) {
  Write(model::SkipOffset{7, "poison"});
  Write(model::SkipOffset{8, "poison", 3});
  Write(model::Barrier{9, 2, 3});
  Directory directory(log_);
  EXPECT_FALSE(directory.CaughtUp());
  ASSERT_TRUE(directory.Poll().ok());
  EXPECT_TRUE(directory.CaughtUp());
  EXPECT_EQ(directory.Skips(0), std::set<int64_t>{7});
  EXPECT_EQ(directory.Skips(3), std::set<int64_t>{8});
  EXPECT_TRUE(directory.Skips(1).empty());
  EXPECT_EQ(directory.Barriers(3), (std::map<int64_t, uint32_t>{{9, 2}}));
  EXPECT_TRUE(directory.Barriers(0).empty());
}

TEST_F(DirectoryTest, AppendsAndHasIt) {
  Directory directory(log_);
  const TenantId tenant("north");
  EXPECT_FALSE(directory.Find(tenant).has_value());
  const model::TenantEntry entry{.tenant = tenant, .region = "AT", .sources = {{.name = "door"}}};
  ASSERT_TRUE(directory.Append(entry).ok());
  EXPECT_EQ(directory.Find(tenant), entry);
  EXPECT_EQ(directory.Tenants(), std::vector{tenant});
  EXPECT_FALSE(directory.IsMoving(tenant));
  ASSERT_TRUE(directory.Append(model::PlaceTenant{tenant, 4, model::MovePhase::kMoving}).ok());
  EXPECT_EQ(directory.ShardOf(tenant), 4);
  EXPECT_TRUE(directory.IsMoving(tenant));

  Directory another(log_);
  ASSERT_TRUE(another.Poll().ok());
  EXPECT_EQ(another.view(), directory.view());
}

TEST_F(DirectoryTest, PassesOverWhatItDoesNotKnow) {
  const std::string field_99("\x9a\x06\x00", 3);
  ASSERT_TRUE(log::AppendDurable(log_, field_99).ok());
  ASSERT_TRUE(log::AppendDurable(log_, "").ok());  // a tombstone
  Write(model::ShardCount{16, "spotter.log"});
  Directory directory(log_);
  ASSERT_TRUE(directory.Poll().ok());
  EXPECT_EQ(directory.unknown_records(), 2u);
  EXPECT_EQ(directory.Shards(), (model::ShardCount{16, "spotter.log"}));
}

TEST_F(DirectoryTest, KeepsTheNumberOfShards) {
  Directory directory(log_);
  ASSERT_TRUE(directory.Append(model::ShardCount{16, "spotter.log"}).ok());
  EXPECT_TRUE(directory.Append(model::ShardCount{16, "spotter.log"}).ok());
  const Status refused = directory.Append(model::ShardCount{8, "spotter.log"});
  EXPECT_EQ(refused.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(MessageOf(refused).find("16 partitions"), std::string::npos) << refused;
  EXPECT_EQ(directory.Shards()->partitions, 16);
}

TEST_F(DirectoryTest, FollowsWhatOthersAppend) {
  Directory directory(log_);
  directory.Follow();
  uint64_t seen = directory.version();
  const model::ShardOwner owner{2, 5, "engine-1/a", "h:1"};
  Write(owner);
  for (int turn = 0; turn < 100 && !directory.OwnerOf(2).has_value(); ++turn) {
    seen = directory.WaitChange(seen, Seconds(1));
  }
  EXPECT_EQ(directory.OwnerOf(2), owner);
  ASSERT_TRUE(directory.Append(model::ShardOwner{2, 4, "engine-0/b", "h:0"}).ok());
  EXPECT_EQ(directory.OwnerOf(2), owner);
  EXPECT_TRUE(directory.CaughtUp());
}

TEST_F(DirectoryTest, ChangesNothingThatWasNotDurable) {
  log::InMemoryLog log(clock_, /*auto_sync=*/false);
  Directory directory(log);
  EXPECT_EQ(directory.Append(model::SkipOffset{7, "poison"}).code(), StatusCode::kUnavailable);
  ASSERT_TRUE(directory.Poll().ok());
  EXPECT_TRUE(directory.Skips(0).empty());
}

TEST_F(DirectoryTest, SaysWhyItCannotRead) {
  Write(model::SkipOffset{7, "poison"});
  Directory directory(log_);
  ASSERT_TRUE(directory.Poll().ok());
  Write(model::SkipOffset{8, "poison"});
  Write(model::SkipOffset{9, "poison"});
  ASSERT_TRUE(log_.TrimBefore(2).ok());  // overtaken
  EXPECT_FALSE(directory.Poll().ok());
  EXPECT_FALSE(directory.problem().empty());
  EXPECT_FALSE(directory.CaughtUp());
  EXPECT_EQ(directory.Skips(0), std::set<int64_t>{7});
}

}  // namespace
}  // namespace spotter::control
