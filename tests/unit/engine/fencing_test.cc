// SPDX-License-Identifier: Apache-2.0
//
// Two owners, each with its own store, on one log: takeover, a zombie, promotion, heartbeats.
// mission: C73
#include <gtest/gtest.h>

#include <thread>

#include "engine/owner.h"
#include "engine/queries.h"
#include "log/in_memory_log.h"
#include "store/in_memory_store.h"
#include "unit/engine/log_view.h"
#include "wire/wire.h"

namespace spotter::engine {
namespace {

const EventTime kStart = *ParseTime("2026-03-02T10:00:00Z");
const model::TenantId kTenant("studio");
constexpr Duration kPatience = Seconds(30);  // far more than any test needs
constexpr Duration kLease = Seconds(5);

struct Process {
  Process(std::string name, log::Log& log, const Clock& clock, const Clock& boot, bool is_standby)
      : view(log) {
    options = {.owner = std::move(name),
               .owner_lease = kLease,
               .standby = is_standby,
               .boot_clock = &boot};
    Start(clock);
  }
  void Start(const Clock& clock) {
    auto started = Owner::Start(store, view, clock, options, {}, nullptr);
    EXPECT_TRUE(started.ok()) << started.status();
    owner = *std::move(started);
  }
  // The owner's thread has begun another turn of its loop since, and read what there is.
  void Settle() {
    for (int turn = 0; turn < 3; ++turn) {
      EXPECT_TRUE(owner->BetweenBatches([](const state::Meta&) { return OkStatus(); }).ok());
    }
  }

  LogView view;
  store::InMemoryStore store;
  Options options;
  std::unique_ptr<Owner> owner;
};

class FencingTest : public testing::Test {
 protected:
  FencingTest()
      : clock_(kStart),
        boot_(EventTime{1'000'000}),
        log_(clock_),
        a_("a", log_, clock_, boot_, false),
        b_("b", log_, clock_, boot_, true) {}

  template <typename Condition>
  static bool Eventually(const Condition& condition) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::yield();
    }
    return true;
  }
  void Advance(Duration by) {
    clock_.AdvanceTo(clock_.Now() + by);
    boot_.AdvanceTo(boot_.Now() + by);
  }
  // The clocks move by `by` in steps in which every owner that can sees its heartbeats.
  void PassTime(Duration by, std::initializer_list<Process*> alive) {
    const Duration step = kLease / 5;
    for (Duration passed{0}; passed < by; passed += step) {
      Advance(step);
      for (Process* process : alive) {
        const uint64_t seen = process->owner->status().heartbeats;
        const bool beats = process->owner->status().is_owner;
        process->Settle();
        if (beats && passed.count() % (2 * step.count()) != 0) {
          EXPECT_TRUE(Eventually([&] { return process->owner->status().heartbeats > seen; }));
        }
      }
    }
  }
  static model::Command CreateTenant(std::string request_id) {
    model::TenantSettings settings;
    settings.id = kTenant;
    settings.suppression_key = std::string(32, 'k');
    return {
        .request_id = std::move(request_id), .tenant = kTenant, .what = model::PutTenant{settings}};
  }
  bool HasCaughtUp(Process& process) {
    return process.owner->WaitApplied(log_.durable_end() - 1, kPatience).ok();
  }

  VirtualClock clock_;
  VirtualClock boot_;
  log::InMemoryLog log_;
  Process a_;
  Process b_;
};

TEST_F(FencingTest, AnOwnerWithALeaseClaimsBeforeItActs) {
  EXPECT_EQ(a_.owner->Submit(CreateTenant("c"), kPatience).status(),
            Unavailable("the shard is not claimed yet"));
  EXPECT_FALSE(a_.owner->may_deliver());
  ASSERT_TRUE(a_.owner->Claim(kPatience).ok());
  EXPECT_TRUE(a_.owner->may_deliver());
  EXPECT_TRUE(a_.owner->Submit(CreateTenant("c"), kPatience).ok());
  const OwnerStatus status = a_.owner->status();
  EXPECT_TRUE(status.is_owner);
  EXPECT_EQ(status.generation, 1);
  EXPECT_EQ(status.not_delivering, "");
  ASSERT_TRUE(a_.owner->Claim(kPatience).ok());  // it is already
  EXPECT_EQ(a_.owner->status().generation, 1);
}

TEST_F(FencingTest, AStandbyAppliesAllAndAppendsNothing) {
  ASSERT_TRUE(a_.owner->Claim(kPatience).ok());
  ASSERT_TRUE(a_.owner->Submit(CreateTenant("c"), kPatience).ok());
  ASSERT_TRUE(HasCaughtUp(b_));
  EXPECT_EQ(b_.owner->status().state_hash, a_.owner->status().state_hash);
  EXPECT_TRUE(b_.owner->status().is_standby);
  EXPECT_EQ(b_.owner->Claim(kPatience).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(b_.owner->Submit(CreateTenant("d"), kPatience).status(),
            Unavailable("this process follows the shard as a standby"));
  EXPECT_FALSE(b_.owner->may_deliver());
  Advance(Hours(1));  // silence, for which an owner would append a tick
  b_.Settle();
  EXPECT_EQ(b_.view.appends, 0);
}

TEST_F(FencingTest, HeartbeatsKeepItDelivering) {
  ASSERT_TRUE(a_.owner->Claim(kPatience).ok());
  PassTime(Minutes(1), {&a_});
  EXPECT_TRUE(a_.owner->may_deliver()) << a_.owner->MayDeliver();
  EXPECT_GE(a_.owner->status().heartbeats, 20u);
}

TEST_F(FencingTest, AZombieDeliversNothingAndChangesNothing) {
  ASSERT_TRUE(a_.owner->Claim(kPatience).ok());
  ASSERT_TRUE(a_.owner->Submit(CreateTenant("c"), kPatience).ok());
  a_.view.sees_below = log_.durable_end();
  Advance(kLease);
  EXPECT_FALSE(a_.owner->may_deliver());  // nobody told it: its heartbeats do not come back
  const log::Offset claim = log_.durable_end();
  ASSERT_TRUE(b_.owner->Promote(kPatience).ok());
  EXPECT_EQ(b_.owner->status().generation, 2);
  EXPECT_FALSE(b_.owner->may_deliver());
  // A client that still finds the zombie: its command gets into the log, and is not answered there.
  const model::Command late{.request_id = "late",
                            .tenant = kTenant,
                            .what = model::PutSegment{{.id = "all", .expression = "true"}}};
  StatusOr<state::Answer> answer = state::Answer();
  const log::Offset before = log_.durable_end();
  std::thread client([&] { answer = a_.owner->Submit(late, kPatience); });
  ASSERT_TRUE(Eventually([&] { return log_.durable_end() > before; }));
  PassTime(kLease + Seconds(1), {&b_});
  EXPECT_TRUE(b_.owner->may_deliver()) << b_.owner->MayDeliver();
  EXPECT_FALSE(a_.owner->may_deliver());

  a_.view.sees_below = before;  // it wakes up, and comes as far as the claim
  EXPECT_GT(before, claim);
  client.join();
  EXPECT_EQ(answer.status(), Unavailable("fenced by 'b' generation 2"));
  a_.view.sees_below = std::numeric_limits<log::Offset>::max();
  EXPECT_TRUE(a_.owner->status().fenced);
  EXPECT_EQ(a_.owner->MayDeliver(), Unavailable("fenced by 'b' generation 2"));
  EXPECT_EQ(a_.owner->Submit(CreateTenant("d"), kPatience).status(),
            Unavailable("fenced by 'b' generation 2"));
  EXPECT_EQ(a_.owner->Claim(kPatience).code(), StatusCode::kFailedPrecondition);
  const log::Offset resent = log_.durable_end();
  const auto again = b_.owner->Submit(late, kPatience);  // done there, and not twice
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_GE(again->offset, before);
  EXPECT_LT(again->offset, resent);  // what the zombie appended, maybe behind a heartbeat

  const int appended = a_.view.appends;
  PassTime(Minutes(1), {&b_});
  a_.Settle();
  EXPECT_EQ(a_.view.appends, appended);  // no tick, no heartbeat, no work
  EXPECT_TRUE(b_.owner->may_deliver());
  ASSERT_TRUE(b_.owner->Stop().ok());
  ASSERT_TRUE(HasCaughtUp(a_));
  EXPECT_EQ(a_.owner->status().state_hash, b_.owner->status().state_hash);
}

TEST_F(FencingTest, ACleanStopHandsOverAtOnce) {
  ASSERT_TRUE(a_.owner->Claim(kPatience).ok());
  ASSERT_TRUE(a_.owner->Stop().ok());
  EXPECT_FALSE(a_.owner->may_deliver());
  ASSERT_TRUE(HasCaughtUp(b_));
  ASSERT_TRUE(b_.owner->Promote(kPatience).ok());
  EXPECT_TRUE(b_.owner->may_deliver()) << b_.owner->MayDeliver();
}

// The same directory after a crash: its lock says that the process before is gone.
TEST_F(FencingTest, ARestartOnTheSameDirectoryDeliversAtOnce) {
  ASSERT_TRUE(a_.owner->Claim(kPatience).ok());
  Process again("a", log_, clock_, boot_, false);
  ASSERT_TRUE(HasCaughtUp(again));
  ASSERT_TRUE(again.owner->Claim(kPatience).ok());
  EXPECT_TRUE(again.owner->may_deliver()) << again.owner->MayDeliver();
  EXPECT_TRUE(Eventually([&] { return a_.owner->status().fenced; }));
}

TEST_F(FencingTest, TheStateKeepsWhoOwnsTheShard) {
  ASSERT_TRUE(a_.owner->Claim(kPatience).ok());
  ASSERT_TRUE(HasCaughtUp(b_));
  ASSERT_TRUE(b_.owner->Stop().ok());
  b_.Start(clock_);  // what it knows of `a` is in its store: the claim is not read again
  ASSERT_TRUE(b_.owner->Promote(kPatience).ok());
  EXPECT_EQ(b_.owner->status().generation, 2);
  EXPECT_FALSE(b_.owner->may_deliver());
}

// Two at one moment: the log orders their claims, one is above the other, and at no instant do both
// deliver. mission: C73
TEST_F(FencingTest, ClaimsOfOneMomentAreOrderedByTheLog) {
  ASSERT_TRUE(b_.owner->Stop().ok());
  b_.options.standby = false;
  b_.Start(clock_);
  std::thread one([&] { (void)a_.owner->Claim(kPatience); });
  std::thread two([&] { (void)b_.owner->Claim(kPatience); });
  one.join();
  two.join();
  for (int i = 0; i < 20; ++i) {
    const bool a = a_.owner->may_deliver();
    const bool b = b_.owner->may_deliver();
    EXPECT_FALSE(a && b);
    Advance(kLease / 5);
    a_.Settle();
    b_.Settle();
  }
  EXPECT_TRUE(Eventually([&] {
    return a_.owner->status().fenced + b_.owner->status().fenced == 1 &&
           a_.owner->may_deliver() + b_.owner->may_deliver() == 1;
  }));
}

}  // namespace
}  // namespace spotter::engine
