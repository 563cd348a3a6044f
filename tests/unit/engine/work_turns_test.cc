// SPDX-License-Identifier: Apache-2.0
//
// Bulk work of several tenants of one shard.
#include <gtest/gtest.h>

#include "engine/shard.h"
#include "state/keys.h"
#include "state/verify_hash.h"
#include "store/in_memory_store.h"
#include "wire/wire.h"

namespace spotter::engine {
namespace {

constexpr int kMany = 60;
constexpr uint32_t kBudget = 10;
const EventTime kNow = *ParseTime("2026-03-02T12:00:00Z");

class WorkTurns : public testing::Test {
 protected:
  WorkTurns() : shard_(*Shard::Open(store_, {})) {
    for (const std::string tenant : {"a-large", "b-small", "c-large"}) {
      model::TenantSettings settings;
      settings.id = model::TenantId(tenant);
      settings.suppression_key = std::string(32, 'k');
      Ask(tenant, model::PutTenant{settings});
      const int members = tenant == "b-small" ? 3 : kMany;
      for (int i = 0; i < members; ++i) Join(tenant, fmt::format("c{}", i));
    }
  }

  void Append(const model::LogRecord& record) {
    const log::Record one{
        .offset = shard_->next_offset(), .append_time = kNow, .payload = wire::Encode(record)};
    const StatusOr<Effects> effects = shard_->ApplyBatch({&one, 1});
    ASSERT_TRUE(effects.ok()) << effects.status();
  }
  void Ask(const std::string& tenant, decltype(model::Command::what) what) {
    Append(model::Command{.request_id = fmt::format("r{}", shard_->next_offset()),
                          .tenant = model::TenantId(tenant),
                          .principal = "test",
                          .what = std::move(what)});
  }
  void Join(const std::string& tenant, const std::string& customer) {
    model::MemberEvent event;
    event.tenant = model::TenantId(tenant);
    event.source = "square";
    event.source_event_id = fmt::format("e{}", shard_->next_offset());
    event.kind = model::EventKind::member_created;
    event.event_time = kNow;
    event.customer_id = customer;
    event.entity = {.type = "member", .id = customer};
    Append(event);
  }
  void Define(const std::string& tenant) {
    Ask(tenant, model::PutSegment{{.id = "all", .title = "All", .expression = "true"}});
  }
  // Members of the segment; a Work record puts them in.
  int Decided(const std::string& tenant) {
    int decided = 0;
    const std::string prefix = state::TablePrefix(tenant, state::Table::kProfile);
    EXPECT_TRUE(store_
                    .Scan(store::Family::kState, prefix, store::PrefixEnd(prefix),
                          [&](std::string_view, std::string_view row) {
                            const auto profile = state::DecodeProfile(row);
                            if (profile.ok() && !profile->memberships.empty()) decided++;
                            return true;
                          })
                    .ok());
    return decided;
  }
  void Work() { Append(model::Work{.budget = kBudget}); }

  store::InMemoryStore store_;
  std::unique_ptr<Shard> shard_;
};

// mission: E1
TEST_F(WorkTurns, TheWorkOfOneTenantHoldsUpNoOther) {
  for (const std::string tenant : {"a-large", "b-small", "c-large"}) Define(tenant);
  Work();
  Work();
  Work();
  EXPECT_EQ(3, Decided("b-small"));
  EXPECT_GE(Decided("c-large"), 7);
  EXPECT_GE(Decided("a-large"), 10);
  // It never ends for the first one: its definitions change all the time.
  for (int i = 0; i < 2 * kMany / static_cast<int>(kBudget); ++i) {
    Define("a-large");
    Work();
  }
  EXPECT_EQ(kMany, Decided("c-large"));
  for (int i = 0; i < kMany && shard_->has_work(); ++i) Work();
  EXPECT_FALSE(shard_->has_work());
  EXPECT_EQ(kMany, Decided("a-large"));
  EXPECT_EQ(*state::HashByScan(store_), shard_->state_hash());
}

TEST_F(WorkTurns, ATurnOutlivesARestart) {
  for (const std::string tenant : {"a-large", "c-large"}) Define(tenant);
  Work();
  EXPECT_EQ(static_cast<int>(kBudget), Decided("a-large"));
  ASSERT_TRUE(shard_->Close().ok());
  shard_ = *Shard::Open(store_, {});
  Work();
  EXPECT_EQ(static_cast<int>(kBudget), Decided("a-large"));
  EXPECT_EQ(static_cast<int>(kBudget), Decided("c-large"));
}

TEST_F(WorkTurns, ARecordOfNoBudgetDoesNothing) {
  Define("a-large");
  Append(model::Work{.budget = 0});
  EXPECT_EQ(0, Decided("a-large"));
  EXPECT_TRUE(shard_->has_work());
}

}  // namespace
}  // namespace spotter::engine
