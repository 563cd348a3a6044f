// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "profile/fold_event.h"
#include "unit/profile/events.h"

namespace spotter::profile {
namespace {

using A = model::AttributeId;
using K = model::EventKind;
using T = model::IdentifierType;
using model::AttributeSet;
using model::ConsentState;
using model::HeldIdentifier;
using model::Identifier;
using model::MemberEvent;
using model::SourceRecord;
using std::string_literals::operator""s;

MemberEvent Signed(int day, std::vector<Identifier> identifiers) {
  return MakeEvent({K::member_updated,
                    fmt::format("u{}", day),
                    Day(day),
                    {"member", "c1", day + 1},
                    {},
                    std::move(identifiers)});
}

const HeldIdentifier& Find(const SourceRecord& record, const std::string& normalized) {
  for (const HeldIdentifier& held : record.identifiers) {
    if (held.normalized == normalized) return held;
  }
  ADD_FAILURE() << "no identifier " << normalized;
  return record.identifiers[0];
}

TEST(Identifiers, ANewerValueReplacesTheOlderByEventTime) {  // mission: C12 C13
  const std::vector<MemberEvent> events = {
      Signed(0, {{T::kEmail, "Old@x.org", "old@x.org", 1}, {T::kName, "Ana B", "ana b", 1}}),
      Signed(1, {{T::kPhone, "+1 1", "+11", 1}}),
      Signed(2, {{T::kEmail, "new@X.org", "new@x.org", 1}}),
  };
  SourceRecord in_order;
  for (const MemberEvent& event : events) FoldEvent(event, in_order);
  SourceRecord reversed;
  for (auto event = events.rbegin(); event != events.rend(); ++event) FoldEvent(*event, reversed);
  EXPECT_EQ(in_order.identifiers, reversed.identifiers);
  EXPECT_FALSE(Find(in_order, "old@x.org").current);
  EXPECT_TRUE(Find(in_order, "new@x.org").current);
  EXPECT_TRUE(Find(in_order, "+11").current);
  EXPECT_TRUE(Find(in_order, "ana b").current);
}

TEST(Identifiers, HaveTheIntervalInWhichTheyWereGiven) {
  SourceRecord record;
  const Identifier email{T::kEmail, "a@x.org", "a@x.org", 1};
  for (const int day : {3, 1, 7}) FoldEvent(Signed(day, {email}), record);
  ASSERT_EQ(record.identifiers.size(), 1U);
  EXPECT_EQ(record.identifiers[0].first, Day(1));
  EXPECT_EQ(record.identifiers[0].last, Day(7));
}

TEST(Identifiers, WhatCannotBeNormalisedIsKeptAndReplacesNothing) {
  SourceRecord record;
  FoldEvent(Signed(0, {{T::kEmail, "a@x.org", "a@x.org", 1}}), record);
  FoldEvent(Signed(1, {{T::kEmail, "a at x", "", 1}}), record);
  EXPECT_EQ(record.identifiers.size(), 2U);
  EXPECT_TRUE(Find(record, "a@x.org").current);
}

TEST(Identifiers, TwoOfOneEventAreBothCurrentAndDevicesAddUp) {
  SourceRecord record;
  FoldEvent(Signed(0, {{T::kEmail, "a@x.org", "a@x.org", 1}, {T::kEmail, "b@x.org", "b@x.org", 1}}),
            record);
  FoldEvent(Signed(1, {{T::kDevice, "d1", "d1", 1}}), record);
  FoldEvent(Signed(2, {{T::kDevice, "d2", "d2", 1}}), record);
  for (const HeldIdentifier& held : record.identifiers) EXPECT_TRUE(held.current) << held.raw;
}

TEST(Identifiers, AChangeIsReportedWithWhatWasBefore) {
  SourceRecord record;
  const FoldResult first = FoldEvent(Signed(0, {{T::kEmail, "a@x.org", "a@x.org", 1}}), record);
  EXPECT_TRUE(first.identifiers_changed);
  EXPECT_TRUE(first.identifiers_before.empty());
  const FoldResult second = FoldEvent(Signed(1, {{T::kEmail, "b@x.org", "b@x.org", 1}}), record);
  EXPECT_EQ(second.identifiers_before.size(), 1U);
  EXPECT_FALSE(FoldEvent(Signed(2, {}), record).identifiers_changed);
}

MemberEvent Consent(std::string event_id, int day, std::string state) {
  return MakeEvent({K::consent_changed,
                    std::move(event_id),
                    Day(day),
                    {"consent", "sms"},
                    {{A::channel, "sms"s},
                     {A::purpose, "marketing"s},
                     {A::consent_state, std::move(state)},
                     {A::consent_source, "signup form"s},
                     {A::consent_text, "Yes, text me"s}}});
}

TEST(Consent, IsALedgerWithTimeSourceAndText) {  // mission: C20 C23
  SourceRecord record;
  EXPECT_TRUE(FoldEvent(Consent("e1", 0, "granted"), record).consent_changed);
  EXPECT_TRUE(FoldEvent(Consent("e2", 2, "denied"), record).consent_changed);
  ASSERT_EQ(record.consents.size(), 2U);
  EXPECT_EQ(record.consents[0].text, "Yes, text me");
  EXPECT_EQ(record.consents[0].source, "signup form");
  EXPECT_EQ(record.consents[0].time, Day(0));
  EXPECT_EQ(record.consents[1].state, ConsentState::kDenied);
}

TEST(Consent, DoesNotDependOnTheOrderOfArrivalAndTakesNothingTwice) {
  const std::vector<MemberEvent> events = {Consent("e1", 0, "granted"), Consent("e2", 2, "denied"),
                                           Consent("e3", 4, "granted")};
  SourceRecord in_order;
  for (const MemberEvent& event : events) FoldEvent(event, in_order);
  SourceRecord reversed;
  for (auto event = events.rbegin(); event != events.rend(); ++event) FoldEvent(*event, reversed);
  for (const MemberEvent& event : events) {
    EXPECT_FALSE(FoldEvent(event, reversed).consent_changed);
  }
  EXPECT_EQ(in_order.consents, reversed.consents);
}

// mission: C23 (two forms of one millisecond: the denial counts, whichever arrives first)
TEST(Consent, ADenialStandsBehindAGrantOfTheSameInstant) {
  for (const bool denial_first : {true, false}) {
    for (const bool denial_is_of_a : {true, false}) {
      MemberEvent denial = Consent("d", 1, "denied");
      MemberEvent grant = Consent("g", 1, "granted");
      denial.entity.id = denial_is_of_a ? "a" : "b";
      grant.entity.id = denial_is_of_a ? "b" : "a";
      SourceRecord record;
      FoldEvent(denial_first ? denial : grant, record);
      FoldEvent(denial_first ? grant : denial, record);
      ASSERT_EQ(record.consents.size(), 2U);
      EXPECT_EQ(record.consents[0].state, ConsentState::kGranted);
      EXPECT_EQ(record.consents[1].state, ConsentState::kDenied);
    }
  }
}

TEST(Consent, ARosterThatRepeatsAnOldGrantDoesNotUndoAStop) {  // mission: C23 C27
  SourceRecord record;
  FoldEvent(Consent("roster-0", 0, "granted"), record);
  MemberEvent stop = Consent("stop", 1, "denied");
  stop.entity.id = "sms-stop";
  FoldEvent(stop, record);
  EXPECT_FALSE(FoldEvent(Consent("roster-2", 2, "granted"), record).consent_changed);
  EXPECT_EQ(record.consents.back().state, ConsentState::kDenied);
}

}  // namespace
}  // namespace spotter::profile
