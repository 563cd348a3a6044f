// SPDX-License-Identifier: Apache-2.0
// mission: C30 C73
#include "dispatch/dispatcher.h"

#include <gtest/gtest.h>

#include <thread>

#include "log/in_memory_log.h"
#include "state/keys.h"
#include "state/verify_hash.h"
#include "store/in_memory_store.h"
#include "wire/wire.h"

namespace spotter::dispatch {
namespace {

using engine::SettleWish;
using store::Family;

const model::TenantId kTenant{"studio"};
const std::string kKey(32, 'k');
constexpr const char* kSubscription = "default";
constexpr EventTime kNoon{1'700'000'000'000};

// The shard as far as delivery sees it: settles outbox entries in the store.
class FakeOwner final : public engine::Owner {
 public:
  FakeOwner(store::InMemoryStore& store, engine::EffectListener& listener)
      : store_(store), listener_(&listener) {}

  StatusOr<state::Answer> Submit(const model::Command& command, Duration) override {
    commands.push_back(command);
    if (!failure.ok()) return failure;
    const auto& settle = std::get<model::Settle>(command.what);
    for (const model::Settlement& one : settle.settlements) {
      const std::string key =
          state::OutboxKey(kTenant.value(), settle.subscription, one.profile, one.sequence);
      store::WriteBatch batch;
      batch.Delete(Family::kOutbox, key);
      EXPECT_TRUE(store_.Commit(batch).ok());
      const engine::OutboxChange change{.tenant = kTenant,
                                        .entry = {.subscription = settle.subscription,
                                                  .profile = one.profile,
                                                  .sequence = one.sequence},
                                        .removed = true};
      listener_->OnOutbox({&change, 1});
    }
    return state::Answer{};
  }
  Status Claim(Duration) override { return OkStatus(); }
  Status Promote(Duration) override { return OkStatus(); }
  Status MayDeliver() const override { return may_deliver; }
  Status WaitApplied(int64_t, Duration) override { return OkStatus(); }
  Status CatchUp(Duration) override { return OkStatus(); }
  Status BetweenBatches(std::function<Status(const state::Meta&)>) override { return OkStatus(); }
  engine::OwnerStatus status() const override { return {}; }
  Status Standing() const override { return OkStatus(); }
  Status AddBarrier(int64_t, uint32_t) override { return OkStatus(); }
  Status Stop() override { return OkStatus(); }

  std::vector<model::Command> commands;
  Status failure;
  Status may_deliver;

 private:
  store::InMemoryStore& store_;
  engine::EffectListener* listener_;
};

class DispatcherTest : public testing::Test {
 protected:
  DispatcherTest() : clock_(kNoon), log_(clock_) {
    store::WriteBatch batch;
    batch.Put(Family::kState, state::Key(kTenant.value(), state::Table::kSettings, ""),
              state::EncodeRow(model::TenantSettings{.id = kTenant, .suppression_key = kKey}));
    batch.Put(Family::kState,
              state::Key(kTenant.value(), state::Table::kSubscription, kSubscription),
              state::EncodeRow(model::Subscription{}));
    EXPECT_TRUE(store_.Commit(batch).ok());
    Restart(1);
  }

  // A new process on the same store.
  void Restart(int64_t generation) {
    store::WriteBatch batch;
    state::Meta meta;
    meta.generation = generation;
    batch.Put(Family::kState, state::MetaKey(), state::EncodeRow(meta));
    EXPECT_TRUE(store_.Commit(batch).ok());
    dispatcher_ = std::make_unique<Dispatcher>(
        store_, log_, clock_, Options{.first_lease = static_cast<uint64_t>(generation) << 32});
    EXPECT_TRUE(dispatcher_->Load().ok());
    owner_ = std::make_unique<FakeOwner>(store_, *dispatcher_);
    EXPECT_TRUE(dispatcher_->Begin(*owner_).ok());
  }

  static model::ProfileId Profile(std::string_view name) { return model::ProfileId(HashOf(name)); }

  void Put(model::OutboxEntry entry) {
    store::WriteBatch batch;
    batch.Put(Family::kOutbox,
              state::OutboxKey(kTenant.value(), entry.subscription, entry.profile, entry.sequence),
              state::EncodeRow(entry));
    ASSERT_TRUE(store_.Commit(batch).ok());
    const engine::OutboxChange change{.tenant = kTenant, .entry = std::move(entry)};
    dispatcher_->OnOutbox({&change, 1});
  }

  void PutAction(std::string_view member, int64_t sequence, Duration from = Duration(0),
                 Duration until = Hours(8), std::string journey = "") {
    model::Action action;
    action.proposal.journey = std::move(journey);
    action.proposal.anchor = model::MakeRecordKey("square", member);
    action.id = model::ActionId(HashOf(fmt::format("{}-{}", member, sequence)));
    action.profile = Profile(member);
    action.proposal.channel = model::Channel::kSms;
    action.address = "+14155550100";
    action.not_before = kNoon + from;
    action.not_after = kNoon + until;
    Put({.subscription = kSubscription,
         .profile = action.profile,
         .sequence = sequence,
         .decided_at = kNoon,
         .what = action});
  }

  std::vector<engine::Lease> Pull(size_t max = 10, Duration lease = Seconds(30)) {
    auto leases = dispatcher_->Pull(kTenant, kSubscription, max, lease, Duration(0));
    EXPECT_TRUE(leases.ok()) << leases.status();
    return leases.ok() ? *leases : std::vector<engine::Lease>();
  }

  // The refusal, or "".
  std::string Settle(const std::string& token, SettleWish wish, Duration delay = Duration(0)) {
    const engine::SettleRequest request{.token = token, .wish = wish, .delay = delay};
    const auto results = dispatcher_->Settle(kTenant, kSubscription, "worker", {&request, 1});
    EXPECT_TRUE(results.ok()) << results.status();
    return results.ok() ? results->front().refusal : "failed";
  }

  // What was appended about undeliverable actions.
  std::vector<model::Undeliverable> Undeliverables() {
    log_.Sync();
    std::vector<log::Record> records;
    EXPECT_TRUE(log_.Read(0, 1000, 1 << 20, records).ok());
    std::vector<model::Undeliverable> found;
    for (const log::Record& record : records) {
      const auto decoded = wire::DecodeLogRecord(record.payload);
      found.push_back(std::get<model::Undeliverable>(std::get<model::Command>(*decoded).what));
    }
    return found;
  }

  VirtualClock clock_;
  log::InMemoryLog log_;
  store::InMemoryStore store_;
  std::unique_ptr<Dispatcher> dispatcher_;
  std::unique_ptr<FakeOwner> owner_;
};

TEST_F(DispatcherTest, DeliversAnActionWhenItsWindowOpens) {
  PutAction("ada", 1, Minutes(5));
  EXPECT_TRUE(Pull().empty());
  clock_.AdvanceTo(kNoon + Minutes(5));
  const auto leases = Pull();
  ASSERT_EQ(1u, leases.size());
  EXPECT_EQ(1, leases[0].attempt);
  EXPECT_EQ(clock_.Now() + Seconds(30), leases[0].expires_at);
}

TEST_F(DispatcherTest, KeepsTheOrderOfAMember) {
  PutAction("ada", 2);
  PutAction("ada", 1);
  PutAction("bob", 1);
  const auto leases = Pull();
  ASSERT_EQ(2u, leases.size());  // one of each member
  EXPECT_EQ(1, leases[0].entry.sequence);
  EXPECT_EQ(1, leases[1].entry.sequence);
  EXPECT_TRUE(Pull().empty());
  for (const auto& lease : leases) EXPECT_EQ("", Settle(lease.token, SettleWish::kAck));
  const auto next = Pull();
  ASSERT_EQ(1u, next.size());
  EXPECT_EQ(2, next[0].entry.sequence);
}

TEST_F(DispatcherTest, RedeliversWhenALeaseExpires) {
  PutAction("ada", 1);
  const auto first = Pull();
  ASSERT_EQ(1u, first.size());
  clock_.AdvanceTo(kNoon + Seconds(29));
  EXPECT_TRUE(Pull().empty());
  clock_.AdvanceTo(kNoon + Seconds(30));
  const auto second = Pull();
  ASSERT_EQ(1u, second.size());
  EXPECT_EQ(2, second[0].attempt);
  EXPECT_NE(first[0].token, second[0].token);
  EXPECT_EQ(1u, dispatcher_->counts().redeliveries);
}

TEST_F(DispatcherTest, WhatIsAckedNeverComesAgain) {
  PutAction("ada", 1);
  const auto leases = Pull();
  ASSERT_EQ(1u, leases.size());
  EXPECT_EQ("", Settle(leases[0].token, SettleWish::kAck));
  EXPECT_EQ("", Settle(leases[0].token, SettleWish::kAck));  // said twice
  clock_.AdvanceTo(kNoon + Hours(1));
  EXPECT_TRUE(Pull().empty());
  Restart(2);
  EXPECT_TRUE(Pull().empty());
}

TEST_F(DispatcherTest, AnAckCountsLateAndAfterARestart) {
  PutAction("ada", 1);
  PutAction("bob", 1);
  const auto leases = Pull();
  ASSERT_EQ(2u, leases.size());
  clock_.AdvanceTo(kNoon + Minutes(1));
  EXPECT_EQ("", Settle(leases[0].token, SettleWish::kAck));
  Restart(2);
  EXPECT_EQ("", Settle(leases[1].token, SettleWish::kAck));
  EXPECT_EQ(1, std::get<model::Settle>(owner_->commands[0].what).generation);
  EXPECT_TRUE(Pull().empty());
}

// After a merge or a split a Void takes the action's place and may be settled first.
// mission: C10 C38
TEST_F(DispatcherTest, AnAckOfAnActionReachesTheShardThoughItsPlaceIsSettled) {
  PutAction("ada", 1);
  const auto leases = Pull();
  ASSERT_EQ(1u, leases.size());
  EXPECT_EQ("", Settle(leases[0].token, SettleWish::kAck));
  const size_t before = owner_->commands.size();
  EXPECT_EQ("", Settle(leases[0].token, SettleWish::kAck));
  ASSERT_EQ(before + 1, owner_->commands.size());
  const auto& settle = std::get<model::Settle>(owner_->commands.back().what);
  const auto& action = std::get<model::Action>(leases[0].entry.what);
  EXPECT_EQ(action.id, settle.settlements.at(0).action);
  EXPECT_EQ(action.proposal.anchor, settle.settlements.at(0).anchor);
  EXPECT_FALSE(action.proposal.anchor.value().is_zero());
}

// A subscription that was removed and created again counts its sequences anew.
TEST_F(DispatcherTest, AnAckOfAnotherActionAtItsPlaceSettlesNothing) {
  PutAction("ada", 1);
  const auto old = Pull();
  ASSERT_EQ(1u, old.size());
  EXPECT_EQ("", Settle(old[0].token, SettleWish::kAck));
  model::OutboxEntry another{
      .subscription = kSubscription, .profile = Profile("ada"), .sequence = 1, .decided_at = kNoon};
  another.what = model::Action{.id = model::ActionId(HashOf("another")),
                               .profile = Profile("ada"),
                               .not_before = kNoon,
                               .not_after = kNoon + Hours(1)};
  Put(another);
  EXPECT_EQ("", Settle(old[0].token, SettleWish::kAck));  // what it speaks of is settled
  EXPECT_EQ("LEASE_EXPIRED", Settle(old[0].token, SettleWish::kRetry));
  const auto leases = Pull();
  ASSERT_EQ(1u, leases.size());
  EXPECT_EQ(another.sequence, leases[0].entry.sequence);
}

TEST_F(DispatcherTest, OnlyTheHolderOfALeaseDecidesAboutIt) {
  PutAction("ada", 1);
  const auto first = Pull();
  ASSERT_EQ(1u, first.size());
  clock_.AdvanceTo(kNoon + Seconds(30));
  const auto second = Pull();
  ASSERT_EQ(1u, second.size());
  for (const SettleWish wish : {SettleWish::kRetry, SettleWish::kExtend, SettleWish::kReject}) {
    EXPECT_EQ("LEASE_EXPIRED", Settle(first[0].token, wish));
  }
  EXPECT_EQ("", Settle(second[0].token, SettleWish::kExtend, Minutes(5)));
  clock_.AdvanceTo(kNoon + Minutes(5));
  EXPECT_TRUE(Pull().empty());
  Restart(2);
  EXPECT_EQ("LEASE_FENCED", Settle(second[0].token, SettleWish::kRetry));
  EXPECT_EQ("LEASE_UNKNOWN", Settle("lse_aaaaaaaaaaaaaaaaaaaaaaaaaaaa", SettleWish::kAck));
  EXPECT_EQ("", Settle(second[0].token, SettleWish::kAck));
}

// mission: C33
TEST_F(DispatcherTest, WhoSettlesWhereTheTenantHasLeftIsToldToComeAgain) {
  PutAction("ada", 1);
  const auto leases = Pull();
  ASSERT_EQ(1u, leases.size());
  const engine::Residence gone{.tenant = kTenant, .is_here = false};
  dispatcher_->OnResidence({&gone, 1});
  store::WriteBatch batch;  // its rows are dropped
  batch.Delete(Family::kState, state::Key(kTenant.value(), state::Table::kSettings, ""));
  ASSERT_TRUE(store_.Commit(batch).ok());
  const engine::SettleRequest ack{.token = leases[0].token};
  const Status settled = dispatcher_->Settle(kTenant, kSubscription, "worker", {&ack, 1}).status();
  EXPECT_EQ(StatusCode::kUnavailable, settled.code()) << settled;
}

// An owner whose lease has lapsed, or that was fenced, hands out nothing and decides nothing; what
// a subscriber has done is done, whoever is told.
TEST_F(DispatcherTest, WhoMayNotDeliverTakesOnlyAcks) {
  PutAction("ada", 1);
  PutAction("bob", 1);
  const auto leases = Pull();
  ASSERT_EQ(2u, leases.size());
  owner_->may_deliver = Unavailable("fenced by 'b' generation 2");
  PutAction("eve", 1);
  PutAction("joe", 1, Duration(0), Minutes(1));  // its window closes meanwhile
  clock_.AdvanceTo(kNoon + Seconds(20));
  const auto refused = dispatcher_->Pull(kTenant, kSubscription, 10, Seconds(30), Duration(1));
  EXPECT_EQ(refused.status(),
            Unavailable("nothing is delivered here now: fenced by 'b' generation 2"));
  for (const SettleWish wish : {SettleWish::kRetry, SettleWish::kExtend, SettleWish::kReject}) {
    EXPECT_EQ("LEASE_FENCED", Settle(leases[0].token, wish));
  }
  EXPECT_EQ("", Settle(leases[1].token, SettleWish::kAck));
  EXPECT_EQ(1u, owner_->commands.size());
  clock_.AdvanceTo(kNoon + Minutes(2));
  EXPECT_FALSE(dispatcher_->Pull(kTenant, kSubscription, 10, Seconds(30), Duration(1)).ok());
  EXPECT_TRUE(Undeliverables().empty());

  owner_->may_deliver = OkStatus();  // a heartbeat came back
  EXPECT_EQ(2u, Pull().size());      // ada, whose lease has run out, and eve
  ASSERT_EQ(1u, Undeliverables().size());
  EXPECT_EQ(1, Undeliverables()[0].generation);
}

// Put off for a thousand years, an action would neither go out nor expire.
TEST_F(DispatcherTest, ARetryPutsOffADayAtMost) {
  PutAction("ada", 1, Duration(0), Days(3));
  EXPECT_EQ("", Settle(Pull().at(0).token, SettleWish::kRetry, Days(365'000)));
  clock_.AdvanceTo(kNoon + Hours(24));
  EXPECT_EQ(1u, Pull().size());
}

TEST_F(DispatcherTest, ARetryHidesThatMemberOnly) {
  PutAction("ada", 1);
  PutAction("ada", 2);
  PutAction("bob", 1);
  const auto leases = Pull();
  ASSERT_EQ(2u, leases.size());
  for (const auto& lease : leases) {
    EXPECT_EQ("",
              Settle(lease.token,
                     lease.entry.profile == Profile("ada") ? SettleWish::kRetry : SettleWish::kAck,
                     Minutes(2)));
  }
  PutAction("bob", 2);
  const auto next = Pull();
  ASSERT_EQ(1u, next.size());
  EXPECT_EQ(Profile("bob"), next[0].entry.profile);
  clock_.AdvanceTo(kNoon + Minutes(2));
  bool found = false;
  for (const auto& lease : Pull()) {
    found = found || (lease.entry.profile == Profile("ada") && lease.attempt == 2);
  }
  EXPECT_TRUE(found);
}

TEST_F(DispatcherTest, AnActionAfterItsWindowIsReportedNotDelivered) {
  PutAction("ada", 1, Duration(0), Hours(1));
  clock_.AdvanceTo(kNoon + Hours(1));  // the end is outside
  EXPECT_TRUE(Pull().empty());
  const auto found = Undeliverables();
  ASSERT_EQ(1u, found.size());
  EXPECT_EQ(model::RefusalReason::kExpired, found[0].reason);
  EXPECT_TRUE(Pull().empty());
  EXPECT_EQ(1u, Undeliverables().size());  // said once
  // The shard's answer: a Void in its place.
  Put({.subscription = kSubscription,
       .profile = Profile("ada"),
       .sequence = 1,
       .decided_at = kNoon,
       .what = model::Void{.reason = "expired", .action = found[0].action}});
  const auto leases = Pull();
  ASSERT_EQ(1u, leases.size());
  EXPECT_TRUE(std::holds_alternative<model::Void>(leases[0].entry.what));
  EXPECT_EQ("", Settle(leases[0].token, SettleWish::kAck));
  EXPECT_TRUE(Pull().empty());
}

TEST_F(DispatcherTest, AnAttemptAfterAnOptOutIsReportedNotDelivered) {
  PutAction("ada", 1);
  ASSERT_EQ(1u, Pull().size());
  store::WriteBatch batch;
  batch.Put(Family::kState,
            state::SuppressionKey(kTenant.value(), "sms", KeyedHashOf(kKey, "+14155550100")),
            "STOP");
  ASSERT_TRUE(store_.Commit(batch).ok());
  clock_.AdvanceTo(kNoon + Minutes(1));  // the first attempt was lost
  EXPECT_TRUE(Pull().empty());
  const auto found = Undeliverables();
  ASSERT_EQ(1u, found.size());
  EXPECT_EQ(model::RefusalReason::kSuppressed, found[0].reason);
}

// mission: C36
TEST_F(DispatcherTest, AnAttemptWhileTheJourneyIsPausedIsReportedNotDelivered) {
  const auto put_journey = [&](model::JourneyState state) {
    store::WriteBatch batch;
    batch.Put(Family::kState, state::Key(kTenant.value(), state::Table::kJourney, "chase"),
              state::EncodeRow(model::JourneyDefinition{.id = "chase", .state = state}));
    ASSERT_TRUE(store_.Commit(batch).ok());
  };
  put_journey(model::JourneyState::kPaused);
  PutAction("ada", 1, Duration(0), Hours(8), "chase");
  EXPECT_TRUE(Pull().empty());
  const auto found = Undeliverables();
  ASSERT_EQ(1u, found.size());
  EXPECT_EQ(model::RefusalReason::kPaused, found[0].reason);
  EXPECT_EQ(1u, dispatcher_->counts().halted);
  put_journey(model::JourneyState::kLive);
  clock_.AdvanceTo(kNoon + Minutes(1));  // the shard said that the journey goes on
  EXPECT_EQ(1u, Pull().size());
}

TEST_F(DispatcherTest, AnAckThatCannotBeStoredFailsAndMayBeRepeated) {
  PutAction("ada", 1);
  const auto leases = Pull();
  ASSERT_EQ(1u, leases.size());
  owner_->failure = Unavailable("disk full");
  const engine::SettleRequest request{.token = leases[0].token, .wish = SettleWish::kAck};
  EXPECT_EQ(StatusCode::kUnavailable,
            dispatcher_->Settle(kTenant, kSubscription, "worker", {&request, 1}).status().code());
  owner_->failure = OkStatus();
  EXPECT_EQ("", Settle(leases[0].token, SettleWish::kAck));
  ASSERT_EQ(2u, owner_->commands.size());
  EXPECT_EQ(owner_->commands[0].request_id, owner_->commands[1].request_id);
}

TEST_F(DispatcherTest, APullWaitsForTheFirstEntry) {
  std::thread later([&] { PutAction("ada", 1); });
  const auto leases = dispatcher_->Pull(kTenant, kSubscription, 10, Seconds(30), Seconds(20));
  later.join();
  ASSERT_TRUE(leases.ok());
  EXPECT_EQ(1u, leases->size());
}

TEST_F(DispatcherTest, ServesNothingBeforeTheShardHasCaughtUpOrAfterTheEnd) {
  Dispatcher early(store_, log_, clock_, {});
  ASSERT_TRUE(early.Load().ok());
  EXPECT_EQ(StatusCode::kUnavailable,
            early.Pull(kTenant, kSubscription, 1, Seconds(30), Duration(0)).status().code());
  dispatcher_->Stop();
  EXPECT_EQ(StatusCode::kUnavailable,
            dispatcher_->Pull(kTenant, kSubscription, 1, Seconds(30), Seconds(20)).status().code());
}

TEST_F(DispatcherTest, NamesAnUnknownSubscriptionAndTenant) {
  EXPECT_EQ(
      "tenant 'studio' has no subscription 'crm': create it; what is decided from then on "
      "belongs to it",
      MessageOf(dispatcher_->Pull(kTenant, "crm", 1, Seconds(30), Duration(0)).status()));
  EXPECT_EQ(StatusCode::kNotFound,
            dispatcher_->Pull(model::TenantId("x"), kSubscription, 1, Seconds(30), Duration(0))
                .status()
                .code());
}

}  // namespace
}  // namespace spotter::dispatch
