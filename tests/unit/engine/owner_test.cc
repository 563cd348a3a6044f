// SPDX-License-Identifier: Apache-2.0
//
// The owner's thread on in-memory ports and a clock that the test moves.
// mission: C38
#include "engine/owner.h"

#include <gtest/gtest.h>

#include <mutex>
#include <thread>

#include "engine/queries.h"
#include "state/keys.h"
#include "state/verify_hash.h"
#include "store/in_memory_store.h"
#include "unit/engine/faulty_log.h"
#include "wire/wire.h"

namespace spotter::engine {
namespace {

const EventTime kStart = *ParseTime("2026-03-02T10:00:00Z");
const model::TenantId kTenant("studio");
constexpr Duration kPatience = Seconds(30);  // far more than any test needs

// Keeps what it hears, and whether the store held it by then.
class Listener final : public EffectListener {
 public:
  explicit Listener(const store::Store& store) : store_(store) {}
  void OnOutbox(std::span<const OutboxChange> changes) override {
    const std::lock_guard lock(mutex_);
    for (const OutboxChange& change : changes) {
      const auto entry = FindOutboxEntry(store_, change.tenant, change.entry.subscription,
                                         change.entry.profile, change.entry.sequence);
      committed_ = committed_ && entry->has_value() == !change.removed;
      heard_++;
    }
  }
  size_t heard() const {
    const std::lock_guard lock(mutex_);
    return heard_;
  }
  bool committed() const {
    const std::lock_guard lock(mutex_);
    return committed_;
  }

 private:
  const store::Store& store_;
  mutable std::mutex mutex_;
  size_t heard_ = 0;
  bool committed_ = true;
};

class OwnerTest : public testing::Test {
 protected:
  OwnerTest() : clock_(kStart), log_(clock_), listener_(store_) {}

  void SetUp() override { Start(); }
  void Start(Options options = {}) {
    auto owner = Owner::Start(store_, log_, clock_, options, {}, &listener_);
    ASSERT_TRUE(owner.ok()) << owner.status();
    owner_ = *std::move(owner);
  }
  static model::Command Asking(std::string request_id, decltype(model::Command::what) what) {
    return {.request_id = std::move(request_id),
            .tenant = kTenant,
            .principal = "test",
            .what = std::move(what)};
  }
  StatusOr<state::Answer> Submit(std::string request_id, decltype(model::Command::what) what,
                                 Duration patience = kPatience) {
    return owner_->Submit(Asking(std::move(request_id), std::move(what)), patience);
  }
  void CreateTenant() {
    model::TenantSettings settings;
    settings.id = kTenant;
    settings.suppression_key = std::string(32, 'k');
    const auto answer = Submit("create", model::PutTenant{settings});
    ASSERT_TRUE(answer.ok()) << answer.status();
  }
  static model::PutSegment Segment(std::string id, std::string expression) {
    return {{.id = std::move(id), .title = "", .expression = std::move(expression)}};
  }
  int64_t Visit(std::string customer) {
    model::MemberEvent event;
    event.tenant = kTenant;
    event.source = "square";
    event.source_event_id = "e-" + customer;
    event.kind = model::EventKind::attendance;
    event.event_time = clock_.Now();
    event.customer_id = std::move(customer);
    return *log::AppendDurable(log_, wire::Encode(model::LogRecord(event)));
  }
  // A journey that asks staff to call whoever enquired.
  static model::PutJourney CallWhoVisits() {
    model::JourneyDefinition journey{.id = "call", .state = model::JourneyState::kLive};
    journey.entry_when = "events('visit').exists()";
    journey.steps = {{.id = "call", .what = model::TaskStep{.role = "desk", .kind = "call"}}};
    return {std::move(journey), false};
  }
  model::Membership MembershipOf(std::string_view customer, std::string_view segment) {
    const auto profile = FindProfileByRecord(store_, kTenant, "square", customer);
    const auto member = LoadMember(store_, kTenant, *profile);
    for (const model::Membership& one : member->profile.memberships) {
      if (one.segment == segment) return one;
    }
    return {};
  }

  VirtualClock clock_;
  store::InMemoryStore store_;
  FaultyLog log_;
  Listener listener_;
  std::unique_ptr<Owner> owner_;
};

TEST_F(OwnerTest, AnswersACommandOnceItIsApplied) {
  CreateTenant();
  const auto answer = Submit("s1", Segment("visited", "events('visit').exists()"));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ("1", answer->result);
  EXPECT_LT(answer->offset, owner_->status().next_offset);
  EXPECT_EQ(1u, ListSegments(store_, kTenant)->size());
}

TEST_F(OwnerTest, AnErrorOfTheCommandIsTheAnswer) {
  CreateTenant();
  const auto answer = Submit("s1", Segment("broken", "events('visti').exists()"));
  EXPECT_EQ(StatusCode::kInvalidArgument, answer.status().code());
  const auto unknown = owner_->Submit(
      {.request_id = "x", .tenant = model::TenantId("nobody"), .what = model::SeekSubscription{}},
      kPatience);
  EXPECT_EQ(StatusCode::kNotFound, unknown.status().code());
}

TEST_F(OwnerTest, ARepeatedRequestGetsTheFirstAnswer) {
  CreateTenant();
  const auto first = Submit("s1", Segment("a", "true"));
  const auto again = Submit("s1", Segment("b", "true"));
  ASSERT_TRUE(first.ok() && again.ok());
  EXPECT_EQ(first->offset, again->offset);
  EXPECT_EQ("a", (*ListSegments(store_, kTenant))[0].id);
  EXPECT_EQ(1u, ListSegments(store_, kTenant)->size());
}

TEST_F(OwnerTest, ManyAskAtOnceAndEachIsAnswered) {
  CreateTenant();
  std::vector<std::thread> threads;
  std::atomic<int> answered = 0;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&, i] {
      // Two ask under each id.
      const auto answer =
          Submit(fmt::format("s{}", i / 2), Segment(fmt::format("s{}", i / 2), "true"));
      if (answer.ok()) answered++;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(16, answered);
  EXPECT_EQ(8u, ListSegments(store_, kTenant)->size());
}

TEST_F(OwnerTest, ARefusedAppendIsUnavailableAndChangesNothing) {
  CreateTenant();
  log_.refuses_appends = true;
  EXPECT_EQ(StatusCode::kUnavailable, Submit("s1", Segment("a", "true")).status().code());
  log_.refuses_appends = false;
  ASSERT_TRUE(Submit("s2", Segment("b", "true")).ok());
  EXPECT_EQ(1u, ListSegments(store_, kTenant)->size());
}

TEST_F(OwnerTest, AFullDiskIsSaidOnceAndPausesNothing) {
  CreateTenant();
  testing::internal::CaptureStderr();
  const int64_t before = log_.end();
  log_.refuses_appends = true;
  clock_.AdvanceTo(kStart + Minutes(1));  // a tick is wanted after so much silence
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (log_.refusals < 20 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  EXPECT_EQ("", owner_->status().paused);
  log_.refuses_appends = false;
  EXPECT_TRUE(owner_->WaitApplied(before, kPatience).ok());
  ASSERT_TRUE(owner_->Stop().ok());
  const std::string said = testing::internal::GetCapturedStderr();
  const auto count = [&](std::string_view words) {
    size_t found = 0;
    for (size_t at = said.find(words); at != said.npos; at = said.find(words, at + 1)) ++found;
    return found;
  };
  EXPECT_LE(20, log_.refusals);
  EXPECT_EQ(1u, count("ticks are not appended")) << said;
  EXPECT_EQ(1u, count("ticks are appended again")) << said;
}

TEST_F(OwnerTest, OnTimeoutTheCommandMayStillBeAppliedAndItsAnswerFetched) {
  CreateTenant();
  log_.holds_back = true;
  const Status late = Submit("s1", Segment("a", "true"), Duration(20)).status();
  EXPECT_EQ(StatusCode::kDeadlineExceeded, late.code());
  EXPECT_NE(std::string::npos, MessageOf(late).find("ask again with the same request id"));
  EXPECT_EQ(StatusCode::kDeadlineExceeded,
            owner_->WaitApplied(log_.end() - 1, Duration(20)).code());
  log_.holds_back = false;
  const auto answer = Submit("s1", Segment("other", "true"));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ("1", answer->result);
  EXPECT_EQ("a", (*ListSegments(store_, kTenant))[0].id);
}

TEST_F(OwnerTest, EffectsAreHeardAfterTheirCommit) {
  CreateTenant();
  ASSERT_TRUE(Submit("j1", CallWhoVisits()).ok());
  for (int i = 0; i < 20; ++i) Visit(fmt::format("c{}", i));
  ASSERT_TRUE(owner_->WaitApplied(log_.end() - 1, kPatience).ok());
  ASSERT_TRUE(owner_->Stop().ok());
  EXPECT_EQ(20u, listener_.heard());
  EXPECT_TRUE(listener_.committed());
}

TEST_F(OwnerTest, AFailedCommitReopensTheShardAndNothingIsDoubled) {
  CreateTenant();
  ASSERT_TRUE(Submit("j1", CallWhoVisits()).ok());
  ASSERT_TRUE(owner_->CatchUp(kPatience).ok());
  ASSERT_TRUE(owner_
                  ->BetweenBatches([&](const state::Meta&) {
                    store_.FailCommitAfter(1);
                    return OkStatus();
                  })
                  .ok());
  Visit("c1");
  ASSERT_TRUE(Submit("s1", Segment("visited", "events('visit').exists()")).ok());
  EXPECT_EQ("", owner_->status().quarantine);
  ASSERT_TRUE(owner_->CatchUp(kPatience).ok());
  ASSERT_TRUE(owner_->Stop().ok());
  EXPECT_EQ(1u, listener_.heard());
  EXPECT_EQ(*state::HashByScan(store_), owner_->status().state_hash);
}

TEST_F(OwnerTest, DamageInTheLogQuarantinesTheShardAndNamesIt) {
  CreateTenant();
  log_.damaged_from = log_.end();
  const Status refused = Submit("s1", Segment("a", "true")).status();
  EXPECT_EQ(StatusCode::kUnavailable, refused.code());
  EXPECT_NE(std::string::npos, MessageOf(refused).find("segment-7.log"));
  EXPECT_NE("", owner_->status().quarantine);
  // An opt-out that it cannot read any more must not be passed over.
  EXPECT_EQ(StatusCode::kUnavailable, owner_->MayDeliver().code());
  EXPECT_EQ(StatusCode::kUnavailable, owner_->WaitApplied(log_.end(), kPatience).code());
  EXPECT_EQ(StatusCode::kUnavailable, owner_->CatchUp(kPatience).code());
  // What is stored can still be looked at, and copied.
  EXPECT_TRUE(owner_->BetweenBatches([](const state::Meta&) { return OkStatus(); }).ok());
  EXPECT_TRUE(FindTenant(store_, kTenant)->has_value());
  ASSERT_TRUE(owner_->Stop().ok());
  // An unclean stop: the next owner goes on where this one stood.
  EXPECT_EQ("0", *store_.Get(store::Family::kState, state::CleanStopKey()));
  log_.damaged_from = -1;
  Start();
  EXPECT_TRUE(Submit("s1", Segment("a", "true")).ok());
}

TEST_F(OwnerTest, WorkBetweenBatchesSeesASyncedStore) {
  CreateTenant();
  int64_t seen = -1;
  size_t unsynced = 99;
  const Status status = owner_->BetweenBatches([&](const state::Meta& meta) {
    seen = meta.next_offset;
    unsynced = store_.unsynced();
    return Aborted("told");
  });
  EXPECT_EQ(StatusCode::kAborted, status.code());
  EXPECT_EQ(owner_->status().next_offset, seen);
  EXPECT_EQ(0u, unsynced);
  ASSERT_TRUE(owner_->Stop().ok());
  EXPECT_EQ(StatusCode::kFailedPrecondition,
            owner_->BetweenBatches([](const state::Meta&) { return OkStatus(); }).code());
}

TEST_F(OwnerTest, CatchesUpWithAClockThatMovedByDays) {
  CreateTenant();
  ASSERT_TRUE(Submit("s1", Segment("away", "!events('visit').within(days(14)).exists()")).ok());
  ASSERT_TRUE(owner_->WaitApplied(Visit("c1"), kPatience).ok());
  ASSERT_TRUE(owner_->CatchUp(kPatience).ok());
  EXPECT_FALSE(MembershipOf("c1", "away").is_member);
  clock_.AdvanceTo(kStart + Days(90));
  ASSERT_TRUE(owner_->CatchUp(kPatience).ok());
  EXPECT_EQ(kStart + Days(90), owner_->status().shard_time);
  EXPECT_TRUE(MembershipOf("c1", "away").is_member);
  EXPECT_EQ(kStart + Days(14), MembershipOf("c1", "away").since);  // at its instant
}

TEST_F(OwnerTest, DecidesExistingMembersUnderANewDefinition) {
  CreateTenant();
  for (int i = 0; i < 30; ++i) Visit(fmt::format("c{}", i));
  ASSERT_TRUE(Submit("s1", Segment("visited", "events('visit').exists()")).ok());
  ASSERT_TRUE(owner_->CatchUp(kPatience).ok());
  EXPECT_EQ(30u, ListSegmentMembers(store_, kTenant, "visited", 100, "")->rows.size());
  EXPECT_FALSE(ReadProgress(store_, kTenant)->work_pending);
}

// Nobody calls CatchUp here: a timer that is due, and silence, are the owner's own business.
TEST_F(OwnerTest, TicksByItselfWhenATimerIsDueAndAfterSilence) {
  CreateTenant();
  ASSERT_TRUE(Submit("s1", Segment("away", "!events('visit').within(days(14)).exists()")).ok());
  ASSERT_TRUE(owner_->WaitApplied(Visit("c1"), kPatience).ok());
  ASSERT_TRUE(owner_->CatchUp(kPatience).ok());
  int64_t end = log_.end();
  clock_.AdvanceTo(kStart + Days(14));
  ASSERT_TRUE(owner_->WaitApplied(end + 1, kPatience).ok());  // a jump is confirmed by a second
  EXPECT_TRUE(MembershipOf("c1", "away").is_member);

  ASSERT_TRUE(owner_->CatchUp(kPatience).ok());
  end = log_.end();
  clock_.AdvanceTo(kStart + Days(14) + Seconds(10));
  ASSERT_TRUE(owner_->WaitApplied(end, kPatience).ok());
  EXPECT_EQ(kStart + Days(14) + Seconds(10), owner_->status().shard_time);
}

TEST_F(OwnerTest, StopsCleanlyTwiceAndGoesOnFromThere) {
  CreateTenant();
  Visit("c1");
  ASSERT_TRUE(owner_->WaitApplied(log_.end() - 1, kPatience).ok());
  const OwnerStatus before = owner_->status();
  EXPECT_TRUE(owner_->Stop().ok());
  EXPECT_TRUE(owner_->Stop().ok());
  EXPECT_EQ("1", *store_.Get(store::Family::kState, state::CleanStopKey()));
  EXPECT_EQ(0u, store_.unsynced());
  Start();
  EXPECT_EQ(before.state_hash, owner_->status().state_hash);
  EXPECT_EQ(before.next_offset, owner_->status().next_offset);
}

TEST_F(OwnerTest, BatchesOfOneGiveTheSameState) {
  CreateTenant();
  ASSERT_TRUE(Submit("j1", CallWhoVisits()).ok());
  ASSERT_TRUE(owner_->CatchUp(kPatience).ok());
  for (int i = 0; i < 50; ++i) Visit(fmt::format("c{}", i % 7));
  ASSERT_TRUE(owner_->WaitApplied(log_.end() - 1, kPatience).ok());
  ASSERT_TRUE(owner_->Stop().ok());
  store::InMemoryStore other;
  Options one{.batch_records_max = 1, .members_cached_max = 2};
  const auto replica = Owner::Start(other, log_, clock_, one, {}, nullptr);
  ASSERT_TRUE(replica.ok());
  ASSERT_TRUE((*replica)->WaitApplied(owner_->status().next_offset - 1, kPatience).ok());
  ASSERT_TRUE((*replica)->Stop().ok());
  EXPECT_EQ(owner_->status().next_offset, (*replica)->status().next_offset);
  EXPECT_EQ(owner_->status().state_hash, (*replica)->status().state_hash);
}

}  // namespace
}  // namespace spotter::engine
