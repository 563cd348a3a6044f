// SPDX-License-Identifier: Apache-2.0
//
// Who may deliver, as a game of processes on one log: they are paused between any two of their
// steps, their appends land late or without an answer, they crash, restart and stop.
#include "engine/ownership.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>

namespace spotter::engine {
namespace {

constexpr Duration kLease = Seconds(5);

// One process: at most one append under way, as on the owner's thread.
struct Process {
  std::string name;
  Options options;
  std::unique_ptr<Ownership> ownership;
  size_t read = 0;      // entries of the log applied
  model::Claim newest;  // of them
  struct Append {
    model::Claim claim;
    EventTime began;
    std::optional<int64_t> offset;  // it has landed
    bool is_lost = false;           // it will land, and the process will be told that it failed
  };
  std::optional<Append> append;
};

class Game {
 public:
  Game(uint64_t seed, size_t processes) : random_(seed) {
    for (size_t i = 0; i < processes; ++i) {
      Process& process = processes_.emplace_back();
      process.name = fmt::format("p{}", i);
      process.options = {
          .owner = process.name, .owner_lease = Seconds(Chance(2) ? 2 : 20), .standby = i > 0};
      Start(process);
    }
  }

  void Start(Process& process) {
    if (process.append.has_value() && !process.append->offset.has_value()) {
      ghosts_.push_back(process.append->claim);  // lands late or never, told to nobody
    }
    process.append.reset();
    if (Chance(3)) process.read = 0, process.newest = {};  // from an older snapshot
    process.ownership = std::make_unique<Ownership>(process.options, clock_);
    process.ownership->Ask();
  }

  // A step of a random process; a paused one is one that is not chosen for long.
  void Step() {
    if (Chance(4)) clock_.AdvanceTo(clock_.Now() + Duration(Below(2500)));
    Process& process = processes_[Below(processes_.size())];
    const size_t turns = 1 + Below(6);
    for (size_t turn = 0; turn < turns; ++turn) Turn(process);
    if (!ghosts_.empty() && Chance(10)) {
      log_.push_back(ghosts_.back());
      ghosts_.pop_back();
    }
    if (Chance(40)) process.ownership->Promote();
    if (Chance(60)) Crash(process);
    if (Chance(80)) Stop(process);
  }

  size_t Delivering() {
    size_t delivering = 0;
    for (const Process& process : processes_) {
      if (process.ownership->MayDeliver().ok()) delivering++;
    }
    delivered_ += delivering;
    return delivering;
  }
  size_t delivered() const { return delivered_; }
  size_t takeovers() const {
    model::Claim newest;
    size_t count = 0;
    for (size_t i = 0; i < log_.size(); ++i) {
      count += FoldClaim(static_cast<int64_t>(i), log_[i], newest).in_force ? 1 : 0;
    }
    return count;
  }
  void RunAll(int rounds) {
    for (int round = 0; round < rounds; ++round) {
      clock_.AdvanceTo(clock_.Now() + Duration(500));
      for (Process& process : processes_) {
        for (int turn = 0; turn < 10; ++turn) Turn(process);
      }
    }
  }
  Process& process(size_t i) { return processes_[i]; }

 private:
  size_t Below(size_t n) { return random_() % n; }
  bool Chance(size_t one_in) { return Below(one_in) == 0; }

  void Land(Process& process) {
    if (!process.append.has_value() || process.append->offset.has_value()) return;
    process.append->offset = static_cast<int64_t>(log_.size());
    log_.push_back(process.append->claim);
  }
  void Turn(Process& process) {
    if (process.append.has_value()) {
      if (!process.append->offset.has_value()) return Land(process);
      if (!process.append->is_lost) {
        process.ownership->Appended(*process.append->offset, process.append->began);
      }
      return process.append.reset();
    }
    if (process.read < log_.size() && !Chance(3)) {
      const size_t offset = process.read++;
      return process.ownership->Applied(
          FoldClaim(static_cast<int64_t>(offset), log_[offset], process.newest));
    }
    if (auto claim = process.ownership->Next(process.newest)) {
      process.append = {.claim = *claim, .began = clock_.Now(), .offset = {}, .is_lost = Chance(9)};
    }
  }
  void Crash(Process& process) {
    if (Chance(2)) Land(process);
    process.options.standby = Chance(2);
    Start(process);
  }
  void Stop(Process& process) {
    if (process.append.has_value()) return;
    if (const auto claim = process.ownership->Release()) log_.push_back(*claim);
    process.options.standby = true;
    Start(process);
  }

  VirtualClock clock_{EventTime{1'000'000}};
  std::mt19937_64 random_;
  std::vector<model::Claim> log_;
  std::vector<model::Claim> ghosts_;  // appended by processes that are gone, not landed yet
  std::deque<Process> processes_;
  size_t delivered_ = 0;
};

// mission: C73
TEST(Ownership, LetsOneProcessDeliverAtAnyInstant) {
  size_t delivered = 0;
  size_t takeovers = 0;
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    Game game(seed, 2 + seed % 3);
    for (int step = 0; step < 500; ++step) {
      game.Step();
      ASSERT_LE(game.Delivering(), 1u) << "seed " << seed << " step " << step;
    }
    delivered += game.delivered();
    takeovers += game.takeovers();
    // Left in peace, somebody delivers; whoever was fenced starts again as a supervisor would do.
    game.RunAll(100);
    for (size_t i = 0; i < 2; ++i) {
      if (!game.process(i).ownership->is_fenced()) game.process(i).ownership->Promote();
    }
    game.process(0).options.standby = false;
    game.Start(game.process(0));
    game.RunAll(100);
    ASSERT_EQ(game.Delivering(), 1u) << "seed " << seed;
  }
  EXPECT_GT(delivered, 20'000u);  // the game is about something
  EXPECT_GT(takeovers, 2'000u);
}

class OwnershipTest : public testing::Test {
 protected:
  // The process's next claim, appended and, unless `is_read` is false, read back.
  std::optional<model::Claim> Turn(Ownership& ownership, bool is_read = true) {
    const auto claim = ownership.Next(newest_);
    if (!claim.has_value()) return claim;
    const EventTime began = clock_.Now();
    ownership.Appended(offset_, began);
    if (is_read) ownership.Applied(FoldClaim(offset_, *claim, newest_));
    offset_++;
    return claim;
  }
  void Advance(Duration by) { clock_.AdvanceTo(clock_.Now() + by); }

  VirtualClock clock_{EventTime{1'000'000}};
  model::Claim newest_;
  int64_t offset_ = 0;
};

TEST_F(OwnershipTest, HeartbeatsEveryThirdOfTheLease) {
  Ownership one({.owner = "one", .owner_lease = kLease}, clock_);
  EXPECT_FALSE(Turn(one).has_value());  // nobody asked
  one.Ask();
  ASSERT_TRUE(Turn(one).has_value());
  EXPECT_TRUE(one.MayDeliver().ok());
  EXPECT_FALSE(Turn(one).has_value());
  Advance(kLease / 3 - Duration(1));
  EXPECT_FALSE(Turn(one).has_value());
  Advance(Duration(1));
  const auto heartbeat = Turn(one);
  ASSERT_TRUE(heartbeat.has_value());
  EXPECT_EQ(heartbeat->generation, 1);
  EXPECT_EQ(one.heartbeats(), 1u);
}

TEST_F(OwnershipTest, AHeartbeatCountsFromBeforeItsAppendAndOnlyOnceItIsReadBack) {
  Ownership one({.owner = "one", .owner_lease = kLease}, clock_);
  one.Ask();
  ASSERT_TRUE(Turn(one).has_value());
  Advance(kLease - Duration(1));
  EXPECT_TRUE(one.MayDeliver().ok());
  ASSERT_TRUE(Turn(one, /*is_read=*/false).has_value());
  Advance(Duration(1));
  EXPECT_EQ(MessageOf(one.MayDeliver()),
            "the owner has read no heartbeat of its own back within 5s");
}

TEST_F(OwnershipTest, TheNextOwnerWaitsOutTheLongerLease) {
  Ownership one({.owner = "one", .owner_lease = Seconds(20)}, clock_);
  Ownership two({.owner = "two", .owner_lease = kLease}, clock_);
  Ownership three({.owner = "three", .owner_lease = kLease}, clock_);
  one.Ask();
  Turn(one);
  two.Ask();
  EXPECT_EQ(Turn(two)->phase, model::ClaimPhase::kWaits);
  Advance(Seconds(1));
  three.Ask();
  Turn(three);  // before `two` has delivered anything: `one` may still deliver
  EXPECT_TRUE(one.MayDeliver().ok());
  Advance(Seconds(18));
  Turn(three);  // a heartbeat, so that nothing but the wait holds it back
  EXPECT_TRUE(one.MayDeliver().ok());
  EXPECT_FALSE(three.MayDeliver().ok());
  Advance(Seconds(3));
  EXPECT_FALSE(one.MayDeliver().ok());
  Turn(three);
  EXPECT_TRUE(three.MayDeliver().ok()) << three.MayDeliver();
}

TEST_F(OwnershipTest, DoesNotWaitForItselfNorForOneThatStopped) {
  {
    Ownership one({.owner = "one", .owner_lease = kLease}, clock_);
    one.Ask();
    Turn(one);
  }
  Ownership again({.owner = "one", .owner_lease = kLease}, clock_);  // a crash and a restart
  again.Ask();
  Turn(again);
  EXPECT_TRUE(again.MayDeliver().ok());
  const auto released = again.Release();
  ASSERT_TRUE(released.has_value());
  EXPECT_FALSE(again.MayDeliver().ok());
  FoldClaim(offset_++, *released, newest_);
  Ownership two({.owner = "two", .owner_lease = kLease}, clock_);
  two.Ask();
  Turn(two);
  EXPECT_TRUE(two.MayDeliver().ok());
}

// Killed while it waited for another's lease, it must not take its own claim for a reason to go on.
TEST_F(OwnershipTest, ARestartWithinTheWaitWaitsAgain) {
  Ownership one({.owner = "one", .owner_lease = kLease}, clock_);
  one.Ask();
  Turn(one);
  {
    Ownership two({.owner = "two", .owner_lease = kLease}, clock_);
    two.Ask();
    Turn(two);
    EXPECT_FALSE(two.Release().has_value());  // nor may it say that nobody delivers
  }
  Ownership again({.owner = "two", .owner_lease = kLease}, clock_);
  again.Ask();
  Turn(again);
  EXPECT_TRUE(one.MayDeliver().ok());  // it has read neither claim
  EXPECT_FALSE(again.MayDeliver().ok());
}

TEST_F(OwnershipTest, WithoutALeaseOnlyAFenceEndsIt) {
  Ownership embedded({.owner = "pid-1"}, clock_);
  EXPECT_TRUE(embedded.MayDeliver().ok());
  embedded.Ask();
  Turn(embedded);
  Advance(Days(1));
  EXPECT_TRUE(embedded.MayDeliver().ok());
  EXPECT_FALSE(Turn(embedded).has_value());
  embedded.Applied(FoldClaim(offset_, {.generation = 9, .owner = "other"}, newest_));
  EXPECT_EQ(MessageOf(embedded.MayDeliver()), "fenced by 'other' generation 9");
  EXPECT_EQ(MessageOf(embedded.MayAppend()), "fenced by 'other' generation 9");
}

}  // namespace
}  // namespace spotter::engine
