// SPDX-License-Identifier: Apache-2.0
#include "model/source_record.h"

#include <gtest/gtest.h>

namespace spotter::model {
namespace {

using A = AttributeId;
using std::string_literals::operator""s;

constexpr EventTime kNow{1'700'000'000'000};

SourceRecord RecordWithBookings(const std::vector<int>& days_ago) {
  SourceRecord record;
  uint64_t id = 0;
  for (const int days : days_ago) {
    const EventTime time = kNow - Days(days);
    record.timeline.Put({.id = ++id, .time = time, .changed_at = time, .type = "booking"});
  }
  return record;
}

struct Member {
  explicit Member(std::vector<SourceRecord> list) : records(std::move(list)) {
    for (const SourceRecord& record : records) pointers.push_back(&record);
    view = {ProfileId(), pointers};
  }
  std::vector<SourceRecord> records;
  std::vector<const SourceRecord*> pointers;
  MemberView view;
};

// mission: D4 X1 X3
TEST(StatusOf, IsLapsedBeforeRegularBeforeActiveBeforeNew) {
  const struct {
    std::vector<int> bookings_days_ago;
    std::string expected;
    int changes_in_days;  // 0: never
  } cases[] = {
      {{}, "new", 0},
      {{0}, "active", 90},
      {{89}, "active", 1},
      {{90}, "lapsed", 0},  // half-open: exactly 90 x 24 h is Lapsed
      {{91}, "lapsed", 0},
      {{100, 50, 40, 30}, "active", 60},
      {{100, 99, 98, 97, 1}, "regular", 89},
      {{300, 200, 190, 180, 2, 1}, "regular", 89},  // X3: six for life, two of them recent
      {{300, 200, 190, 180, 170, 160}, "lapsed", 0},
  };
  for (const auto& [days_ago, expected, changes_in_days] : cases) {
    const Member member({RecordWithBookings(days_ago)});
    const StatusAt status = StatusOf(member.view, kNow);
    EXPECT_EQ(NameOf(status.status), expected);
    EXPECT_EQ(status.valid_until,
              changes_in_days == 0 ? EventTime::Max() : kNow + Days(changes_in_days));
  }
}

TEST(StatusOf, ChangesExactlyAtItsInstant) {  // mission: X1
  const Member member({RecordWithBookings({0})});
  const EventTime lapses_at = StatusOf(member.view, kNow).valid_until;
  EXPECT_EQ(StatusOf(member.view, lapses_at - Duration(1)).status, MemberStatus::kActive);
  EXPECT_EQ(StatusOf(member.view, lapses_at).status, MemberStatus::kLapsed);
}

TEST(StatusOf, CountsOverTheRecordsOfTheProfile) {
  const Member member({RecordWithBookings({10, 11, 12}), RecordWithBookings({1, 2})});
  EXPECT_EQ(StatusOf(member.view, kNow).status, MemberStatus::kRegular);
}

TEST(StatusOf, FallsFromRegularWhenABookingIsRefunded) {  // mission: X26
  Member member({RecordWithBookings({5, 4, 3, 2, 1})});
  EXPECT_EQ(StatusOf(member.view, kNow).status, MemberStatus::kRegular);
  Entity last = *member.records[0].timeline.Find(5);
  last.attributes.Set(A::status, "refunded"s);
  member.records[0].timeline.Put(last);
  EXPECT_EQ(StatusOf(member.view, kNow).status, MemberStatus::kActive);
  EXPECT_EQ(StatusOf(member.view, kNow).valid_until, kNow + Days(88));  // last counted booking
}

TEST(IsGrowing, IsThreeToFiveBookingsAndOverlapsRegular) {  // mission: D12 X2
  const bool expected[] = {false, false, false, true, true, true, false};
  std::vector<int> days_ago;
  for (const bool growing : expected) {
    const Member member({RecordWithBookings(days_ago)});
    EXPECT_EQ(IsGrowing(member.view), growing) << days_ago.size();
    days_ago.push_back(1);
  }
}

ConsentEntry Said(std::string channel, std::string purpose, ConsentState state, int day) {
  return {std::move(channel), std::move(purpose), state, kNow + Days(day), "form", "", 1};
}

TEST(Consent, TakesTheLatestOfARecordAndTheStrictestOfTheProfile) {  // mission: C20 C26 C27
  constexpr auto kGranted = ConsentState::kGranted;
  constexpr auto kDenied = ConsentState::kDenied;
  constexpr auto kUnknown = ConsentState::kUnknown;
  const struct {
    std::vector<ConsentEntry> first;
    std::vector<ConsentEntry> second;
    ConsentState expected;  // of SMS for marketing
  } cases[] = {
      {{}, {}, kUnknown},
      {{Said("sms", "marketing", kGranted, 1)}, {}, kGranted},
      {{Said("email", "marketing", kGranted, 1)}, {}, kUnknown},
      {{Said("sms", "health", kGranted, 1)}, {}, kUnknown},
      {{Said("sms", "", kGranted, 1)}, {}, kUnknown},  // a grant covers only what it names
      {{Said("sms", "marketing", kGranted, 1), Said("sms", "marketing", kDenied, 2)}, {}, kDenied},
      {{Said("sms", "marketing", kDenied, 1), Said("sms", "marketing", kGranted, 2)}, {}, kGranted},
      {{Said("sms", "marketing", kGranted, 1), Said("", "", kDenied, 2)}, {}, kDenied},
      {{Said("sms", "marketing", kGranted, 2)}, {Said("sms", "marketing", kDenied, 1)}, kDenied},
  };
  for (const auto& [first, second, expected] : cases) {
    std::vector<SourceRecord> records(2);
    records[0].consents = first;
    records[1].consents = second;
    const Member member(std::move(records));
    EXPECT_EQ(member.view.Consent("sms", "marketing"), expected);
  }
}

TEST(MemberView, TakesTheLatestTraitAndContactOverItsRecords) {
  std::vector<SourceRecord> records(2);
  records[0].traits = {{A::payment_status, "past_due"s, kNow, 5}, {A::plan, "gold"s, kNow, 1}};
  records[1].traits = {{A::payment_status, "active"s, kNow + Days(1), 4}};
  records[0].identifiers = {
      {IdentifierType::kEmail, "old@x.org", "Old@x.org", kNow, kNow, false},
      {IdentifierType::kEmail, "new@x.org", "New@x.org", kNow, kNow + Days(2), true},
      {IdentifierType::kPhone, "", "call me", kNow, kNow + Days(9), true}};
  records[1].identifiers = {
      {IdentifierType::kEmail, "other@x.org", "other@x.org", kNow, kNow + Days(1), true}};
  const Member member(std::move(records));
  EXPECT_EQ(member.view.Text(A::payment_status), "active");
  EXPECT_EQ(member.view.Text(A::plan), "gold");
  EXPECT_EQ(member.view.Text(A::goal), "");
  EXPECT_EQ(member.view.FindTrait(A::goal), nullptr);
  EXPECT_EQ(member.view.Contact(IdentifierType::kEmail)->normalized, "new@x.org");
  EXPECT_EQ(member.view.Contact(IdentifierType::kPhone), nullptr);  // could not be normalised
}

}  // namespace
}  // namespace spotter::model
