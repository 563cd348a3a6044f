// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "segment/expression.h"
#include "segment/fact_window.h"

namespace spotter::segment {
namespace {

std::string Compiled(std::string_view text, Scope scope = Scope::kSegment) {
  const StatusOr<Expression> expression = Expression::Compile(text, scope);
  return expression.ok() ? "ok" : std::string(MessageOf(expression.status()));
}

TEST(Checker, AcceptsTheLanguage) {
  const std::string_view texts[] = {
      "true",
      "events('visit').within(days(14)).count() == 0 && member.payment_status == 'active'",
      "events('visit').between(days(30), days(90)).count() > 0",
      "events('visit').since(member.joined_at).count() < 3",
      "events('visit').since(now - days(7)).before(now - days(1)).exists()",
      "events('visit').within(days(400)).exists()",
      "events('visit').within(hours(36) + minutes(5)).exists()",
      "events('purchase').last() != null && events('purchase').last().amount >= 5000",
      "now - events('visit').first().time > days(30)",
      "member.last_visit_date == null || now - member.last_visit_date > days(14)",
      "'vip' in member.tags && has(member.tags)",
      "member.status in ['lapsed', 'new']",
      "member.adherence < 50.5 && member.adherence % 2 == 0",
      "has(member.plan) ? member.plan == 'gold' : false",
      "(member.auto_renews ? member.contract_end : null) == null",
      "segment('at-risk') || bucket('spring') < 0.5",
      "consent('sms', 'marketing') == 'granted'",
      "now >= timestamp('2026-01-01T00:00:00+01:00') + duration('1h30m')",
      "member.lifetime_spend > 100000 && member.total_bookings >= 5",
      "member.avg_classes_per_month >= 4.5",
      "has(member.status) && has(member.last_visit_date)",
      "5 in [1, 2.0, 5]",
      "null == null",
      "-member.adherence < -5",
  };
  for (const std::string_view text : texts) EXPECT_EQ(Compiled(text), "ok") << text;
  // A step of a journey knows more.
  EXPECT_EQ(Compiled("events('visit').since(journey.entered_at).count() >= 3 || "
                     "now - step.entered_at > days(2)",
                     Scope::kJourneyStep),
            "ok");
}

TEST(Checker, SaysWhatIsWrongAndWhere) {
  struct Case {
    std::string_view text;
    std::string_view message;
  };
  const Case cases[] = {
      // names
      {"events('vist').exists()", "unknown fact kind 'vist' at 1:8; did you mean 'visit'?"},
      {"true &&\n  events('bookings').exists()",
       "unknown fact kind 'bookings' at 2:10; did you mean 'booking'?"},
      {"events('abcdefgh').exists()", "unknown fact kind 'abcdefgh' at 1:8"},
      {"member.payment_statsu == 'active'",
       "unknown member attribute 'payment_statsu' at 1:8; did you mean 'payment_status'?"},
      {"has(member.pln)", "unknown member attribute 'pln' at 1:12; did you mean 'plan'?"},
      {"member.class_id == 'x'", "unknown member attribute 'class_id' at 1:8"},
      {"evnts('visit').exists()", "unknown function 'evnts' at 1:1; did you mean 'events'?"},
      {"now.exists()", "expected events('kind') and its windows before the dot at 1:1"},
      {"segmnt('a')", "unknown function 'segmnt' at 1:1; did you mean 'segment'?"},
      {"nwo > now", "unknown name 'nwo' at 1:1; did you mean 'now'?"},
      {"foo == 1", "unknown name 'foo' at 1:1; expected one of journey, member, now, step"},
      {"member == null",
       "expected an attribute after 'member' at 1:1; for example "
       "member.payment_status"},
      {"days == 1", "'days' is a function at 1:1; write days(...)"},
      {"consent('smss', 'marketing') == 'granted'",
       "unknown channel 'smss' at 1:9; did you mean 'sms'?"},
      {"events('visit').last().tme > now",
       "unknown event attribute 'tme' at 1:24; did you mean "
       "'time'?"},
      {"events('visit').whithin(days(1)).exists()",
       "unknown function 'whithin' at 1:17; did you mean 'within'?"},
      {"segment('At Risk')",
       "'At Risk' is not the id of a segment at 1:9; expected 1 to 64 of a-z, "
       "0-9 and -"},
      // not yet
      {"trigger.time == now", "'trigger' is not in the language yet at 1:1"},
      // filters and folds
      {"events('purchase').sum() > 5", "sum() takes 2 arguments, found 0 at 1:20"},
      {"events('visit').filter(e, true).exists()",
       "attributes of events are kept for 400 days, so this needs a window at 1:33; for example "
       ".within(days(400))"},
      {"events('purchase').max(e, e.amount) > 5",
       "attributes of events are kept for 400 days, so this needs a window at 1:20; for example "
       ".within(days(400))"},
      {"events('visit').map(e, e.time) == []",
       "map() is not for events at 1:17; filter them, and end in .count(), .sum(e, e.amount) or "
       "the "
       "like"},
      {"events('visit').filter(e, e.instructr == 'Kim').exists()",
       "unknown event attribute 'instructr' at 1:29; did you mean 'instructor'?"},
      {"events('purchase').filter(e, e.amount_minor > 5).exists()",
       "unknown event attribute 'amount_minor' at 1:32; did you mean 'amount'?"},
      {"events('visit').filter(e, e.plan).exists()", "expected a bool, found string at 1:29"},
      {"events('visit').filter(5, true).exists()", "a macro's variable is a plain name at 1:24"},
      {"events('visit').within(days(7)).filter(e, true)",
       "a window .filter() is asked for something at 1:33; end it in .count(), .exists(), .first() "
       "or .last()"},
      {"events('no_show').sum(e, e.class_title) == 'a'",
       "sum() takes a number or a duration, found string at 1:28"},
      {"events('no_show').avg(e, e.time) > 1.0", "avg() takes a number, found timestamp at 1:28"},
      {"events('no_show').max(e, now - e.time) > days(1)",
       "max() may not move with now at 1:30; filter(e, ...) may"},
      {"events('no_show').max(e, e) > 1",
       "an event is looked at where it is found at 1:26; use its attributes, such as .time and "
       ".amount"},
      {"events('no_show').sum(e, e.quantity) == null",
       "this is never null at 1:38; has(member.name) tells whether it is known"},
      {"within(days(1))", "unknown function 'within' at 1:1"},
      // types
      {"1 + 2", "expected a bool in all, found int at 1:3; compare it with something"},
      {"events('visit').count()",
       "expected a bool in all, found int at 1:17; compare it with "
       "something"},
      {"member.plan && true", "expected a bool, found string at 1:8"},
      {"!now", "expected a bool, found timestamp at 1:2"},
      {"member.plan == 5", "cannot compare string with int at 1:13"},
      {"member.plan < 5", "cannot compare string with int at 1:13"},
      {"member.plan == null",
       "this is never null at 1:13; has(member.name) tells whether it is "
       "known"},
      {"member.last_visit_date < null",
       "null has no order at 1:24; compare with == null or != null"},
      {"1 + 2.0 == 3.0",
       "'+' does not take int and double at 1:3; write both alike, 2.0 rather than "
       "2"},
      {"now + now == now", "'+' does not take timestamp and timestamp at 1:5"},
      {"days(1) - now == now", "'-' does not take duration and timestamp at 1:9"},
      {"days(1) * 2 == days(2)", "'*' does not take duration and int at 1:9"},
      {"days(1.5) == days(2)", "expected an int, found double at 1:6"},
      {"-now == now", "expected a number after '-', found timestamp at 1:1"},
      {"true ? 1 : 'a'", "the branches of '?' are int and string, expected one type at 1:6"},
      {"member.plan in 'gold'",
       "'in' needs a list or a map at 1:16; for example ['a', 'b'], or member.tags"},
      {"member.plan in [1]", "cannot compare string with int at 1:17"},
      {"5 in member.tags", "tags are strings, found int at 1:3"},
      {"member.tags == 'vip'",
       "cannot compare list(string) with string at 1:13; an element is looked for with 'in'"},
      {"[1] == ['a']",
       "cannot compare list(int) with list(string) at 1:5; an element is looked for with 'in'"},
      {"[1] < [2]", "list(int) has no order at 1:5"},
      {"[1][true] == 1", "list(int) has no element at bool at 1:4"},
      {"{'a': 1}.b.c == 1", "a int has no attribute 'c' at 1:12"},
      {"{1.5: 2} == {}", "double cannot be a key at 1:2; keys are bools, ints, uints or strings"},
      {"1 in ['a'].map(x, x)", "int is never in list(string) at 1:3"},
      {"member.plan.startsWith(5)",
       "startsWith() does not take string, int at 1:13; expected string.(string)"},
      {"member.plan.substring()", "substring() takes 2 arguments, found 0 at 1:13"},
      {"member.plan.startWith('g')",
       "unknown function 'startWith' at 1:13; did you mean 'startsWith'?"},
      {"sise(member.plan) > 1", "unknown function 'sise' at 1:1; did you mean 'size'?"},
      {"math.greates(1, 2) > 1",
       "unknown function 'math.greates' at 1:6; did you mean 'math.greatest'?"},
      {"member.plan.matches('(')", "'(' is not a regular expression: missing ): ( at 1:21"},
      {"'a'.matches('(x{100}){100}')",
       "'(x{100}){100}' is not a regular expression: invalid repetition size: {100} at 1:13"},
      {"member.tags.exists(t)",
       "exists() takes a variable and a condition at 1:13; for example list.exists(x, x > 0)"},
      {"member.tags.all(1, true)", "a macro's variable is a plain name at 1:17"},
      {"member.tags.all(t, t)", "expected a bool, found string at 1:20"},
      {"member.plan.all(t, true)", "all() needs a list or a map, found string at 1:13"},
      {"member.tags.exists(tag, tga == 'x')", "unknown name 'tga' at 1:25; did you mean 'tag'?"},
      {"[events('visit').last()] == []",
       "an event is looked at where it is found at 1:18; use its attributes, such as .time and "
       ".amount"},
      {"cel.bind(x, 1)", "bind() takes 3 arguments, found 2 at 1:5"},
      {"dyn(1)", "expected a bool in all, found dyn at 1:1; compare it with something"},
      {"google.protobuf.Int32Value == 1",
       "'google.protobuf.Int32Value' is not in the language at 1:17; protobuf messages, enums and "
       "Any are out"},
      {"optional.of(1).hasValue()",
       "optional values are not in the language at 1:1; has(x.y) ? x.y : otherwise"},
      {"ip('10.0.0.1') == 1", "'ip' is not in the language at 1:1"},
      {"events('visit').last() == events('visit').first()",
       "events are not compared at 1:24; compare "
       "their .time"},
      {"member.plan.time == now", "a string has no attribute 'time' at 1:13"},
      {"has(now)", "has() asks for an attribute at 1:1; for example has(member.plan)"},
      // windows
      {"events('visit')",
       "events() is asked for something at 1:1; for example "
       "events('visit').within(days(14)).count()"},
      {"events('visit').within(days(1))",
       "a window .within() is asked for something at 1:17; end it in "
       ".count(), .exists(), .first() or .last()"},
      {"events(member.plan).exists()", "events() takes a string written out, not empty at 1:15"},
      {"events('visit', 'x').exists()", "events() takes 1 argument, found 2 at 1:1"},
      {"events('visit').between(days(1)).exists()", "between() takes 2 arguments, found 1 at 1:17"},
      {"events('visit').within(days(0)).exists()", "a window must be longer than zero at 1:24"},
      {"events('visit').within(days(-1)).exists()",
       "a window's length may not be negative at 1:24"},
      {"events('visit').between(days(9), days(9)).exists()",
       "a window must be longer than zero at 1:34; between(near, far) takes the nearer age first"},
      {"events('visit').within(days(401)).exists()",
       "a window may reach back 400 days at most at 1:24; facts are kept for 400 days"},
      {"events('visit').within(days(400) + minutes(1)).exists()",
       "a window may reach back 400 days at most at 1:34; facts are kept for 400 days"},
      {"events('visit').within(days(3650000)).exists()",
       "a window may reach back 400 days at most at 1:24; facts are kept for 400 days"},
      {"events('visit').within(days(100000)).exists()",
       "a window may reach back 400 days at most at 1:24; facts are kept for 400 days"},
      {"events('visit').within(days(9223372036854775807)).exists()",
       "a window may reach back 400 days at most at 1:24; facts are kept for 400 days"},
      {"events('visit').since(now - days(401)).exists()",
       "a window may reach back 400 days at most at 1:27; facts are kept for 400 days"},
      {"events('visit').within(days(member.adherence)).exists()",
       "a window's length must be constant at 1:24; for example days(14)"},
      {"events('visit').within(14).exists()",
       "a window's length is a duration, found int at 1:24; for example days(14)"},
      {"events('visit').within('14d').exists()",
       "a window's length is a duration, found string at 1:24; for example days(14)"},
      {"events('visit').since(days(3)).exists()", "expected a timestamp, found duration at 1:23"},
      {"events('visit').within(days(1)).between(days(1), days(2)).exists()",
       "a window has one within() or between() only at 1:33"},
      {"events('visit').since(now).since(now).exists()", "a window has one since() only at 1:28"},
      {"events('visit').count().exists()",
       "expected events('kind') and its windows before the dot at "
       "1:17"},
      // literals
      {"timestamp('yesterday') < now",
       "time 'yesterday': no four-digit year, expected RFC 3339 such as 2026-11-22T14:00:00Z at "
       "1:11"},
      {"timestamp('0000-01-01T00:00:00Z') < now",
       "time '0000-01-01T00:00:00Z' is outside the years 1 to 9999 at 1:11"},
      {"duration('14d') < days(1)",
       "duration '14d': the unit is none of h, m, s, ms, us, ns, expected for "
       "example 1h30m or 90s; days are days(14) at 1:10"},
      {"duration('') < days(1)",
       "duration '': it is empty, expected for example 1h30m or 90s; days are days(14) at 1:10"},
      // scopes
      {"journey.entered_at < now",
       "journey.entered_at is known only at the steps of a journey at 1:1"},
      {"step.enterd_at < now",
       "unknown step attribute 'enterd_at' at 1:6; did you mean 'entered_at'?"},
      {"journey == now", "expected journey.entered_at at 1:1"},
  };
  for (const Case& c : cases) EXPECT_EQ(Compiled(c.text), c.message) << c.text;
  EXPECT_NE(Compiled("step.entered_at < now", Scope::kJourneyEntry), "ok");
}

TEST(Checker, KnowsWhatAnExpressionDependsOn) {
  const Expression expression =
      Expression::Compile(
          "events('visit').exists() && member.plan == 'x' && segment('b') && "
          "(segment('a') || 'vip' in member.tags) && has(member.adherence) && "
          "consent('sms', 'marketing') == 'granted' && events('visit').count() > 1",
          Scope::kSegment)
          .value();
  const Dependencies& found = expression.dependencies();
  using model::AttributeId;
  using model::FactKind;
  EXPECT_EQ(found.facts, (std::vector{FactKind::visit, FactKind::tag}));
  EXPECT_EQ(found.traits, (std::vector{AttributeId::plan, AttributeId::adherence}));
  EXPECT_EQ(found.segments, (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(found.on_consent);
  EXPECT_FALSE(Expression::Compile("now < now", Scope::kSegment)->dependencies().on_consent);
}

// The kinds whose facts are never lost are those that the model does not drop.
TEST(Checker, KnowsWhichKindsAreKeptForLife) {
  const std::string_view types[] = {
      "booking", "payment",    "attendance", "scan",           "member",      "invoice",
      "refund",  "dispute",    "pack",       "workout",        "membership",  "form",
      "block",   "assessment", "goal",       "checkin",        "consent",     "message",
      "outcome", "offer",      "web",        "note",           "tag",         "class",
      "lead",    "referral",   "waitlist",   "payment_method", "consultation"};
  for (const std::string_view type : types) {
    model::Entity entity{.id = 1, .time = {1000}, .changed_at = {1000}, .type = std::string(type)};
    entity.attributes.Set(model::AttributeId::status, std::string("completed"));
    std::vector<model::Fact> facts;
    model::FactsOf(entity, facts);
    model::Timeline timeline;
    timeline.Put(entity);
    timeline.ExpireBefore({2000});
    for (const model::Fact& fact : facts) {
      const bool is_kept = timeline.TotalsOf(fact.kind).count > 0;
      EXPECT_EQ(IsKeptForLife(fact.kind), is_kept) << NameOf(fact.kind);
    }
  }
}

}  // namespace
}  // namespace spotter::segment
