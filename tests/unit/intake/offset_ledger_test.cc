// SPDX-License-Identifier: Apache-2.0
#include "intake/offset_ledger.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace spotter::intake {
namespace {

const OffsetLedger::Partition kPos = {"studio.pos", 3};

TEST(OffsetLedger, NeverPassesWhatIsOpen) {
  OffsetLedger ledger;
  for (const int64_t offset : {10, 11, 12, 15}) ledger.Take(kPos, offset);
  EXPECT_EQ(ledger.Done(kPos, 11), std::nullopt);
  EXPECT_EQ(ledger.Done(kPos, 12), std::nullopt);
  EXPECT_EQ(ledger.Done(kPos, 10), 14);  // 13 and 14 were never there
  EXPECT_EQ(ledger.Done(kPos, 15), 15);
}

TEST(OffsetLedger, KeepsPartitionsApart) {
  OffsetLedger ledger;
  ledger.Take(kPos, 1);
  ledger.Take({"studio.pos", 4}, 1);
  ledger.Take({"studio.bookings", 3}, 1);
  EXPECT_EQ(ledger.Done(kPos, 1), 1);
  ledger.Forget();
  EXPECT_EQ(ledger.Done({"studio.pos", 4}, 1), std::nullopt);
}

RC_GTEST_PROP(OffsetLedger, TellsTheLastOffsetBelowWhichAllIsDone, ()) {
  const auto count = *rc::gen::inRange(1, 40);
  std::vector<int64_t> order(static_cast<size_t>(count));
  std::vector<bool> done(static_cast<size_t>(count), false);
  for (int i = 0; i < count; ++i) order[static_cast<size_t>(i)] = i;
  for (size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[static_cast<size_t>(*rc::gen::inRange(0, static_cast<int>(i)))]);
  }
  OffsetLedger ledger;
  for (int i = 0; i < count; ++i) ledger.Take(kPos, i);
  int64_t told = -1;
  for (const int64_t offset : order) {
    done[static_cast<size_t>(offset)] = true;
    if (const auto last = ledger.Done(kPos, offset)) told = *last;
    const auto first_open = std::find(done.begin(), done.end(), false) - done.begin();
    RC_ASSERT(told == first_open - 1);
  }
}

}  // namespace
}  // namespace spotter::intake
