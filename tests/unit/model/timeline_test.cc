// SPDX-License-Identifier: Apache-2.0
#include "model/timeline.h"

#include <gtest/gtest.h>

namespace spotter::model {
namespace {

using A = AttributeId;
using std::string_literals::operator""s;

constexpr EventTime kNow{1'700'000'000'000};

Entity Booking(uint64_t id, EventTime time, std::string status = "completed") {
  Entity entity{.id = id, .time = time, .changed_at = time, .type = "booking"};
  entity.version = 7;
  entity.attributes = {{A::status, std::move(status)}, {A::class_start, time + Hours(2)}};
  return entity;
}

TEST(Timeline, FindsEntitiesAndKeepsFactsInOrder) {
  Timeline timeline;
  for (const int day : {3, 1, 2}) {
    timeline.Put(Booking(static_cast<uint64_t>(100 - day), kNow + Days(day)));
  }
  EXPECT_EQ(timeline.Find(99)->time, kNow + Days(1));
  EXPECT_EQ(timeline.Find(5), nullptr);
  const auto visits = timeline.Of(FactKind::visit);
  ASSERT_EQ(visits.size(), 3U);
  EXPECT_EQ(visits.front().time, kNow + Days(1) + Hours(2));
  EXPECT_EQ(visits.back().time, kNow + Days(3) + Hours(2));
  EXPECT_TRUE(timeline.Of(FactKind::purchase).empty());
  EXPECT_EQ(timeline.TotalsOf(FactKind::visit).first, kNow + Days(1) + Hours(2));
}

TEST(Timeline, ReplacesTheFactsOfAnEntity) {
  Timeline timeline;
  timeline.Put(Booking(1, kNow));
  timeline.Put(Booking(1, kNow, "no_show"));
  EXPECT_TRUE(timeline.Of(FactKind::visit).empty());
  EXPECT_EQ(timeline.Of(FactKind::no_show).size(), 1U);
  EXPECT_EQ(timeline.Of(FactKind::booking).size(), 1U);
}

TEST(Timeline, ExpiryKeepsLifetimeTotalsAndIdempotency) {
  Timeline timeline;
  timeline.Put(Booking(1, kNow - Days(500)));
  timeline.Put(Booking(2, kNow - Days(10)));
  Entity scan{.id = 3, .time = kNow - Days(450), .changed_at = kNow - Days(450), .type = "scan"};
  timeline.Put(scan);
  Entity member{
      .id = 4, .time = kNow - Days(900), .changed_at = kNow - Days(900), .type = "member"};
  timeline.Put(member);

  const std::vector<Entity> dropped = timeline.ExpireBefore(kNow - kTimelineKeep);
  ASSERT_EQ(dropped.size(), 2U);
  EXPECT_EQ(dropped[0], Booking(1, kNow - Days(500)));
  EXPECT_TRUE(timeline.IsRetired(1));
  EXPECT_FALSE(timeline.IsRetired(3));  // a scan enters no lifetime total
  EXPECT_EQ(timeline.retired(), (std::vector<RetiredEntity>{{1, 7}}));
  EXPECT_EQ(timeline.Of(FactKind::visit).size(), 1U);
  EXPECT_EQ(timeline.TotalsOf(FactKind::visit).count, 2);
  EXPECT_EQ(timeline.TotalsOf(FactKind::visit).first, kNow - Days(500) + Hours(2));
  EXPECT_TRUE(timeline.Of(FactKind::scan).empty());
  EXPECT_EQ(timeline.Of(FactKind::signup).size(), 1U);  // describes the member: kept for life
  EXPECT_TRUE(timeline.ExpireBefore(kNow - kTimelineKeep).empty());
}

TEST(Timeline, KeepsAnEntityAsLongAsAnythingOfItIsYoung) {
  Timeline timeline;
  Entity old_booking = Booking(1, kNow - Days(500));  // booked long ago, for a class last week
  old_booking.attributes.Set(A::class_start, kNow - Days(7));
  timeline.Put(old_booking);
  Entity refunded = Booking(2, kNow - Days(500));
  refunded.changed_at = kNow - Days(3);
  timeline.Put(refunded);
  EXPECT_TRUE(timeline.ExpireBefore(kNow - kTimelineKeep).empty());
  EXPECT_EQ(timeline.ExpireBefore(kNow - Days(5)).size(), 1U);
}

TEST(Timeline, RestoresWhatWasRetired) {
  Timeline timeline;
  timeline.Put(Booking(1, kNow - Days(500)));
  timeline.ExpireBefore(kNow - kTimelineKeep);
  Timeline restored;
  restored.RestoreRetired(timeline.retired(), timeline.retired_totals());
  EXPECT_TRUE(restored.IsRetired(1));
  EXPECT_EQ(restored.TotalsOf(FactKind::booking), timeline.TotalsOf(FactKind::booking));
  EXPECT_GT(timeline.memory_bytes(), 0U);
}

TEST(Entity, SurvivesEncoding) {
  Entity entity = Booking(0xfedcba9876543210, kNow);
  entity.last_kind = EventKind::attendance;
  entity.version_tie = 0xffffffffffffffff;
  entity.changed_at = kNow - Days(2);
  entity.older = {{A::status, 3, 9, kNow - Days(4)}, {A::class_start, -3, 1, kNow + Days(1)}};
  entity.seen_events = {9, 2};
  Encoder out;
  Encode(entity, out);
  Decoder in(out.view());
  EXPECT_EQ(DecodeEntity(in), entity);
  EXPECT_TRUE(in.Done("entity").ok());
  for (size_t size = 0; size < out.view().size(); ++size) {
    Decoder cut(out.view().substr(0, size));
    DecodeEntity(cut);
    EXPECT_FALSE(cut.Done("entity").ok()) << size;
  }
}

}  // namespace
}  // namespace spotter::model
