// SPDX-License-Identifier: Apache-2.0
//
// Two owners with their dispatchers on one log: what was handed out by one is settled at the other.
// mission: C73
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "dispatch/dispatcher.h"
#include "log/in_memory_log.h"
#include "store/in_memory_store.h"
#include "unit/engine/log_view.h"
#include "wire/wire.h"

namespace spotter::dispatch {
namespace {

const EventTime kStart = *ParseTime("2026-03-02T10:00:00Z");
const model::TenantId kTenant("studio");
constexpr Duration kPatience = Seconds(30);  // far more than any test needs
constexpr Duration kLease = Seconds(5);

struct Process {
  Process(std::string name, bool is_standby, log::Log& log, const Clock& clock, const Clock& boot)
      : view(log), dispatcher(store, view, clock, {}) {
    EXPECT_TRUE(dispatcher.Load().ok());
    engine::Options options;
    options.owner = std::move(name);
    options.owner_lease = kLease;
    options.standby = is_standby;
    options.boot_clock = &boot;
    auto started = engine::Owner::Start(store, view, clock, options, {}, &dispatcher);
    EXPECT_TRUE(started.ok()) << started.status();
    owner = *std::move(started);
  }
  StatusOr<std::vector<engine::Lease>> Pull(Duration wait = Duration(0)) {
    return dispatcher.Pull(kTenant, "default", 10, Seconds(30), wait);
  }
  std::string Settle(const std::string& token, engine::SettleWish wish) {
    const engine::SettleRequest request{.token = token, .wish = wish};
    const auto results = dispatcher.Settle(kTenant, "default", "worker", {&request, 1});
    return results.ok() ? results->front().refusal : std::string(MessageOf(results.status()));
  }

  engine::LogView view;
  store::InMemoryStore store;
  Dispatcher dispatcher;
  std::unique_ptr<engine::Owner> owner;
};

class TakeoverTest : public testing::Test {
 protected:
  TakeoverTest()
      : clock_(kStart),
        boot_(EventTime{1'000'000}),
        log_(clock_),
        a_("a", false, log_, clock_, boot_),
        b_("b", true, log_, clock_, boot_) {
    EXPECT_TRUE(a_.owner->Claim(kPatience).ok());
    EXPECT_TRUE(a_.dispatcher.Begin(*a_.owner).ok());
    Submit("tenant", model::PutTenant{{.id = kTenant, .suppression_key = std::string(32, 'k')}});
    model::JourneyDefinition journey{.id = "call", .state = model::JourneyState::kLive};
    journey.entry_when = "events('visit').exists()";
    journey.steps = {{.id = "call", .what = model::TaskStep{.role = "desk", .kind = "call"}}};
    Submit("journey", model::PutJourney{journey, false});
    for (const char* member : {"ada", "bob"}) Visit(member);
  }

  void Submit(std::string id, decltype(model::Command::what) what) {
    const auto answer = a_.owner->Submit(
        {.request_id = std::move(id), .tenant = kTenant, .what = std::move(what)}, kPatience);
    ASSERT_TRUE(answer.ok()) << answer.status();
  }
  void Visit(const std::string& member) {
    model::MemberEvent event;
    event.tenant = kTenant;
    event.source = "square";
    event.source_event_id = "e-" + member;
    event.kind = model::EventKind::attendance;
    event.event_time = clock_.Now();
    event.customer_id = member;
    const auto offset = log::AppendDurable(log_, wire::Encode(model::LogRecord(event)));
    for (Process* process : {&a_, &b_}) {
      ASSERT_TRUE(process->owner->WaitApplied(*offset, kPatience).ok());
    }
  }
  // `b` takes over while `a` sees nothing of it, and waits until it delivers.
  void TakeOver() {
    a_.view.sees_below = log_.durable_end();
    ASSERT_TRUE(b_.owner->Promote(kPatience).ok());
    ASSERT_TRUE(b_.dispatcher.Begin(*b_.owner).ok());
  }
  // A heartbeat of now is read back.
  static void WaitUntilItDelivers(const Process& process) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!process.owner->may_deliver() && std::chrono::steady_clock::now() < end) {
      std::this_thread::yield();
    }
    ASSERT_TRUE(process.owner->MayDeliver().ok()) << process.owner->MayDeliver();
  }
  void Pass(Duration by) {
    clock_.AdvanceTo(clock_.Now() + by);
    boot_.AdvanceTo(boot_.Now() + by);
  }

  VirtualClock clock_;
  VirtualClock boot_;
  log::InMemoryLog log_;
  Process a_;
  Process b_;
};

TEST_F(TakeoverTest, OneDeliversAndWhatWasAckedAtEitherNeverComesAgain) {
  const auto of_a = a_.Pull();
  ASSERT_TRUE(of_a.ok()) << of_a.status();
  ASSERT_EQ(2u, of_a->size());
  EXPECT_EQ(b_.Pull().status().code(), StatusCode::kUnavailable);  // a standby
  TakeOver();
  EXPECT_EQ(b_.Pull().status().code(), StatusCode::kUnavailable);  // `a` may still deliver
  EXPECT_TRUE(a_.Pull().ok());
  Pass(kLease + Seconds(1));
  EXPECT_EQ(a_.Pull().status().code(), StatusCode::kUnavailable);  // its lease has run out
  EXPECT_EQ("LEASE_FENCED", a_.Settle((*of_a)[0].token, engine::SettleWish::kRetry));

  const auto of_b = b_.Pull(kPatience);  // waits for a heartbeat
  ASSERT_TRUE(of_b.ok()) << of_b.status();
  ASSERT_EQ(2u, of_b->size());
  EXPECT_EQ("LEASE_FENCED", b_.Settle((*of_a)[0].token, engine::SettleWish::kReject));
  EXPECT_EQ("", b_.Settle((*of_a)[0].token, engine::SettleWish::kAck));  // a stale ack counts
  EXPECT_EQ("", b_.Settle((*of_b)[1].token, engine::SettleWish::kAck));

  a_.view.sees_below = std::numeric_limits<log::Offset>::max();
  ASSERT_TRUE(a_.owner->WaitApplied(log_.durable_end() - 1, kPatience).ok());
  EXPECT_EQ(MessageOf(a_.Pull(kPatience).status()),  // at once: it will not get better
            "nothing is delivered here now: fenced by 'b' generation 2");
  Pass(Hours(1));  // all leases have run out
  WaitUntilItDelivers(b_);
  const auto again = b_.Pull();
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->empty());
}

// A zombie that acts between its check and the log: its records lie behind the claim.
TEST_F(TakeoverTest, RecordsOfAnOlderGenerationChangeNothing) {
  const auto of_a = a_.Pull();
  ASSERT_TRUE(of_a.ok());
  ASSERT_EQ(2u, of_a->size());
  TakeOver();
  const model::OutboxEntry& entry = (*of_a)[0].entry;
  const model::ActionId action = std::get<model::Action>(entry.what).id;
  const auto append = [&](decltype(model::Command::what) what) {
    return *log::AppendDurable(log_, wire::Encode(model::Command{
                                         .request_id = "zombie", .tenant = kTenant, .what = what}));
  };
  append(model::Undeliverable{.subscription = "default",
                              .profile = entry.profile,
                              .sequence = entry.sequence,
                              .action = action,
                              .generation = 1});
  model::Settle reject{.subscription = "default", .generation = 1};
  reject.settlements = {{.profile = entry.profile,
                         .sequence = entry.sequence,
                         .action = action,
                         .outcome = model::SettleOutcome::kReject}};
  const auto offset = append(reject);
  ASSERT_TRUE(b_.owner->WaitApplied(offset, kPatience).ok());
  const auto found =
      engine::FindOutboxEntry(b_.store, kTenant, "default", entry.profile, entry.sequence);
  ASSERT_TRUE(found.ok() && found->has_value());
  ASSERT_TRUE(std::holds_alternative<model::Action>((*found)->what));
  EXPECT_EQ(action, std::get<model::Action>((*found)->what).id);
}

}  // namespace
}  // namespace spotter::dispatch
