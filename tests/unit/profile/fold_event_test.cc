// SPDX-License-Identifier: Apache-2.0
#include "profile/fold_event.h"

#include <gtest/gtest.h>

#include "unit/profile/events.h"

namespace spotter::profile {
namespace {

using A = model::AttributeId;
using K = model::EventKind;
using F = model::FactKind;
using model::AttributeSet;
using model::MemberEvent;
using model::SourceRecord;
using std::string_literals::operator""s;

MemberEvent Booking(K kind, std::string event_id, EventTime time, int64_t version,
                    AttributeSet attributes = {}) {
  return MakeEvent({kind, std::move(event_id), time, {"booking", "b1", version}, attributes});
}

size_t Count(const SourceRecord& record, F kind) { return record.timeline.Of(kind).size(); }

TEST(FoldEvent, ABookingIsMadeThenAttended) {  // mission: C1 D10
  SourceRecord record;
  const FoldResult booked =
      FoldEvent(Booking(K::booking_created, "e1", Day(0), 1, {{A::class_start, Day(2)}}), record);
  EXPECT_EQ(booked.outcome, FoldOutcome::kNewEntity);
  EXPECT_EQ(booked.touched, (std::vector<F>{F::booking}));
  EXPECT_FALSE(booked.before);

  const FoldResult attended =
      FoldEvent(Booking(K::attendance, "e2", Day(2), 2, {{A::status, "checked_in"s}}), record);
  EXPECT_EQ(attended.outcome, FoldOutcome::kChanged);
  EXPECT_EQ(attended.touched, (std::vector<F>{F::visit}));
  EXPECT_EQ(attended.before, booked.after);
  EXPECT_EQ(record.timeline.Of(F::visit)[0].time, Day(2));
  EXPECT_EQ(record.timeline.Of(F::booking)[0].time, Day(0));  // when it was booked
}

TEST(FoldEvent, TheKindOfAnEventSaysItsStatus) {
  const struct {
    K kind;
    std::string type;
    std::string given;
    std::string expected;
  } cases[] = {
      // kind                 entity     given         status
      {K::booking_created, "booking", "", "booked"},
      {K::booking_created, "booking", "confirmed", "confirmed"},
      {K::booking_changed, "booking", "", ""},
      {K::booking_cancelled, "booking", "", "cancelled"},
      {K::booking_cancelled, "booking", "late_cancel", "late_cancel"},
      {K::attendance, "booking", "", "completed"},
      {K::attendance, "booking", "checked_in", "completed"},
      {K::attendance, "booking", "no_show", "no_show"},
      {K::purchase, "payment", "", "completed"},
      {K::purchase, "payment", "pending", "pending"},
      {K::payment_failed, "payment", "", "failed"},
      {K::payment_failed, "invoice", "", "payment_failed"},
      {K::refund, "refund", "", "completed"},
      {K::refund, "payment", "", ""},
      {K::dispute, "dispute", "", ""},
  };
  for (const auto& [kind, type, given, expected] : cases) {
    AttributeSet attributes;
    if (!given.empty()) attributes.Set(A::status, given);
    SourceRecord record;
    const FoldResult result =
        FoldEvent(MakeEvent({kind, "e1", Day(0), {type, "x1", 1}, attributes}), record);
    EXPECT_EQ(result.after->attributes.Text(A::status), expected)
        << NameOf(kind) << ' ' << type << ' ' << given;
  }
}

TEST(FoldEvent, TheSameBodyAgainChangesNothing) {  // mission: C13; guarantee Idempotent
  const MemberEvent versioned = Booking(K::booking_created, "e1", Day(0), 1);
  const MemberEvent by_update_time =
      MakeEvent({K::purchase, "e2", Day(0), {"payment", "p1", 0, Day(0)}, {}});
  const MemberEvent neither = MakeEvent({K::scan_recorded, "e3", Day(0), {}, {}});
  for (const MemberEvent& event : {versioned, by_update_time, neither}) {
    SourceRecord record;
    EXPECT_EQ(FoldEvent(event, record).outcome, FoldOutcome::kNewEntity);
    const FoldResult again = FoldEvent(event, record);
    EXPECT_EQ(again.outcome, FoldOutcome::kUnchanged);
    EXPECT_FALSE(again.after);
    EXPECT_TRUE(again.touched.empty());
    EXPECT_FALSE(again.identifiers_changed);
  }
}

TEST(FoldEvent, AnOldStateOverwritesNothingNewer) {
  SourceRecord record;
  FoldEvent(Booking(K::booking_cancelled, "e3", Day(3), 3), record);
  FoldEvent(Booking(K::attendance, "e2", Day(2), 2), record);
  EXPECT_EQ(Count(record, F::visit), 0U);
  EXPECT_EQ(Count(record, F::cancellation), 1U);
}

TEST(FoldEvent, ACancelBeforeItsCreateFindsTheRestLater) {
  SourceRecord record;
  FoldEvent(Booking(K::booking_cancelled, "e2", Day(1), 2, {{A::fee_kept, true}}), record);
  const FoldResult late =
      FoldEvent(Booking(K::booking_created, "e1", Day(0), 1, {{A::class_title, "Yin"s}}), record);
  EXPECT_EQ(late.outcome, FoldOutcome::kChanged);
  const model::Entity& entity = record.timeline.entities()[0];
  EXPECT_EQ(entity.attributes.Text(A::class_title), "Yin");
  EXPECT_EQ(entity.attributes.Text(A::status), "cancelled");
  EXPECT_EQ(entity.time, Day(0));
  EXPECT_EQ(entity.changed_at, Day(1));
  EXPECT_EQ(record.timeline.Of(F::booking)[0].time, Day(0));
}

TEST(FoldEvent, EachAttributeIsFromTheGreatestStateThatCarriesIt) {
  SourceRecord record;  // arrives as 3, 1, 2; title and genre are said by 1 and 2 only
  FoldEvent(Booking(K::attendance, "e3", Day(3), 3), record);
  FoldEvent(
      Booking(K::booking_created, "e1", Day(0), 1, {{A::class_title, "Yin"s}, {A::genre, "yoga"s}}),
      record);
  FoldEvent(Booking(K::booking_changed, "e2", Day(1), 2, {{A::class_title, "Flow"s}}), record);
  const AttributeSet& attributes = record.timeline.entities()[0].attributes;
  EXPECT_EQ(attributes.Text(A::class_title), "Flow");
  EXPECT_EQ(attributes.Text(A::genre), "yoga");
  EXPECT_EQ(attributes.Text(A::status), "completed");
}

TEST(FoldEvent, WithoutAVersionTheEventTimeDecides) {
  const auto state = [](K kind, std::string id, int day) {
    return MakeEvent({kind, std::move(id), Day(day), {"booking", "b1"}, {}});
  };
  SourceRecord record;
  FoldEvent(state(K::attendance, "e2", 2), record);
  FoldEvent(state(K::booking_created, "e1", 0), record);
  EXPECT_EQ(Count(record, F::visit), 1U);  // not back to booked
}

TEST(FoldEvent, ANightlyRosterThatSaysNothingNewChangesNothing) {
  const auto roster = [](int night, std::string status) {
    return MakeEvent({K::membership_changed,
                      "roster-" + std::to_string(night),
                      Day(night),
                      {"membership", "m1"},
                      {{A::membership_status, std::move(status)}}});
  };
  SourceRecord record;
  FoldEvent(roster(0, "active"), record);
  for (int night = 1; night < 60; ++night) {
    EXPECT_EQ(FoldEvent(roster(night, "active"), record).outcome, FoldOutcome::kUnchanged);
  }
  const FoldResult paused = FoldEvent(roster(60, "paused"), record);
  EXPECT_EQ(paused.traits_changed, (std::vector<A>{A::membership_status}));
  EXPECT_EQ(FoldEvent(roster(60, "paused"), record).outcome, FoldOutcome::kUnchanged);
  // An id that was seen is a duplicate even if the source stamped the copy anew.
  MemberEvent copy = roster(0, "active");
  copy.event_time = Day(61);
  EXPECT_EQ(FoldEvent(copy, record).outcome, FoldOutcome::kUnchanged);
  EXPECT_LE(record.timeline.entities()[0].seen_events.size(), 32U);
}

TEST(FoldEvent, ARetiredEntityStaysAsItWas) {
  SourceRecord record;
  FoldEvent(Booking(K::attendance, "e1", Day(0), 1), record);
  record.timeline.ExpireBefore(Day(1));
  for (const int64_t version : {1, 2}) {
    const FoldResult again =
        FoldEvent(Booking(K::booking_cancelled, "e2", Day(2), version), record);
    EXPECT_EQ(again.outcome, FoldOutcome::kUnchanged);
  }
  EXPECT_EQ(record.timeline.TotalsOf(F::visit).count, 1);
  EXPECT_TRUE(record.timeline.entities().empty());
}

TEST(FoldEvent, ARefundBelongsToItsPaymentsMonth) {  // mission: X4
  SourceRecord record;
  const AttributeSet paid{{A::amount_minor, int64_t{5000}}, {A::currency, "USD"s}};
  AttributeSet refunded = paid;
  refunded.Set(A::refunded_minor, int64_t{1000});
  refunded.Set(A::status, "succeeded"s);
  FoldEvent(MakeEvent({K::purchase, "e1", Day(0), {"payment", "p1", 0, Day(0)}, paid}), record);
  const FoldResult result = FoldEvent(
      MakeEvent({K::refund, "e2", Day(9), {"payment", "p1", 0, Day(9)}, refunded}), record);
  EXPECT_EQ(result.touched, (std::vector<F>{F::refund}));
  EXPECT_EQ(record.timeline.Of(F::purchase)[0].time, Day(0));
  EXPECT_EQ(record.timeline.Of(F::refund)[0].time, Day(9));
  EXPECT_EQ(record.timeline.Of(F::refund)[0].amount_minor, -1000);
}

TEST(FoldEvent, KeepsTheLatestValueOfATrait) {  // mission: C16 C17 X24
  SourceRecord record;
  const auto said = [](std::string type, std::string id, int day, std::string status) {
    return MakeEvent({K::membership_changed,
                      id + std::to_string(day),
                      Day(day),
                      {std::move(type), id, day + 1},
                      {{A::payment_status, std::move(status)}}});
  };
  EXPECT_EQ(FoldEvent(said("membership", "m1", 0, "active"), record).traits_changed,
            (std::vector<A>{A::payment_status}));
  EXPECT_EQ(FoldEvent(said("invoice", "i1", 2, "past_due"), record).traits_changed,
            (std::vector<A>{A::payment_status}));
  EXPECT_TRUE(FoldEvent(said("membership", "m1", 1, "active"), record).traits_changed.empty());
  EXPECT_EQ(record.traits[0].value, model::Scalar("past_due"s));
  EXPECT_EQ(record.traits[0].at, Day(2));
  // A trait is as old as the event that gave it, not as the entity's newest state.
  AttributeSet plan{{A::plan, "gold"s}};
  FoldEvent(MakeEvent({K::membership_changed, "x", Day(5), {"membership", "m1", 9}, plan}), record);
  EXPECT_EQ(record.traits[0].value, model::Scalar("past_due"s));
}

TEST(FoldEvent, TagsComeAndGo) {  // mission: D8
  SourceRecord record;
  const auto tag = [](std::string event_id, std::string entity, int day, std::string name,
                      std::optional<bool> removed) {
    AttributeSet attributes{{A::tag, std::move(name)}};
    if (removed) attributes.Set(A::removed, *removed);
    return MakeEvent(
        {K::tag_changed, std::move(event_id), Day(day), {"tag", std::move(entity)}, attributes});
  };
  FoldEvent(tag("e1", "t1", 0, "Injury", {}), record);
  FoldEvent(tag("e2", "t2", 0, "Beginner", false), record);
  EXPECT_EQ(record.tags, (std::vector<std::string>{"Beginner", "Injury"}));
  FoldEvent(tag("e3", "t1", 1, "Injury", true), record);
  EXPECT_EQ(record.tags, (std::vector<std::string>{"Beginner"}));
  FoldEvent(tag("e4", "t1", 2, "Injury", {}), record);
  EXPECT_EQ(record.tags, (std::vector<std::string>{"Beginner", "Injury"}));
  FoldEvent(tag("e5", "", 3, "Beginner", true), record);  // another entity about the same tag
  EXPECT_EQ(record.tags, (std::vector<std::string>{"Injury"}));
}

TEST(FoldEvent, KeepsWhatItDoesNotUse) {  // kinds that nothing reads yet are on the timeline
  SourceRecord record;
  const FoldResult result =
      FoldEvent(MakeEvent({K::goal_set, "e1", Day(0), {}, {{A::goal, "pull-up"s}}}), record);
  EXPECT_EQ(result.touched, (std::vector<F>{F::goal}));
  EXPECT_EQ(record.traits.size(), 1U);
}

TEST(RebuildDerived, GivesWhatFoldingGave) {
  SourceRecord record;
  FoldEvent(MakeEvent({K::goal_set, "e1", Day(0), {}, {{A::goal, "pull-up"s}}}), record);
  FoldEvent(MakeEvent({K::tag_changed, "e2", Day(0), {}, {{A::tag, "Injury"s}}}), record);
  SourceRecord loaded;
  for (const model::Entity& entity : record.timeline.entities()) loaded.timeline.Put(entity);
  RebuildDerived(loaded);
  EXPECT_EQ(loaded.traits, record.traits);
  EXPECT_EQ(loaded.tags, record.tags);
}

}  // namespace
}  // namespace spotter::profile
