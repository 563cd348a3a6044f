// SPDX-License-Identifier: Apache-2.0
//
// Filters over events, sums and their like, and until when they hold.
#include <gtest/gtest.h>

#include "segment/expression.h"
#include "unit/segment/member_builder.h"

namespace spotter::segment {
namespace {

using A = model::AttributeId;
using model::FactKind;

const EventTime kNow = At("2026-03-31T12:00:00Z");

std::string Evaluated(std::string_view text, const MemberBuilder& member, EventTime now = kNow) {
  const StatusOr<Expression> expression = Expression::Compile(text, Scope::kSegment);
  if (!expression.ok()) return std::string(MessageOf(expression.status()));
  const model::MemberView view = member.View();
  const Result result = expression->Evaluate({.member = view, .now = now, .tenant = "studio"});
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

model::AttributeSet Class(std::string title, std::string instructor) {
  return {{A::class_title, std::move(title)}, {A::instructor, std::move(instructor)}};
}

// Visits at 12:00 of the 1st, 11th, 21st and, from another source, the 26th of March.
MemberBuilder Visitor() {
  MemberBuilder member;
  member.Fact(FactKind::visit, At("2026-03-01T12:00:00Z"), Class("Yoga", "Kim"))
      .Fact(FactKind::visit, At("2026-03-11T12:00:00Z"), Class("Boxing", "Lee"))
      .Fact(FactKind::visit, At("2026-03-21T12:00:00Z"), Class("Yoga", "Lee"))
      .Record()
      .Fact(FactKind::visit, At("2026-03-26T12:00:00Z"), model::AttributeSet{});
  return member;
}

// mission: C41 C43 (segments over what was visited, to the millisecond)
TEST(Events, OnlyThoseThatPassAreCountedAndLeaveAtTheirInstant) {
  ExpectAll(
      Visitor(),
      {
          {"events('visit').filter(e, e.class_title == 'Yoga').within(days(31)).count() == 2",
           "yes until 2026-04-01T12:00:00.000Z"},
          {"events('visit').within(days(31)).filter(e, e.class_title == 'Yoga').count() >= 1",
           "yes until 2026-04-21T12:00:00.000Z"},
          {"events('visit').within(days(31)).filter(e, e.class_title == 'Yoga').exists()",
           "yes until 2026-04-21T12:00:00.000Z"},
          {"events('visit').within(days(31)).exists(e, e.class_title == 'Boxing')",
           "yes until 2026-04-11T12:00:00.000Z"},
          {"events('visit').within(days(31)).exists(e, e.class_title == 'Spin')", "no"},
          {"events('visit').within(days(31)).filter(e, e.class_title == 'Yoga')"
           ".filter(e, e.instructor == 'Lee').last().time == timestamp('2026-03-21T12:00:00Z')",
           "yes until 2026-04-21T12:00:00.000Z"},
          {"events('visit').within(days(31)).filter(e, e.instructor == 'Lee').first().time == "
           "timestamp('2026-03-11T12:00:00Z')",
           "yes until 2026-04-11T12:00:00.000Z"},
          {"events('visit').within(days(31)).filter(e, e.instructor == 'Max').last() == null",
           "yes"},
          {"events('visit').within(days(31)).last().instructor == 'Lee'",
           "error until "
           "2026-04-26T12:00:00.000Z"},
          {"events('visit').within(days(31)).filter(e, has(e.instructor)).last().instructor == "
           "'Lee'",
           "yes until 2026-04-21T12:00:00.000Z"},
          // The lacking instructor of one is no error of all.
          {"events('visit').within(days(31)).filter(e, e.instructor != 'Kim').count() == 2",
           "yes until 2026-04-11T12:00:00.000Z"},
          // Of the member, of the name of another event, of now.
          {"events('visit').within(days(31)).filter(e, now - e.time >= days(10)).count() == 3",
           "yes until 2026-04-01T12:00:00.000Z"},
          {"events('visit').within(days(31)).filter(e, now - e.time > days(10)).count() == 2",
           "yes until 2026-03-31T12:00:00.001Z"},
          {"cel.bind(first, events('visit').within(days(31)).first(), events('visit')"
           ".within(days(31)).filter(e, e.time - first.time > days(15)).count() == 2)",
           "yes until 2026-04-01T12:00:00.000Z"},
      });
}

// mission: B9 (booked, but not seen)
TEST(Events, AFilterMayLookForOtherEvents) {
  constexpr std::string_view kNotFollowed =
      "events('booking').within(days(30)).filter(b, now - b.time >= days(7) && !events('visit')"
      ".since(b.time).before(b.time + days(7)).exists()).exists()";
  MemberBuilder member;
  member.Fact(FactKind::booking, At("2026-03-26T12:00:00Z"));
  EXPECT_EQ(Evaluated(kNotFollowed, member), "no until 2026-04-02T12:00:00.000Z");
  EXPECT_EQ(Evaluated(kNotFollowed, member, At("2026-04-02T12:00:00Z")),
            "yes until 2026-04-25T12:00:00.000Z");
  member.Visit(At("2026-04-02T11:59:59.999Z"));
  EXPECT_EQ(Evaluated(kNotFollowed, member, At("2026-04-02T12:00:00Z")).substr(0, 2), "no");
}

// mission: B9 (a funnel: enquired, booked, came)
TEST(Events, ASequenceIsEventsOneAfterTheOther) {
  MemberBuilder member;
  member.Fact(FactKind::booking, At("2026-03-01T12:00:00Z"))
      .Fact(FactKind::booking, At("2026-03-21T12:00:00Z"))
      .Visit(At("2026-03-08T11:59:59.999Z"))
      .Record()
      .Fact(FactKind::purchase, At("2026-03-10T12:00:00Z"), 500)
      .Visit(At("2026-03-28T12:00:00Z"))   // exactly seven days later: outside
      .Visit(At("2026-04-02T12:00:00Z"));  // still to come
  ExpectAll(
      member,
      {
          {"events('booking').within(days(31)).then('visit', days(7)).count() == 1",
           "yes until 2026-04-01T12:00:00.000Z"},
          {"events('booking').then('visit', days(7)).within(days(31)).exists()",
           "yes until 2026-04-01T12:00:00.000Z"},
          {"events('booking').within(days(31)).then('visit', days(8)).count() == 2",
           "yes until 2026-04-01T12:00:00.000Z"},
          {"events('booking').within(days(31)).then('visit', days(7)).then('purchase', days(7))"
           ".exists()",
           "yes until 2026-04-01T12:00:00.000Z"},
          {"events('booking').within(days(31)).then('purchase', days(7)).exists()", "no"},
          {"events('purchase').within(days(31)).then('visit', days(30)).first().amount == 500",
           "yes until 2026-04-10T12:00:00.000Z"},
          {"events('visit').within(days(1)).then('booking', days(7)).exists()", "no"},
          // The second visit makes it true when it comes.
          {"events('visit').within(days(31)).then('visit', days(7)).exists()",
           "no until 2026-04-02T12:00:00.000Z"},
          {"events('booking').within(days(31)).then('no_show', days(7)).count() < 1", "yes"},
          // It takes no variable's place.
          {"[7, 8].filter(d, events('booking').within(days(31)).then('visit', days(7)).exists() && "
           "d == 8).size() == 1",
           "yes until 2026-04-01T12:00:00.000Z"},
          {"events('booking').then('visit', days(7)).exists()",
           "events are kept for 400 days, so a sequence needs a window at 1:42; for example "
           ".within(days(400))"},
          {"events('booking').then('vist', days(7)).exists()",
           "unknown fact kind 'vist' at 1:24; did you mean 'visit'?"},
          {"events('booking').then('visit', days(0)).exists()",
           "a sequence's step must be longer than zero at 1:33"},
          {"events('booking').then('visit').exists()", "then() takes 2 arguments, found 1 at 1:19"},
      });
}

// mission: D4 D14 C83 (what was spent, in a window and for life)
TEST(Events, SumsHoldUntilAnEventLeaves) {
  MemberBuilder member;
  const auto sale = [&](std::string_view day, int64_t amount, int64_t quantity) {
    member.Fact(FactKind::purchase, At(day), amount, "USD", {{A::quantity, quantity}});
  };
  sale("2026-03-01T12:00:00Z", 5000, 1);
  sale("2026-03-11T12:00:00Z", 2000, 3);
  sale("2026-03-21T12:00:00Z", 2000, 2);
  ExpectAll(member,
            {
                {"events('purchase').within(days(31)).sum(e, e.amount) == 9000",
                 "yes until 2026-04-01T12:00:00.000Z"},
                {"events('purchase').sum(e, e.amount) == 9000", "yes"},
                {"events('purchase').within(days(31)).filter(e, e.amount < 5000).sum(e, e.amount) "
                 "== 4000",
                 "yes until 2026-04-11T12:00:00.000Z"},
                {"events('purchase').within(days(31)).sum(e, e.amount * e.quantity) == 15000",
                 "yes until 2026-04-01T12:00:00.000Z"},
                {"events('purchase').within(days(31)).avg(e, e.amount) == 3000.0",
                 "yes until 2026-04-01T12:00:00.000Z"},
                // The least stays until the last that has it leaves, whoever else does.
                {"events('purchase').within(days(31)).min(e, e.amount) == 2000",
                 "yes until 2026-04-21T12:00:00.000Z"},
                {"events('purchase').within(days(31)).max(e, e.amount) == 5000",
                 "yes until 2026-04-01T12:00:00.000Z"},
                {"events('purchase').within(days(31)).distinct(e, e.amount) == 2",
                 "yes until 2026-04-01T12:00:00.000Z"},
                {"events('purchase').within(days(31)).max(e, e.time) == "
                 "timestamp('2026-03-21T12:00:00Z')",
                 "yes until 2026-04-21T12:00:00.000Z"},
                {"events('purchase').within(weeks(1)).sum(e, e.amount) == 0", "yes"},
                {"events('purchase').within(days(7)).min(e, e.amount) == null", "yes"},
                {"events('purchase').within(days(7)).avg(e, e.amount) < 10.0", "error"},
                {"events('purchase').within(days(31)).sum(e, e.cost_minor) == 0",
                 "error until 2026-04-01T12:00:00.000Z"},
            });
}

TEST(Events, MoneyInTwoCurrenciesHasNoSum) {
  MemberBuilder member;
  member
      .Fact(FactKind::purchase, At("2026-03-21T12:00:00Z"), 1000, "EUR",
            {{A::currency, std::string("EUR")}})
      .Fact(FactKind::purchase, At("2026-03-26T12:00:00Z"), 2000, "USD");
  ExpectAll(member, {
                        {"events('purchase').within(days(30)).sum(e, e.amount) > 0",
                         "error until 2026-04-20T12:00:00.000Z"},
                        {"events('purchase').within(days(30)).max(e, e.amount) > 0",
                         "error until 2026-04-20T12:00:00.000Z"},
                        {"events('purchase').within(days(30)).filter(e, e.currency == 'EUR')"
                         ".sum(e, e.amount) == 1000",
                         "yes until 2026-04-20T12:00:00.000Z"},
                    });
}

// What rests on facts of over 400 days is the same whether or not they were dropped yet.
TEST(Events, AttributesAreAskedForNoFurtherBackThanTheyAreKept) {
  for (const bool is_dropped : {false, true}) {
    MemberBuilder member;
    member.Fact(FactKind::purchase, kNow - Days(500), 700)
        .Fact(FactKind::purchase, kNow - Days(10), 300)
        .Fact(FactKind::membership, kNow - Days(500), {{A::plan, std::string("gold")}});
    if (is_dropped) member.ExpireBefore(kNow - Days(400));
    ExpectAll(member, {
                          {"events('purchase').sum(e, e.amount) == 1000", "yes"},
                          {"events('purchase').since(timestamp('2020-01-01T00:00:00Z'))"
                           ".filter(e, e.amount > 500).exists()",
                           "error"},
                          {"events('purchase').since(timestamp('2026-01-01T00:00:00Z'))"
                           ".filter(e, e.amount > 200).exists()",
                           "yes until 2027-02-05T00:00:00.001Z"},
                          {"events('purchase').first().amount == 700", "error"},
                          {"events('membership').filter(e, e.plan == 'gold').exists()", "yes"},
                          {"events('membership').last().plan == 'gold'", "yes"},
                      });
  }
}

TEST(Events, TooManyStepsAreAnErrorUntilAFactComesOrGoes) {
  MemberBuilder member;
  for (int i = 0; i < 400; ++i) member.Visit(kNow - Days(1) - Duration(i));
  EXPECT_EQ(Evaluated("events('visit').within(days(2)).filter(a, events('visit').within(days(2))"
                      ".filter(b, a.time < b.time && a.time == b.time).exists()).exists()",
                      member),
            "error until " + FormatTime(kNow + Days(1) - Duration(399)));
}

}  // namespace
}  // namespace spotter::segment
