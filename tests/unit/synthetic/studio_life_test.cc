// SPDX-License-Identifier: Apache-2.0
#include "synthetic/studio_life.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "base/hash.h"

namespace spotter::synthetic {
namespace {

using model::AttributeId;
using model::EventKind;
using model::IdentifierType;

Options SmallStudio(uint64_t seed = 1) {
  Options options;
  options.seed = seed;
  options.members = 200;
  options.start = *ParseTime("2026-03-02T15:04:05.678Z");
  return options;
}

const std::vector<Delivery>& Life() {
  static const std::vector<Delivery> life = MakeStudioLife(SmallStudio());
  return life;
}

std::string RawOf(const model::MemberEvent& event, IdentifierType type) {
  for (const auto& identifier : event.identifiers) {
    if (identifier.type == type) return identifier.raw;
  }
  return "";
}

TEST(MakeStudioLife, GivesTheSameLifeForTheSameSeed) {
  const auto again = MakeStudioLife(SmallStudio());
  ASSERT_EQ(Life().size(), again.size());
  for (size_t i = 0; i < again.size(); ++i) {
    ASSERT_EQ(Life()[i].at, again[i].at) << i;
    ASSERT_EQ(Life()[i].event, again[i].event) << i;
  }
}

TEST(MakeStudioLife, GivesAnotherLifeForAnotherSeed) {
  const auto other = MakeStudioLife(SmallStudio(2));
  EXPECT_NE(Life().front().event, other.front().event);
}

TEST(MakeStudioLife, ArrivesInOrderWithinTheDaysAskedFor) {
  const Options options = SmallStudio();
  EventTime last = options.start;
  for (const Delivery& delivery : Life()) {
    ASSERT_LE(last, delivery.at);
    ASSERT_LT(delivery.at, options.start + Days(options.days) + Seconds(1));
    ASSERT_LE(delivery.event.event_time, delivery.at) << "an event cannot arrive before it happens";
    last = delivery.at;
  }
}

// One final state per booking, whatever came twice.
std::map<std::string, std::string> OutcomesOfBookings() {
  std::map<std::string, std::string> outcomes;
  const EventTime start = SmallStudio().start;
  for (const Delivery& delivery : Life()) {
    const auto& event = delivery.event;
    if (event.entity.type != "booking" || event.entity.version != 2) continue;
    if (event.event_time < start) continue;
    outcomes[event.entity.id] = event.attributes.Text(AttributeId::status);
  }
  return outcomes;
}

TEST(MakeStudioLife, KeepsTheRatesOfAStudio) {
  std::map<std::string, int> counts;
  for (const auto& [id, outcome] : OutcomesOfBookings()) ++counts[outcome];
  const double all = counts["checked_in"] + counts["no_show"] + counts["late_cancel"];
  ASSERT_GT(all, 2000);
  EXPECT_NEAR(counts["checked_in"] / all, 0.85, 0.04);
  EXPECT_NEAR(counts["no_show"] / all, 0.08, 0.03);
  EXPECT_NEAR(counts["late_cancel"] / all, 0.07, 0.03);
  EXPECT_NEAR(counts["cancelled"] / (all + counts["cancelled"]), 0.04, 0.02);
}

TEST(MakeStudioLife, HasEveryKindOfEventOfTheDemo) {
  std::map<EventKind, int> kinds;
  for (const Delivery& delivery : Life()) ++kinds[delivery.event.kind];
  for (const EventKind kind :
       {EventKind::member_created, EventKind::member_updated, EventKind::membership_changed,
        EventKind::booking_created, EventKind::booking_cancelled, EventKind::attendance,
        EventKind::purchase, EventKind::payment_failed, EventKind::refund, EventKind::scan_recorded,
        EventKind::consent_changed, EventKind::message_in, EventKind::invoice_changed}) {
    EXPECT_GT(kinds[kind], 0) << NameOf(kind);
  }
}

TEST(MakeStudioLife, DeliversSomeEventsTwiceAndSomeLate) {
  std::set<std::string> seen;
  double twice = 0, late = 0;
  const EventTime opened = SmallStudio().start + Hours(1);
  for (const Delivery& delivery : Life()) {
    const bool first = seen.insert(delivery.event.source_event_id).second;
    twice += first ? 0 : 1;
    late += first && delivery.event.event_time > opened &&
            delivery.at - delivery.event.event_time > Minutes(59);
  }
  const double all = static_cast<double>(seen.size());
  EXPECT_NEAR(twice / all, 0.02, 0.006);
  EXPECT_NEAR(late / all, 0.01, 0.004);
}

TEST(MakeStudioLife, SharesFamilyPhonesBetweenDifferentNames) {
  std::map<std::string, std::set<std::string>> names_by_phone, phones_by_email;
  for (const Delivery& delivery : Life()) {
    if (delivery.event.identifiers.empty()) continue;
    const std::string phone = RawOf(delivery.event, IdentifierType::kPhone);
    names_by_phone[phone].insert(RawOf(delivery.event, IdentifierType::kName));
    phones_by_email[RawOf(delivery.event, IdentifierType::kEmail)].insert(phone);
  }
  double sharing = 0;
  for (const auto& [phone, names] : names_by_phone) {
    EXPECT_LE(names.size(), 2U) << phone;
    if (names.size() == 2) sharing += 2;
  }
  EXPECT_NEAR(sharing / 200, 0.15, 0.08);
  for (const auto& [email, phones] : phones_by_email) EXPECT_EQ(1U, phones.size()) << email;
}

TEST(MakeStudioLife, KnowsTheSamePersonInSeveralSourcesByEmailAndName) {
  std::map<int, std::set<std::string>> emails, sources;
  for (const Delivery& delivery : Life()) {
    if (delivery.event.identifiers.empty()) continue;
    emails[delivery.member].insert(RawOf(delivery.event, IdentifierType::kEmail));
    sources[delivery.member].insert(delivery.event.source);
  }
  int in_stripe = 0;
  for (const auto& [member, names] : emails) EXPECT_EQ(1U, names.size()) << member;
  for (const auto& [member, names] : sources) in_stripe += names.contains("stripe") ? 1 : 0;
  EXPECT_NEAR(in_stripe / 200.0, 0.75, 0.1);
}

TEST(MakeStudioLife, LeavesRefundsToBeFoundByTheirPayment) {
  std::set<std::string> payments;
  for (const Delivery& delivery : Life()) {
    if (delivery.event.entity.type == "payment") payments.insert(delivery.event.entity.id);
  }
  int refunds = 0;
  for (const Delivery& delivery : Life()) {
    if (delivery.event.entity.type != "refund") continue;
    ++refunds;
    EXPECT_EQ("", delivery.event.customer_id);
    EXPECT_TRUE(
        payments.contains(std::string(delivery.event.attributes.Text(AttributeId::payment_id))));
  }
  EXPECT_GT(refunds, 0);
}

// What makes the two shipped journeys start: sign-ups (C41), and members who pay and stay away
// (C43). mission: C41 C43
TEST(MakeStudioLife, HasSignUpsAndPayingMembersWhoFadeAway) {
  const Options options = SmallStudio();
  std::set<int> joined, ever_paid, cancelled;
  std::map<int, EventTime> last_visit;
  for (const Delivery& delivery : Life()) {
    const auto& event = delivery.event;
    if (event.kind == EventKind::member_created && event.source == "square") {
      joined.insert(delivery.member);
    }
    if (event.attributes.Text(AttributeId::payment_status) == "active") {
      ever_paid.insert(delivery.member);
    }
    if (event.attributes.Text(AttributeId::payment_status) == "cancelled") {
      cancelled.insert(delivery.member);
    }
    if (event.attributes.Text(AttributeId::status) == "checked_in") {
      last_visit[delivery.member] = event.event_time;
    }
  }
  EXPECT_GT(joined.size(), 20U);
  int faded = 0;
  for (const int member : ever_paid) {
    const auto visit = last_visit.find(member);
    const bool gone =
        visit == last_visit.end() || visit->second < options.start + Days(options.days - 21);
    faded += gone && !cancelled.contains(member) ? 1 : 0;
  }
  EXPECT_GT(faded, 5);
}

TEST(MakeStudioLife, FollowsTheSizeAskedFor) {
  Options options = SmallStudio();
  options.members = 20;
  options.days = 7;
  options.visits_per_week = 0;
  options.duplicate_share = 0;
  options.late_share = 0;
  const auto life = MakeStudioLife(options);
  std::set<int> members;
  for (const Delivery& delivery : life) members.insert(delivery.member);
  EXPECT_LE(members.size(), 20U);
  EXPECT_LT(life.size(), 20U * 20U);
}

}  // namespace
}  // namespace spotter::synthetic
