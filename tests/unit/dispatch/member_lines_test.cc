// SPDX-License-Identifier: Apache-2.0
#include "dispatch/member_lines.h"

#include <gtest/gtest.h>

namespace spotter::dispatch {
namespace {

model::ProfileId P(char name) { return model::ProfileId(HashOf(std::string(1, name))); }
EventTime At(int64_t ms) { return {ms}; }

TEST(MemberLines, OffersTheEarliestFirst) {
  MemberLines lines;
  lines.Put(P('b'), 1, {.from = At(20)});
  lines.Put(P('a'), 1, {.from = At(10)});
  EXPECT_EQ(std::nullopt, lines.Ready(At(9)));
  EXPECT_EQ(P('a'), lines.Ready(At(10)));
  lines.Remove(P('a'), 1);
  EXPECT_EQ(std::nullopt, lines.Ready(At(19)));
  EXPECT_EQ(P('b'), lines.Ready(At(20)));
}

TEST(MemberLines, ALaterEntryWaitsForTheOneBefore) {
  MemberLines lines;
  lines.Put(P('a'), 1, {.from = At(50)});
  lines.Put(P('a'), 2, {.from = At(10)});
  EXPECT_EQ(std::nullopt, lines.Ready(At(49)));
  EXPECT_EQ(P('a'), lines.Ready(At(50)));
  EXPECT_EQ(1, lines.Find(P('a'))->waiting.begin()->first);
  lines.Remove(P('a'), 1);
  EXPECT_EQ(P('a'), lines.Ready(At(10)));
}

TEST(MemberLines, HidingEndsWhenTheEntryChangesOrGoes) {
  MemberLines lines;
  lines.Put(P('a'), 1, {.from = At(0)});
  lines.Put(P('a'), 2, {.from = At(0)});
  lines.Hide(P('a'), At(100), 7);
  EXPECT_EQ(std::nullopt, lines.Ready(At(99)));
  EXPECT_EQ(1u, lines.CountOut(At(99)));
  lines.Put(P('a'), 1, {.from = At(0)});  // heard twice: the lease goes on
  EXPECT_EQ(std::nullopt, lines.Ready(At(99)));
  lines.Put(P('a'), 1, {.from = At(0), .kind = 1});  // it is Void now
  EXPECT_EQ(P('a'), lines.Ready(At(0)));
  lines.Hide(P('a'), At(100), 8);
  lines.Remove(P('a'), 1);
  EXPECT_EQ(P('a'), lines.Ready(At(0)));
  EXPECT_EQ(0u, lines.CountOut(At(0)));
  EXPECT_EQ(1u, lines.entries());
}

}  // namespace
}  // namespace spotter::dispatch
