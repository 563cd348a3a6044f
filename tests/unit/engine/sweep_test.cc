// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "engine/shard.h"
#include "log/in_memory_log.h"
#include "state/keys.h"
#include "state/verify_hash.h"
#include "store/in_memory_store.h"
#include "wire/wire.h"

namespace spotter::engine {
namespace {

const EventTime kStart = *ParseTime("2026-03-02T12:00:00Z");

class Sweep : public testing::Test {
 protected:
  Sweep() : shard_(*Shard::Open(store_, {})) {
    model::TenantSettings settings;
    settings.id = model::TenantId("studio");
    settings.suppression_key = std::string(32, 'k');
    Append(wire::Encode(model::LogRecord(model::Command{
        .request_id = "create", .tenant = settings.id, .what = model::PutTenant{settings}})));
  }

  void Append(std::string payload) {
    const log::Record record{
        .offset = shard_->next_offset(), .append_time = now_, .payload = std::move(payload)};
    ASSERT_TRUE(shard_->ApplyBatch({&record, 1}).ok());
  }
  void Tick() { Append(wire::Encode(model::LogRecord(model::Tick{}))); }
  // Time passes, and is confirmed.
  void PassTime(Duration duration) {
    now_ = now_ + duration;
    Append(wire::Encode(model::LogRecord(model::Claim{.generation = 1, .owner = "test"})));
    Append(wire::Encode(model::LogRecord(model::Claim{.generation = 1, .owner = "test"})));
  }
  size_t Rows(std::string_view tenant, state::Table table) {
    size_t rows = 0;
    const std::string prefix = state::TablePrefix(tenant, table);
    EXPECT_TRUE(store_
                    .Scan(store::Family::kState, prefix, store::PrefixEnd(prefix),
                          [&](std::string_view, std::string_view) { return ++rows > 0; })
                    .ok());
    return rows;
  }
  void ExpectHashOfRows() { EXPECT_EQ(*state::HashByScan(store_), shard_->state_hash()); }

  store::InMemoryStore store_;
  std::unique_ptr<Shard> shard_;
  EventTime now_ = kStart;
};

// mission: C22
TEST_F(Sweep, TakesABoundedNumberOfRowsPerTick) {
  constexpr size_t kLetters = 2 * kSweepRowsPerTick + 500;
  Tick();  // the first round ends at once; the next begins a day later
  for (size_t i = 0; i < kLetters; ++i) Append("no record");
  EXPECT_EQ(kLetters, Rows("", state::Table::kDeadLetter));
  PassTime(kDeadLetterKeep);
  Tick();
  const size_t left = Rows("", state::Table::kDeadLetter);
  EXPECT_GE(left, kLetters - kSweepRowsPerTick);
  EXPECT_LT(left, kLetters - kSweepRowsPerTick / 2);
  ExpectHashOfRows();
  Tick();
  ExpectHashOfRows();
  Tick();
  EXPECT_EQ(0U, Rows("", state::Table::kDeadLetter));
  ExpectHashOfRows();
}

// mission: C21 C22
TEST_F(Sweep, KeepsEachKindOfHistoryForItsTime) {
  EXPECT_EQ(1U, Rows("studio", state::Table::kAudit));
  Append(
      wire::Encode(model::LogRecord(model::Command{.request_id = "sub",
                                                   .tenant = model::TenantId("studio"),
                                                   .what = model::PutSubscription{{.id = "x"}}})));
  EXPECT_EQ(2U, Rows("studio", state::Table::kAnswer));
  EXPECT_EQ(2U, Rows("studio", state::Table::kAudit));
  const auto rows_after = [&](Duration age, state::Table table) {
    PassTime(kStart + age - now_);
    Tick();
    Tick();
    return Rows("studio", table);
  };
  EXPECT_EQ(2U, rows_after(kAnswerKeep - Duration(1), state::Table::kAnswer));
  EXPECT_EQ(0U, rows_after(kAnswerKeep + Days(1), state::Table::kAnswer));
  EXPECT_EQ(2U, rows_after(kHistoryKeep - Duration(1), state::Table::kAudit));
  EXPECT_EQ(0U, rows_after(kHistoryKeep + Days(1), state::Table::kAudit));
  ExpectHashOfRows();
}

}  // namespace
}  // namespace spotter::engine
