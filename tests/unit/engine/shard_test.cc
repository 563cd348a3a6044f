// SPDX-License-Identifier: Apache-2.0
//
// What a shard asks of the store it opens; what it decides is told by the scenarios.
#include "engine/shard.h"

#include <gtest/gtest.h>

#include "log/in_memory_log.h"
#include "state/keys.h"
#include "state/verify_hash.h"
#include "store/in_memory_store.h"
#include "wire/wire.h"

namespace spotter::engine {
namespace {

using store::Family;

class ShardTest : public testing::Test {
 protected:
  void Put(const std::string& key, std::string_view value) {
    store::WriteBatch batch;
    batch.Put(Family::kState, key, value);
    ASSERT_TRUE(store_.Commit(batch).ok());
  }
  // As a binary of that logic version would have left it.
  void LeftBy(uint32_t version, bool clean) {
    Put(state::MetaKey(),
        state::EncodeRow(state::Meta{.logic_version = version, .next_offset = 7}));
    Put(state::CleanStopKey(), clean ? "1" : "0");
  }
  bool IsClean() { return *store_.Get(Family::kState, state::CleanStopKey()) == "1"; }

  store::InMemoryStore store_;
};

TEST_F(ShardTest, BeginsAtTheStartOfTheLog) {
  const auto shard = Shard::Open(store_, {});
  ASSERT_TRUE(shard.ok()) << shard.status();
  EXPECT_EQ(0, (*shard)->next_offset());
  EXPECT_EQ(EventTime::Max(), (*shard)->next_due());
  EXPECT_EQ(kLogicVersion, state::ReadMeta(store_)->logic_version);
}

TEST_F(ShardTest, RefusesWhatAnotherLogicVersionLeftUnclean) {
  LeftBy(kLogicVersion + 41, false);
  const Status status = Shard::Open(store_, {}).status();
  EXPECT_EQ(StatusCode::kFailedPrecondition, status.code());
  // It says which one must recover it, and leaves everything as it was.
  EXPECT_NE(std::string::npos, MessageOf(status).find(fmt::format(
                                   "start a binary of version {} once", kLogicVersion + 41)));
  EXPECT_EQ(kLogicVersion + 41, state::ReadMeta(store_)->logic_version);
}

TEST_F(ShardTest, TakesOverWhatAnotherLogicVersionStoppedCleanly) {
  LeftBy(kLogicVersion + 41, true);
  const auto shard = Shard::Open(store_, {});
  ASSERT_TRUE(shard.ok()) << shard.status();
  EXPECT_EQ(7, (*shard)->next_offset());
  EXPECT_EQ(kLogicVersion, state::ReadMeta(store_)->logic_version);
}

TEST_F(ShardTest, GoesOnAfterItsOwnUncleanStop) {
  LeftBy(kLogicVersion, false);
  EXPECT_TRUE(Shard::Open(store_, {}).ok());
}

TEST_F(ShardTest, MarksACleanStopAndTakesTheMarkBackWhenItOpens) {
  auto shard = *Shard::Open(store_, {});
  EXPECT_FALSE(IsClean());
  ASSERT_TRUE(shard->Close().ok());
  EXPECT_TRUE(IsClean());
  EXPECT_EQ(0u, store_.unsynced());
  shard = *Shard::Open(store_, {});
  EXPECT_FALSE(IsClean());
  EXPECT_EQ(0u, store_.unsynced());  // before anything is applied
}

TEST_F(ShardTest, DamagedRowsAreDataLoss) {
  Put(state::MetaKey(), "garbage");
  EXPECT_EQ(StatusCode::kDataLoss, Shard::Open(store_, {}).status().code());
}

TEST_F(ShardTest, AFailedCommitLeavesTheStoreAsItWas) {
  VirtualClock clock(*ParseTime("2026-03-02T10:00:00Z"));
  log::InMemoryLog log(clock);
  model::TenantSettings settings;
  settings.id = model::TenantId("studio");
  settings.suppression_key = std::string(32, 'k');
  ASSERT_TRUE(
      log::AppendDurable(
          log,
          wire::Encode(model::LogRecord(model::Command{
              .request_id = "create", .tenant = settings.id, .what = model::PutTenant{settings}})))
          .ok());
  std::vector<log::Record> records;
  ASSERT_TRUE(log.Read(0, 9, 1 << 20, records).ok());

  auto shard = *Shard::Open(store_, {});
  store_.FailCommitAfter(1);
  EXPECT_EQ(StatusCode::kUnavailable, shard->ApplyBatch(records).status().code());
  EXPECT_EQ(0, state::ReadMeta(store_)->next_offset);
  EXPECT_TRUE(state::ReadTenants(store_)->empty());

  shard = *Shard::Open(store_, {});
  const auto effects = shard->ApplyBatch(records);
  ASSERT_TRUE(effects.ok()) << effects.status();
  ASSERT_EQ(1u, effects->answers.size());
  EXPECT_EQ("studio", effects->answers[0].answer.result);
  EXPECT_EQ(*state::HashByScan(store_), shard->state_hash());
}

}  // namespace
}  // namespace spotter::engine
