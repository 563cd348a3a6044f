// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "engine/queries.h"
#include "engine/shard.h"
#include "state/keys.h"
#include "state/verify_hash.h"
#include "store/in_memory_store.h"
#include "wire/wire.h"

namespace spotter::engine {
namespace {

const model::TenantId kTenant{"studio"};
constexpr int kMembers = 5;

// A tenant whose members each get an action of a journey when they come in.
class SweepSubscriptions : public testing::Test {
 protected:
  SweepSubscriptions() : shard_(*Shard::Open(store_, {})) {
    Ask(model::PutTenant{{.id = kTenant, .suppression_key = std::string(32, 'k')}});
    model::JourneyDefinition journey;
    journey.id = "call";
    journey.state = model::JourneyState::kLive;
    journey.entry_when = "events('lead').exists()";
    journey.steps = {
        {.id = "call",
         .what = model::TaskStep{
             .role = "front_desk", .kind = "call", .text = "Call", .due_in = Days(2)}}};
    Ask(model::PutJourney{journey});
    EXPECT_EQ(0, answers_.at(0).answer.code) << answers_.at(0).answer.message;
  }

  void Append(const model::LogRecord& record) {
    const log::Record one{
        .offset = shard_->next_offset(), .append_time = now_, .payload = wire::Encode(record)};
    StatusOr<Effects> effects = shard_->ApplyBatch({&one, 1});
    ASSERT_TRUE(effects.ok()) << effects.status();
    answers_ = effects->answers;
  }
  void Ask(decltype(model::Command::what) what) {
    Append(model::Command{.request_id = fmt::format("r{}", shard_->next_offset()),
                          .tenant = kTenant,
                          .principal = "test",
                          .what = std::move(what)});
  }
  void Subscribe(const std::string& id) { Ask(model::PutSubscription{{.id = id}}); }
  void Lead(const std::string& customer) {
    model::MemberEvent event;
    event.tenant = kTenant;
    event.source = "square";
    event.source_event_id = fmt::format("e{}", shard_->next_offset());
    event.kind = model::EventKind::lead_enquired;
    event.event_time = now_;
    event.customer_id = customer;
    Append(event);
  }
  void Leads() {
    for (int i = 0; i < kMembers; ++i) Lead(fmt::format("c{}-{}", i, shard_->next_offset()));
  }
  // A day at a time, with ticks enough for the rounds that are due.
  void PassDays(int days) {
    for (int day = 0; day < days; ++day) {
      now_ = now_ + Days(1);
      for (int i = 0; i < 6; ++i) Append(model::Tick{});
    }
  }
  size_t Rows(state::Table table, std::string_view ending = "") {
    size_t rows = 0;
    const std::string prefix = state::TablePrefix(kTenant.value(), table);
    EXPECT_TRUE(store_
                    .Scan(store::Family::kState, prefix, store::PrefixEnd(prefix),
                          [&](std::string_view key, std::string_view) {
                            rows += key.ends_with(ending) ? 1 : 0;
                            return true;
                          })
                    .ok());
    return rows;
  }
  std::optional<model::Subscription> Find(const std::string& id) {
    const std::vector<model::Subscription> all = *ListSubscriptions(store_, kTenant);
    for (const model::Subscription& one : all) {
      if (one.id == id) return one;
    }
    return std::nullopt;
  }
  std::vector<int64_t> Sequences(const std::string& subscription) {
    std::vector<int64_t> found;
    EXPECT_TRUE(store_
                    .Scan(store::Family::kOutbox, "", "",
                          [&](std::string_view, std::string_view row) {
                            const auto entry = *state::DecodeOutboxEntry(row);
                            if (entry.subscription == subscription) found.push_back(entry.sequence);
                            return true;
                          })
                    .ok());
    return found;
  }

  store::InMemoryStore store_;
  std::unique_ptr<Shard> shard_;
  EventTime now_ = *ParseTime("2026-03-02T12:00:00Z");
  std::vector<CommandAnswer> answers_;
};

// mission: C22
TEST_F(SweepSubscriptions, OneThatNobodyComesBackToGoesWithAllThatIsLeftOfIt) {
  Subscribe("trial");
  Leads();
  EXPECT_EQ(static_cast<size_t>(kMembers), Rows(state::Table::kSequence, "trial"));
  PassDays(36);
  ASSERT_TRUE(Find("trial").has_value());
  EXPECT_TRUE(Find("trial")->has_expired());
  PassDays(28);
  EXPECT_TRUE(Find("trial").has_value()) << "who comes back is told that it expired";
  PassDays(6);
  EXPECT_FALSE(Find("trial").has_value());
  EXPECT_EQ(0U, Rows(state::Table::kSequence, "trial"));
  EXPECT_TRUE(Find("default").has_value());
  EXPECT_EQ(static_cast<size_t>(kMembers), Rows(state::Table::kSequence, "default"));
  EXPECT_EQ(*state::HashByScan(store_), shard_->state_hash());
}

// mission: C22
TEST_F(SweepSubscriptions, TheirNumberStaysBounded) {
  for (int month = 0; month < 12; ++month) {
    Subscribe(fmt::format("trial-{}", month));
    Leads();
    PassDays(30);
  }
  EXPECT_LE(Rows(state::Table::kSubscription), 5U);
  EXPECT_LE(Rows(state::Table::kSequence), static_cast<size_t>(12 * kMembers + 5 * 12 * kMembers));
  PassDays(100);
  EXPECT_EQ(1U, Rows(state::Table::kSubscription));
  EXPECT_EQ(Rows(state::Table::kSequence, "default"), Rows(state::Table::kSequence));
}

TEST_F(SweepSubscriptions, OneCreatedAgainBeginsAnewInAnEpochThatWasNotBefore) {
  Subscribe("trial");
  EXPECT_EQ(1, Find("trial")->epoch);
  Ask(model::SeekSubscription{"trial"});
  Lead("ann");
  PassDays(70);
  ASSERT_FALSE(Find("trial").has_value());
  Ask(model::SeekSubscription{"trial"});
  EXPECT_EQ(static_cast<int>(StatusCode::kNotFound), answers_.at(0).answer.code);
  shard_ = *Shard::Open(store_, {});
  Subscribe("trial");
  EXPECT_EQ(3, Find("trial")->epoch);
  EXPECT_FALSE(Find("trial")->has_expired());
  Lead("bob");
  EXPECT_EQ(std::vector<int64_t>{1}, Sequences("trial"));
}

// Between expiry and removal, half of the sequences gone: no number is given out twice at once.
TEST_F(SweepSubscriptions, OneThatIsTakenUpAgainInTheMiddleIsWhole) {
  Subscribe("trial");
  Leads();
  PassDays(36);
  ASSERT_TRUE(Find("trial")->has_expired());
  Ask(model::SeekSubscription{"trial"});
  Leads();
  PassDays(20);
  EXPECT_TRUE(Find("trial").has_value());
  EXPECT_EQ(static_cast<size_t>(kMembers), Sequences("trial").size());
  EXPECT_EQ(static_cast<size_t>(2 * kMembers), Rows(state::Table::kSequence, "trial"));
}

TEST_F(SweepSubscriptions, TooManyAreRefusedByName) {
  for (size_t i = 1; i < kSubscriptionsMax; ++i) Subscribe(fmt::format("s{}", i));
  EXPECT_EQ(0, answers_.at(0).answer.code);
  Subscribe("one-more");
  EXPECT_EQ(static_cast<int>(StatusCode::kFailedPrecondition), answers_.at(0).answer.code);
  EXPECT_EQ("tenant 'studio' has 100 subscriptions, expected at most 100: each gets every action",
            answers_.at(0).answer.message);
  Subscribe("s7");
  EXPECT_EQ(0, answers_.at(0).answer.code);
}

}  // namespace
}  // namespace spotter::engine
