// SPDX-License-Identifier: Apache-2.0
//
// A barrier: below it one logic version applies the log, from it on another.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "engine/owner.h"
#include "state/keys.h"
#include "state/verify_hash.h"
#include "store/in_memory_store.h"
#include "unit/engine/faulty_log.h"
#include "wire/wire.h"

namespace spotter::engine {
namespace {

using ::testing::HasSubstr;

const EventTime kStart = *ParseTime("2026-03-02T10:00:00Z");
const model::TenantId kTenant("studio");
constexpr Duration kPatience = Seconds(30);
constexpr uint32_t kOld = 7;
constexpr uint32_t kNew = 8;

class BarrierTest : public testing::Test {
 protected:
  BarrierTest() : clock_(kStart), log_(clock_) {
    model::TenantSettings settings;
    settings.id = kTenant;
    settings.suppression_key = std::string(32, 'k');
    Append(model::Command{.request_id = "create",
                          .tenant = kTenant,
                          .principal = "test",
                          .what = model::PutTenant{settings}});
    for (int i = 1; i < 10; ++i) Visit(i);
  }

  void Append(const model::LogRecord& record) {
    ASSERT_TRUE(log::AppendDurable(log_, wire::Encode(record)).ok());
  }
  void Visit(int number) {
    model::MemberEvent event;
    event.tenant = kTenant;
    event.source = "square";
    event.source_event_id = fmt::format("e{}", number);
    event.kind = model::EventKind::attendance;
    event.event_time = clock_.Now();
    event.customer_id = fmt::format("c{}", number);
    Append(event);
  }

  std::unique_ptr<Owner> Start(uint32_t version, Barriers at = {}) {
    Options options;
    options.logic_version = version;
    auto owner = Owner::Start(store_, log_, clock_, options, {}, nullptr, {},
                              {.at = std::move(at), .take_snapshot = [this](const auto& meta) {
                                 snapshots_.push_back(meta.next_offset);
                                 unsynced_ = store_.unsynced();
                                 return snapshot_failure_;
                               }});
    EXPECT_TRUE(owner.ok()) << owner.status();
    return *std::move(owner);
  }
  Status OpenError(uint32_t version, const Barriers& at) {
    Options options;
    options.logic_version = version;
    return Shard::Open(store_, options, {}, at).status();
  }
  // Applies up to `end` and is gone without a word.
  void ApplyTo(int64_t end, uint32_t version) {
    Options options;
    options.logic_version = version;
    auto shard = *Shard::Open(store_, options, {});
    std::vector<log::Record> records;
    ASSERT_TRUE(log_.Read(0, static_cast<size_t>(end), 1 << 20, records).ok());
    ASSERT_TRUE(shard->ApplyBatch(records).ok());
  }
  template <typename Condition>
  static void WaitFor(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (!condition() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    ASSERT_TRUE(condition());
  }

  VirtualClock clock_;
  store::InMemoryStore store_;
  FaultyLog log_;
  std::vector<int64_t> snapshots_;  // of the owner's thread
  size_t unsynced_ = 0;
  Status snapshot_failure_;
};

TEST_F(BarrierTest, TheShardStopsThereWithASnapshotAndTheNextVersionGoesOn) {
  auto owner = Start(kOld, {{6, kNew}});
  EXPECT_EQ(StatusCode::kUnavailable, owner->WaitApplied(6, kPatience).code());
  WaitFor([&] { return MessageOf(owner->Standing()).find("snapshot") == std::string::npos; });
  EXPECT_THAT(std::string(MessageOf(owner->Standing())),
              AllOf(HasSubstr("barrier"), HasSubstr("offset 6"), HasSubstr("logic version 8")));
  EXPECT_EQ(6, owner->status().next_offset);
  const int64_t end = log_.end();
  const auto refused = owner->Submit({.request_id = "s",
                                      .tenant = kTenant,
                                      .principal = "test",
                                      .what = model::PutSegment{{.id = "s", .expression = "true"}}},
                                     kPatience);
  EXPECT_EQ(StatusCode::kUnavailable, refused.status().code());
  EXPECT_EQ(end, log_.end());
  ASSERT_TRUE(owner->Stop().ok());
  EXPECT_EQ(std::vector<int64_t>{6}, snapshots_);
  EXPECT_EQ(0u, unsynced_);
  EXPECT_EQ(kOld, state::ReadMeta(store_)->logic_version);

  owner = Start(kNew, {{6, kNew}});
  ASSERT_TRUE(owner->WaitApplied(9, kPatience).ok());
  ASSERT_TRUE(owner->Stop().ok());
  EXPECT_EQ(1u, snapshots_.size());
  const state::Meta meta = *state::ReadMeta(store_);
  EXPECT_EQ(kNew, meta.logic_version);

  store::InMemoryStore other;  // without a barrier
  auto shard = *Shard::Open(other, {});
  std::vector<log::Record> records;
  ASSERT_TRUE(log_.Read(0, static_cast<size_t>(meta.next_offset), 1 << 20, records).ok());
  ASSERT_TRUE(shard->ApplyBatch(records).ok());
  EXPECT_EQ(shard->state_hash(), meta.hash);
}

TEST_F(BarrierTest, OneThatIsWrittenWhileTheShardRunsHoldsForWhatIsNotApplied) {
  auto owner = Start(kOld);
  ASSERT_TRUE(owner->WaitApplied(9, kPatience).ok());
  int64_t offset = 0;
  const Status added = owner->BetweenBatches([&](const state::Meta& meta) -> Status {
    EXPECT_EQ(StatusCode::kFailedPrecondition, owner->AddBarrier(9, kNew).code());
    offset = std::max(meta.next_offset, log_.end());
    return owner->AddBarrier(offset, kNew);
  });
  ASSERT_TRUE(added.ok()) << added;
  Visit(10);
  EXPECT_EQ(StatusCode::kUnavailable, owner->WaitApplied(offset, kPatience).code());
  WaitFor([&] { return !owner->Standing().ok(); });
  EXPECT_EQ(owner->Standing().code(), owner->MayDeliver().code());
  EXPECT_EQ(MessageOf(owner->Standing()), MessageOf(owner->MayDeliver()));
  ASSERT_TRUE(owner->Stop().ok());
  EXPECT_EQ(offset, state::ReadMeta(store_)->next_offset);
}

TEST_F(BarrierTest, TheOldVersionStartedAgainThereStandsStillFromTheBeginning) {
  ApplyTo(6, kOld);
  const auto owner = Start(kOld, {{6, kNew}});
  EXPECT_THAT(std::string(MessageOf(owner->Standing())), HasSubstr("barrier"));
  const int64_t end = log_.end();
  EXPECT_EQ(StatusCode::kUnavailable, owner->Claim(kPatience).code());
  ASSERT_TRUE(owner->Stop().ok());
  EXPECT_EQ(end, log_.end());
}

TEST_F(BarrierTest, ASnapshotThatFailsIsSaidAndTakenLater) {
  snapshot_failure_ = Unavailable("the disk is full");
  const auto owner = Start(kOld, {{6, kNew}});
  WaitFor([&] { return MessageOf(owner->Standing()).find("disk is full") != std::string::npos; });
  ASSERT_TRUE(owner
                  ->BetweenBatches([&](const state::Meta&) {
                    snapshot_failure_ = OkStatus();
                    return OkStatus();
                  })
                  .ok());
  WaitFor([&] { return MessageOf(owner->Standing()).find("snapshot") == std::string::npos; });
  ASSERT_TRUE(owner->Stop().ok());
  EXPECT_GE(snapshots_.size(), 2u);
}

TEST_F(BarrierTest, AfterAnUncleanStopOnlyItsOwnVersionGoesOnThere) {
  ApplyTo(6, kOld);
  EXPECT_EQ(StatusCode::kFailedPrecondition, OpenError(kNew, {}).code());
  EXPECT_EQ(StatusCode::kFailedPrecondition, OpenError(kNew, {{6, 0}}).code());
  EXPECT_EQ(StatusCode::kFailedPrecondition, OpenError(kNew + 1, {{6, kNew}}).code());
  EXPECT_TRUE(OpenError(kOld, {{6, kNew}}).ok());
  EXPECT_TRUE(OpenError(kNew, {{6, kNew}}).ok());
}

TEST_F(BarrierTest, AnEmptyStateIsBelowEveryBarrier) {
  EXPECT_EQ(StatusCode::kFailedPrecondition, OpenError(kNew, {{6, kNew}}).code());
  EXPECT_TRUE(OpenError(kNew, {{6, 0}}).ok()) << "taken back";
}

TEST_F(BarrierTest, TheNewVersionDoesNotApplyWhatLiesBelow) {
  ApplyTo(5, kOld);
  EXPECT_THAT(std::string(MessageOf(OpenError(kNew, {{6, kNew}}))),
              HasSubstr("below the barrier at 6"));
}

TEST_F(BarrierTest, TheOldVersionDoesNotApplyWhatLiesPast) {
  ApplyTo(8, kOld);
  EXPECT_THAT(std::string(MessageOf(OpenError(kOld, {{6, kNew}}))),
              HasSubstr("past the barrier at 6"));
  EXPECT_TRUE(OpenError(kOld, {{8, kNew}}).ok());
  EXPECT_TRUE(OpenError(kOld, {{9, kNew}}).ok());
}

}  // namespace
}  // namespace spotter::engine
