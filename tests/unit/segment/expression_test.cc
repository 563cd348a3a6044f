// SPDX-License-Identifier: Apache-2.0
#include "segment/expression.h"

#include <gtest/gtest.h>

#include "base/hash.h"
#include "unit/segment/member_builder.h"

namespace spotter::segment {
namespace {

using model::AttributeId;
using model::FactKind;

const EventTime kNow = At("2026-03-31T12:00:00Z");

// "yes", "no" or "error", and until when: "yes until 2026-…", or for ever.
std::string Evaluated(std::string_view text, const MemberBuilder& member, EventTime now = kNow,
                      const SegmentLookup* segments = nullptr) {
  const StatusOr<Expression> expression = Expression::Compile(text, Scope::kJourneyStep);
  if (!expression.ok()) return std::string(MessageOf(expression.status()));
  const model::MemberView view = member.View();
  const Result result = expression->Evaluate({.member = view,
                                              .now = now,
                                              .journey_entered_at = kNow - Days(3),
                                              .step_entered_at = kNow - Days(1),
                                              .tenant = "studio",
                                              .segments = segments});
  EXPECT_GT(result.valid_until, now);
  std::string answer = result.is_error ? "error" : result.value ? "yes" : "no";
  if (result.valid_until != EventTime::Max()) answer += " until " + FormatTime(result.valid_until);
  return answer;
}

struct Case {
  std::string_view text;
  std::string_view answer;
};
void ExpectAll(const MemberBuilder& member, std::initializer_list<Case> cases) {
  for (const Case& c : cases) EXPECT_EQ(Evaluated(c.text, member), c.answer) << c.text;
}

// mission: C4 C6
TEST(Expression, NoVisitInFourteenDaysBeginsAtItsMillisecond) {
  constexpr std::string_view kAtRisk =
      "!events('visit').within(days(14)).exists() && member.payment_status == 'active'";
  MemberBuilder member;
  member.Visit(At("2026-03-17T12:00:00Z"))
      .Trait(AttributeId::payment_status, std::string("active"));
  EXPECT_EQ(Evaluated(kAtRisk, member, kNow - Duration(1)), "no until 2026-03-31T12:00:00.000Z");
  EXPECT_EQ(Evaluated(kAtRisk, member, kNow), "yes");
  member.Visit(At("2026-03-31T11:00:00Z"));
  EXPECT_EQ(Evaluated(kAtRisk, member, kNow), "no until 2026-04-14T11:00:00.000Z");
  // The form with a count arms the same single timer.
  EXPECT_EQ(Evaluated("events('visit').within(days(14)).count() == 0", member, kNow),
            "no until 2026-04-14T11:00:00.000Z");
}

// mission: C16 (three states of payment, and a member of whom none is known)
TEST(Expression, PaymentStatusIsComparedByItsCanonicalNames) {
  struct Status {
    std::string_view known;
    std::string_view is_active;
    std::string_view is_past_due;
  };
  const Status table[] = {{"active", "yes", "no"},
                          {"past_due", "no", "yes"},
                          {"cancelled", "no", "no"},
                          {"", "error", "error"}};
  for (const Status& row : table) {
    MemberBuilder member;
    if (!row.known.empty()) member.Trait(AttributeId::payment_status, std::string(row.known));
    EXPECT_EQ(Evaluated("member.payment_status == 'active'", member), row.is_active);
    EXPECT_EQ(Evaluated("member.payment_status == 'past_due'", member), row.is_past_due);
  }
}

// mission: C26
TEST(Expression, GuardsASendByLastVisitAndConsent) {
  constexpr std::string_view kGuard =
      "now - member.last_visit_date > days(14) && consent('sms', 'marketing') == 'granted'";
  MemberBuilder member;
  member.Visit(kNow - Days(14)).Consent("sms", "marketing", model::ConsentState::kGranted);
  // "Older than 14 days" is not yet so at exactly 14 days.
  EXPECT_EQ(Evaluated(kGuard, member), "no until 2026-03-31T12:00:00.001Z");
  EXPECT_EQ(Evaluated(kGuard, member, kNow + Duration(1)), "yes");
  EXPECT_EQ(Evaluated("consent('email', 'marketing') == 'unknown'", member), "yes");
  member.Record().Consent("sms", "marketing", model::ConsentState::kDenied);
  EXPECT_EQ(Evaluated(kGuard, member, kNow + Duration(1)), "no");
  // Nobody who never came has a last visit to be older than anything.
  EXPECT_EQ(Evaluated(kGuard, MemberBuilder()), "no");
  EXPECT_EQ(Evaluated("member.last_visit_date == null", MemberBuilder()), "yes");
}

// mission: C41
TEST(Expression, WelcomeAudienceIsNewAndHasNotCome) {
  constexpr std::string_view kWelcome =
      "events('signup').within(days(7)).exists() && !events('visit').exists()";
  MemberBuilder member;
  member.Fact(FactKind::signup, kNow - Days(2));
  EXPECT_EQ(Evaluated(kWelcome, member), "yes until 2026-04-05T12:00:00.000Z");
  EXPECT_EQ(Evaluated(kWelcome, member, kNow + Days(5)), "no");
  member.Visit(kNow - Days(1));
  EXPECT_EQ(Evaluated(kWelcome, member), "no");
  EXPECT_EQ(Evaluated("events('visit').since(journey.entered_at).count() >= 3", member), "no");
  member.Visit(kNow - Hours(30)).Visit(kNow - Days(3));
  EXPECT_EQ(Evaluated("events('visit').since(journey.entered_at).count() >= 3", member),
            // Exact but for one thing: since() holds while facts of its bound's age are kept.
            "yes");
}

// mission: C43 X23
TEST(Expression, WinbackAudienceHasMissedTwoOrNotComeForThreeWeeks) {
  constexpr std::string_view kWinback =
      "(events('no_show').within(days(30)).count() >= 2 || "
      "!events('visit').within(days(21)).exists()) && member.payment_status == 'active'";
  MemberBuilder member;
  member.Trait(AttributeId::payment_status, std::string("active")).Visit(kNow - Days(3));
  EXPECT_EQ(Evaluated(kWinback, member), "no until 2026-04-18T12:00:00.000Z");
  member.Fact(FactKind::no_show, kNow - Days(20)).Fact(FactKind::no_show, kNow - Days(10));
  member.Fact(FactKind::no_show, kNow - Days(2));
  // Three were missed: two still are when the oldest leaves, one after the next.
  EXPECT_EQ(Evaluated(kWinback, member), "yes until 2026-04-20T12:00:00.000Z");
  // The one reason ends when the other has begun, on 18 April.
  EXPECT_EQ(Evaluated(kWinback, member, At("2026-04-19T00:00:00Z")), "yes");
}

// mission: D4 X1
TEST(Expression, StatusPillsAreValues) {
  MemberBuilder member;
  EXPECT_EQ(Evaluated("member.status == 'new'", member), "yes");
  member.Fact(FactKind::booking, kNow - Days(90) + Duration(1));
  EXPECT_EQ(Evaluated("member.status == 'active'", member), "yes until 2026-03-31T12:00:00.001Z");
  EXPECT_EQ(Evaluated("member.status in ['lapsed']", member), "no until 2026-03-31T12:00:00.001Z");
  EXPECT_EQ(Evaluated("member.status == 'lapsed'", member, kNow + Duration(1)), "yes");
  for (int i = 0; i < 4; ++i) member.Fact(FactKind::booking, kNow - Days(i));
  EXPECT_EQ(Evaluated("member.status == 'regular'", member), "yes until 2026-06-29T12:00:00.000Z");
}

// mission: D12 X2
TEST(Expression, GrowingIsThreeToFiveBookings) {
  constexpr std::string_view kGrowing = "member.total_bookings >= 3 && member.total_bookings <= 5";
  MemberBuilder member;
  for (int bookings = 0; bookings <= 6; ++bookings) {
    EXPECT_EQ(Evaluated(kGrowing, member), bookings >= 3 && bookings <= 5 ? "yes" : "no");
    member.Fact(FactKind::booking, kNow - Days(500 - bookings));
    member.ExpireBefore(kNow - Days(bookings % 2 == 0 ? 400 : 4000));
  }
}

// mission: X25
TEST(Expression, AverageClassesPerMonthAreTheVisitsOfThirtyDays) {
  MemberBuilder member;
  member.Visit(kNow - Days(30)).Visit(kNow - Days(30) + Duration(1)).Visit(kNow - Days(1));
  ExpectAll(member, {{"member.avg_classes_per_month == 2", "yes until 2026-03-31T12:00:00.001Z"},
                     {"member.avg_classes_per_month > 1.5", "yes until 2026-03-31T12:00:00.001Z"},
                     {"member.avg_classes_per_month >= 1", "yes until 2026-04-29T12:00:00.000Z"}});
}

// mission: X4 D11
TEST(Expression, LifetimeSpendIsALedgerOfOneCurrency) {
  MemberBuilder member;
  ExpectAll(member, {{"member.lifetime_spend == 0", "yes"}});
  member.Fact(FactKind::purchase, kNow - Days(500), 5000)
      .Fact(FactKind::purchase, kNow - Days(5), 2500)
      .Fact(FactKind::refund, kNow - Days(4), 1000)
      .ExpireBefore(kNow - Days(400));
  ExpectAll(member, {{"member.lifetime_spend == 6500", "yes"}});
  member.Record().Fact(FactKind::purchase, kNow + Minutes(2), 100);
  ExpectAll(member, {{"member.lifetime_spend == 6500", "yes until 2026-03-31T12:02:00.000Z"}});
  member.Fact(FactKind::purchase, kNow - Days(1), 100, "EUR");
  ExpectAll(member, {{"member.lifetime_spend > 0", "error until 2026-03-31T12:02:00.000Z"}});
}

TEST(Expression, WindowsAreHalfOpen) {
  MemberBuilder member;
  member.Visit(kNow - Days(30)).Visit(kNow - Days(14)).Visit(kNow);
  ExpectAll(
      member,
      {
          // age in [0, d): the visit of this very instant is in, that of 14 days ago is not
          {"events('visit').within(days(14)).count() == 1", "yes until 2026-04-14T12:00:00.000Z"},
          {"events('visit').within(days(14) + minutes(1)).count() == 2",
           "yes until 2026-03-31T12:01:00.000Z"},
          // age in [near, far)
          {"events('visit').between(days(14), days(30)).count() == 1",
           "yes until 2026-04-14T12:00:00.000Z"},
          {"events('visit').between(days(1), days(14)).exists()",
           "no until 2026-04-01T12:00:00.000Z"},
          // [t, now]
          {"events('visit').since(timestamp('2026-03-17T12:00:00Z')).count() == 2",
           "yes until "
           "2027-04-21T12:00:00.001Z"},
          {"events('visit').since(now - days(14)).count() == 2",
           "yes until 2026-03-31T12:00:00.001Z"},
          // before t, not at it
          {"events('visit').before(timestamp('2026-03-17T12:00:00Z')).count() == 1",
           "yes until 2027-04-21T12:00:00.000Z"},
          {"events('visit').before(now).count() == 2", "yes until 2026-03-31T12:00:00.001Z"},
      });
}

TEST(Expression, AFactOfTheFutureEntersAtItsTime) {
  MemberBuilder member;
  member.Visit(kNow + Minutes(5));
  ExpectAll(member, {
                        {"events('visit').exists()", "no until 2026-03-31T12:05:00.000Z"},
                        {"events('visit').count() == 0", "yes until 2026-03-31T12:05:00.000Z"},
                        {"events('visit').within(days(1)).count() >= 2", "no"},
                        {"member.last_visit_date == null", "yes until 2026-03-31T12:05:00.000Z"},
                        {"events('visit').before(now - days(1)).exists()",
                         "no until 2026-04-01T12:05:00.001Z"},
                    });
}

TEST(Expression, CountsChangeWhenOneCertainFactEntersOrLeaves) {
  MemberBuilder member;  // ages 9, 6, 3 days over two records, and one in two days
  member.Visit(kNow - Days(9)).Visit(kNow - Days(3)).Record();
  member.Visit(kNow - Days(6)).Visit(kNow + Days(2));
  ExpectAll(
      member,
      {
          {"events('visit').within(days(10)).count() >= 3", "yes until 2026-04-01T12:00:00.000Z"},
          {"events('visit').within(days(10)).count() >= 2", "yes until 2026-04-04T12:00:00.000Z"},
          {"events('visit').within(days(10)).count() > 0", "yes until 2026-04-07T12:00:00.000Z"},
          {"events('visit').within(days(10)).count() >= 4", "no until 2026-04-02T12:00:00.000Z"},
          {"events('visit').within(days(10)).count() >= 5", "no"},
          {"5 <= events('visit').within(days(10)).count()", "no"},
          {"events('visit').within(days(10)).count() < 2", "no until 2026-04-04T12:00:00.000Z"},
          {"events('visit').within(days(10)).count() == 3", "yes until 2026-04-01T12:00:00.000Z"},
          {"events('visit').within(days(10)).count() != 1", "yes until 2026-04-04T12:00:00.000Z"},
          {"events('visit').within(days(10)).count() >= 0", "yes"},
          {"events('visit').within(days(10)).count() == -1", "no"},
          {"events('visit').within(days(10)).count() > 9223372036854775807", "no"},
          {"events('visit').within(days(10)).count() + 0 >= 2",
           "yes until "
           "2026-04-01T12:00:00.000Z"},
          {"events('visit').within(days(10)).last().time == timestamp('2026-03-28T12:00:00Z')",
           "yes until 2026-04-02T12:00:00.000Z"},
          {"events('visit').within(days(10)).first().time < now - days(8)",
           "yes until 2026-04-01T12:00:00.000Z"},
      });
}

TEST(Expression, LifetimeCountsOutliveTheTimeline) {
  MemberBuilder member;
  member.Visit(kNow - Days(900)).Visit(kNow - Days(500)).Visit(kNow - Days(100));
  for (const bool is_expired : {false, true}) {
    if (is_expired) member.ExpireBefore(kNow - Days(400));
    ExpectAll(member,
              {
                  {"events('visit').count() == 3", "yes"},
                  {"events('visit').first().time == timestamp('2023-10-13T12:00:00Z')", "yes"},
                  {"events('visit').since(timestamp('2020-01-01T00:00:00Z')).count() == 3", "yes"},
                  {"events('visit').since(timestamp('2024-01-01T00:00:00Z')).count() > 0", "error"},
                  {"events('visit').since(now - days(400)).count() == 1",
                   "yes until 2027-01-25T12:00:00.001Z"},
                  {"events('visit').before(timestamp('2026-03-01T00:00:00Z')).count() == 3", "yes"},
                  {"events('visit').before(timestamp('2024-03-01T00:00:00Z')).exists()", "error"},
                  {"events('visit').first().amount == 0", "error"},
                  // Other kinds are kept 400 days, and every window over them ends there.
                  {"events('no_show').count() == 0", "yes"},
              });
  }
  // What describes the member is never dropped.
  MemberBuilder old;
  old.Fact(FactKind::signup, kNow - Days(1000)).Fact(FactKind::scan, kNow - Days(399));
  old.ExpireBefore(kNow - Days(400));
  ExpectAll(old, {{"events('signup').exists()", "yes"},
                  {"events('scan').exists()", "yes until 2026-04-01T12:00:00.000Z"}});
}

TEST(Expression, AmountsAreThoseOfTheEvent) {
  MemberBuilder member;
  member.Fact(FactKind::purchase, kNow - Days(10), 4000)
      .Fact(FactKind::purchase, kNow - Days(2), 900);
  ExpectAll(member,
            {
                {"events('purchase').last().amount == 900", "yes until 2027-05-03T12:00:00.001Z"},
                {"events('purchase').within(days(20)).first().amount > 3999",
                 "yes until 2026-04-10T12:00:00.000Z"},
                {"events('refund').last().amount > 0", "error"},
                {"events('refund').last() == null", "yes"},
                {"events('purchase').last() != null", "yes"},
            });
}

TEST(Expression, AMissingAttributeIsAnErrorThatLogicAbsorbs) {
  MemberBuilder member;
  member.Trait(AttributeId::plan, std::string("gold")).Trait(AttributeId::adherence, int64_t{40});
  member.Trait(AttributeId::joined_at, kNow - Days(20)).Trait(AttributeId::auto_renews, true);
  ExpectAll(member,
            {
                {"member.goal == 'run'", "error"},
                {"member.goal != 'run'", "error"},
                {"!(member.goal == 'run')", "error"},
                {"member.goal == 'run' || member.plan == 'gold'", "yes"},
                {"member.goal == 'run' && member.plan == 'tin'", "no"},
                {"member.goal == 'run' && member.plan == 'gold'", "error"},
                {"member.goal == 'run' || member.plan == 'tin'", "error"},
                {"has(member.goal) && member.goal == 'run'", "no"},
                {"has(member.plan) ? member.plan == 'gold' : false", "yes"},
                {"member.plan in ['tin', 'gold']", "yes"},
                {"member.goal in ['run']", "error"},
                {"member.plan in ['gold', member.goal]", "error"},
                {"member.plan < 'silver'", "yes"},
                {"member.adherence <= 50", "yes"},
                {"member.adherence * 2 + 20 == 100", "yes"},
                {"member.adherence / 0 == 1 || true", "yes"},
                {"member.adherence + 9223372036854775807 > 0", "error"},
                {"member.auto_renews", "yes"},
                {"now - member.joined_at >= days(21)", "no until 2026-04-01T12:00:00.000Z"},
                {"now - member.joined_at < days(21)", "yes until 2026-04-01T12:00:00.000Z"},
                {"member.joined_at + days(20) == now", "yes until 2026-03-31T12:00:00.001Z"},
                {"member.contract_end < now", "error"},
            });
}

TEST(Expression, LogicHoldsAsLongAsItsReasonsDo) {
  // p ends in one hour, q in two; each true until then.
  constexpr std::string_view kP = "now < timestamp('2026-03-31T13:00:00Z')";
  constexpr std::string_view kQ = "now < timestamp('2026-03-31T14:00:00Z')";
  const auto with = [&](std::string_view form) {
    std::string text(form);
    for (size_t at = 0; (at = text.find_first_of("PQ", at)) != std::string::npos;) {
      const std::string_view put = text[at] == 'P' ? kP : kQ;
      text.replace(at, 1, put);
      at += put.size();
    }
    return text;
  };
  const std::pair<std::string_view, std::string_view> table[] = {
      {"P && Q", "yes until 2026-03-31T13:00:00.000Z"},
      {"P || Q", "yes until 2026-03-31T14:00:00.000Z"},
      {"!(P) && !(Q)", "no until 2026-03-31T14:00:00.000Z"},
      {"!(P) || !(Q)", "no until 2026-03-31T13:00:00.000Z"},
      {"!(P) && Q", "no until 2026-03-31T13:00:00.000Z"},
      {"!(P) && false", "no"},
      {"P || true", "yes"},
      {"P && member.plan == 'x'", "error until 2026-03-31T13:00:00.000Z"},
      {"(P) ? Q : false", "yes until 2026-03-31T13:00:00.000Z"},
      {"(Q) ? P : false", "yes until 2026-03-31T13:00:00.000Z"},
      {"(P) == (Q)", "yes until 2026-03-31T13:00:00.000Z"},
  };
  for (const auto& [form, answer] : table) {
    EXPECT_EQ(Evaluated(with(form), MemberBuilder()), answer) << form;
  }
}

TEST(Expression, MacrosAndBindingsHoldAsLongAsWhatTheyLookAt) {
  MemberBuilder member;  // visits of 5 and 2 days ago
  member.Visit(kNow - Days(5))
      .Visit(kNow - Days(2))
      .Tag("vip")
      .Record()
      .Tag("coach-sam")
      .Tag("vip");
  member.Trait(AttributeId::plan, std::string("gold-12"));
  ExpectAll(
      member,
      {
          // One element that decides is enough: the latest of them counts.
          {"[days(3), days(7)].exists(d, events('visit').since(now - d).exists())",
           "yes until 2026-04-05T12:00:00.001Z"},
          {"[days(3), days(7)].all(d, events('visit').since(now - d).exists())",
           "yes until 2026-04-01T12:00:00.001Z"},
          {"[days(1), days(7)].all(d, events('visit').since(now - d).exists())", "no"},
          {"[days(3), days(7)].filter(d, events('visit').since(now - d).exists()).size() == 2",
           "yes until 2026-04-01T12:00:00.001Z"},
          {"[days(3), days(7)].map(d, events('visit').since(now - d).count()) == [1, 2]",
           "yes until 2026-04-01T12:00:00.001Z"},
          {"[days(3), days(7)].exists_one(d, events('visit').since(now - d).count() > 1)",
           "yes until 2026-04-02T12:00:00.001Z"},
          // What is bound counts where it is looked at.
          {"cel.bind(recent, events('visit').within(days(3)).exists(), true)", "yes"},
          {"cel.bind(recent, events('visit').within(days(3)).exists(), recent)",
           "yes until 2026-04-01T12:00:00.000Z"},
          {"cel.bind(last, events('visit').last(), last != null && now - last.time > days(2))",
           "no until 2026-03-31T12:00:00.001Z"},
          {"cel.bind(last, events('no_show').last(), last == null || last.amount > 1)", "yes"},
          {"{'a': now}.a > timestamp('2026-04-01T00:00:00Z')", "no until 2026-04-01T00:00:00.001Z"},
          {"[now][0] + days(1) > timestamp('2026-04-02T00:00:00Z')",
           "no until 2026-04-01T00:00:00.001Z"},
          {"member.tags == ['coach-sam', 'vip']", "yes"},
          {"member.tags.exists(t, t.startsWith('coach-'))", "yes"},
          {"member.plan.split('-')[1] == '12' && int(member.plan.substring(5)) > 11", "yes"},
          {"member.plan.matches('^(silver|bronze)-') || member.goal.matches('x')", "error"},
          {"size(member.goal) > 0 || true", "yes"},
      });
}

TEST(Expression, ReadsTagsStepsAndOtherSegments) {
  MemberBuilder member;
  member.Tag("beginner").Record().Tag("vip");
  ExpectAll(member, {{"'vip' in member.tags", "yes"},
                     {"'beginner' in member.tags", "yes"},
                     {"'VIP' in member.tags", "no"},
                     {"has(member.tags)", "yes"},
                     {"now - step.entered_at >= days(2)", "no until 2026-04-01T12:00:00.000Z"},
                     {"now - journey.entered_at >= days(2)", "yes"},
                     {"segment('at-risk')", "error"}});
  class AtRiskOnly : public SegmentLookup {
    SegmentValue Lookup(std::string_view id) const override {
      return {.is_member = id == "at-risk", .valid_until = kNow + Hours(1)};
    }
  } lookup;
  EXPECT_EQ(Evaluated("segment('at-risk')", member, kNow, &lookup),
            "yes until 2026-03-31T13:00:00.000Z");
  EXPECT_EQ(Evaluated("segment('vip')", member, kNow, &lookup),
            "no until 2026-03-31T13:00:00.000Z");
}

TEST(Expression, ABucketIsADrawThatOthersCanReproduce) {
  MemberBuilder member;  // its first record's key is {1, 7}
  std::string bytes("studio\0spring\0", 14);
  bytes.append("\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\7", 16);
  const double draw = static_cast<double>(HashOf(bytes).high >> 11) * 0x1p-53;
  EXPECT_EQ(Evaluated(fmt::format("bucket('spring') == {:.17g}", draw), member), "yes");
  EXPECT_EQ(Evaluated("bucket('spring') == bucket('autumn')", member), "no");
  EXPECT_EQ(Evaluated("bucket('spring') >= 0.0 && bucket('spring') < 1.0", member), "yes");
  const std::string salt(400, 's');  // more than fits on the stack
  EXPECT_EQ(Evaluated("bucket('" + salt + "') < 1.0", member), "yes");
}

}  // namespace
}  // namespace spotter::segment
