// SPDX-License-Identifier: Apache-2.0
// mission: D18
#include "state/keys.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "store/store.h"

namespace spotter::state {
namespace {

model::ProfileId P(uint64_t n) { return model::ProfileId(Hash128{.high = n, .low = 1}); }
model::RecordKey R(uint64_t n) { return model::RecordKey(Hash128{.high = n, .low = 1}); }

bool IsIn(std::string_view key, const std::string& prefix) {
  const std::string end = store::PrefixEnd(prefix);
  return key >= prefix && (end.empty() || key < end);
}

TEST(Keys, ATenantIsARangeThatNoOtherTouches) {
  const std::vector<std::string> tenants = {"a", "ab", "a-b", "b", "studio", "studio-2"};
  for (const std::string& mine : tenants) {
    const std::string prefix = TablePrefix(mine, Table::kProfile);
    for (const std::string& other : tenants) {
      EXPECT_EQ(mine == other, IsIn(ProfileKey(other, P(~0ull)), prefix)) << mine << " " << other;
      EXPECT_FALSE(IsIn(AnchorKey(other, R(1)), prefix));
    }
    EXPECT_FALSE(IsIn(MetaKey(), prefix));
    EXPECT_FALSE(IsIn(CleanStopKey(), prefix));
  }
}

TEST(Keys, RowsOfARecordFollowItsBaseInOrder) {
  std::vector<std::string> keys;
  for (const uint32_t row : {0u, 1u, 2u, 31u, 32u, 255u, 256u, 70'000u}) {
    keys.push_back(RecordRowKey("studio", R(5), row));
    EXPECT_TRUE(IsIn(keys.back(), RecordPrefix("studio", R(5))));
    EXPECT_FALSE(IsIn(keys.back(), RecordPrefix("studio", R(6))));
  }
  EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end()));
}

TEST(Keys, OutboxEntriesStandInTheirSequence) {
  std::vector<std::string> keys;
  for (const int64_t sequence : {1, 2, 255, 256, 1'000'000}) {
    keys.push_back(OutboxKey("studio", "default", P(5), sequence));
    EXPECT_TRUE(IsIn(keys.back(), OutboxPrefix("studio", "default", P(5))));
    EXPECT_FALSE(IsIn(keys.back(), OutboxPrefix("studio", "defaul", P(5))));
  }
  EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end()));
}

TEST(Keys, TimersAscendByTimeOverAllTenants) {
  std::vector<std::string> keys;
  for (const int64_t ms : {-5L, 0L, 1L, 255L, 256L, 1'700'000'000'000L}) {
    keys.push_back(TimerKey({ms}, "z", P(9)));
    keys.push_back(TimerKey({ms + 1}, "a", P(1)));
  }
  std::vector<std::string> sorted = keys;
  std::sort(sorted.begin(), sorted.end());
  for (size_t i = 1; i < sorted.size(); ++i) {
    EXPECT_LE(ParseTimerKey(sorted[i - 1])->due, ParseTimerKey(sorted[i])->due);
  }
  // A range up to an instant takes in the instant itself, of every tenant.
  const std::string end = TimerPrefix(EventTime{256} + Duration(1));
  EXPECT_LT(TimerKey({256}, "z", P(~0ull)), end);
  EXPECT_GE(TimerKey({257}, "a", P(0)), end);
}

TEST(Keys, ATimerKeyIsReadBack) {
  const StatusOr<Timer> timer = ParseTimerKey(TimerKey({12'345}, "studio", P(7)));
  ASSERT_TRUE(timer.ok());
  EXPECT_EQ(EventTime{12'345}, timer->due);
  EXPECT_EQ("studio", timer->tenant);
  EXPECT_EQ(P(7), timer->profile);
  EXPECT_EQ(StatusCode::kDataLoss, ParseTimerKey("short").status().code());
}

TEST(Keys, TheRecordAtTheEndIsReadBack) {
  EXPECT_EQ(R(7), LastRecordKey(IdentifierKey("s", model::IdentifierType::kEmail, "a@x", R(7))));
  EXPECT_EQ(R(7), LastRecordKey(LinkKeyOf("s", HashOf("l"), R(7))));
  EXPECT_EQ(R(7), LastRecordKey(AssertionKey("s", R(1), R(7))));
  EXPECT_EQ(model::RecordKey(), LastRecordKey("short"));
}

TEST(Keys, AnEntityIsKnownBySourceTypeAndIdApart) {
  EXPECT_NE(EntityHash("square", "payment", "1"), EntityHash("stripe", "payment", "1"));
  EXPECT_NE(EntityHash("square", "payment", "1"), EntityHash("square", "booking", "1"));
  EXPECT_NE(EntityHash("ab", "c", "d"), EntityHash("a", "bc", "d"));
}

}  // namespace
}  // namespace spotter::state
