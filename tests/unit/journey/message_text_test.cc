// SPDX-License-Identifier: Apache-2.0
#include "journey/message_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "member_fixture.h"

namespace spotter::journey {
namespace {

using model::Token;

TEST(FillTokens, Table) {
  const std::vector<Token> tokens = {
      {"first_name", "Ana"}, {"instructor", ""}, {"nearest_studio", "{{goal}}"}};
  const std::pair<const char*, const char*> table[] = {
      {"", ""},
      {"no places", "no places"},
      {"Hi {{first_name}}!", "Hi Ana!"},
      {"Hi {{ first_name }}!", "Hi Ana!"},
      {"Hi {{firstname}} and {{first_name}}", "Hi Ana and Ana"},
      {"with {{instructor}}.", "with ."},
      {"with {{instructor|your coach}}.", "with your coach."},
      {"{{goal|}}x", "x"},
      {"{{unknown}}x{{unknown|y}}", "xy"},
      {"at {{nearest_studio}}", "at {{goal}}"},  // one pass
      {"open {{first_name", "open {{first_name"},
      {"{first_name}} {{}}", "{first_name}} "},
  };
  for (const auto& [text, filled] : table) EXPECT_EQ(FillTokens(text, tokens), filled) << text;
  EXPECT_EQ(FillTokens("Hi {{first_name}}!", {}), "Hi there!");
  EXPECT_EQ(FillTokens("Hi {{first_name|friend}}!", {}), "Hi friend!");
}

// mission: X19 (canonical snake_case; known spellings without underscores are aliases)
TEST(CanonicalToken, Aliases) {
  const std::pair<const char*, const char*> table[] = {
      {"first_name", "first_name"},
      {"firstname", "first_name"},
      {"neareststudio", "nearest_studio"},
      {"recommendedclassbasedonsignup", "recommended_class"},
      {"recommended_class_based_on_signup", "recommended_class"},
      {"dayssincelastvisit", "days_since_last_visit"},
      {"popularclassnearby", "popular_class_nearby"},
      {"lastclassattended", "last_class_attended"},
      {"lastvisit_date", "last_visit_date"},
      {"avgclassespermonth", "avg_classes_per_month"},
      {"goaltag", "goal_tag"},
      {"preferred_trainer", "preferred_trainer"},
      {"preferred_time", "preferred_time"},
      {"instructor", "instructor"},
      {"FIRSTNAME", ""},
      {"", ""},
      {"_", ""},
      {"ssn", ""},
  };
  for (const auto& [name, canonical] : table) EXPECT_EQ(CanonicalToken(name), canonical) << name;
}

TEST(ResolveToken, FromWhatIsKnown) {
  const EventTime now = At("2026-11-22T12:00:00Z");
  Member member;
  auto resolve = [&](std::string_view name) {
    return ResolveToken(name, member.view(), now).value_or("(none)");
  };
  for (const std::string_view name : KnownTokens()) {
    EXPECT_EQ(resolve(name), name == "avg_classes_per_month" ? "0" : "(none)") << name;
  }
  member.Trait(model::AttributeId::given_name, std::string("Ana"))
      .Trait(model::AttributeId::home_site, std::string("Mission St"))
      .Trait(model::AttributeId::trainer, std::string("Sam"))
      .Trait(model::AttributeId::goal_tag, std::string("strength"))
      .Trait(model::AttributeId::preferred_time, std::string("evening"));
  member.Visit(now - Days(60), "Barre", "Kim")
      .Visit(now - Days(29), "Vinyasa", "Kim")
      .Visit(now - Days(20), "Vinyasa", "Lee")
      .Visit(now - Days(3) - Hours(1), "Pilates", "Kim")
      .Visit(now + Days(1), "Tomorrow", "Later");
  const std::pair<const char*, const char*> table[] = {
      {"firstname", "Ana"},           {"nearest_studio", "Mission St"},
      {"preferred_trainer", "Sam"},   {"goal_tag", "strength"},
      {"preferred_time", "evening"},  {"last_class_attended", "Pilates"},
      {"days_since_last_visit", "3"}, {"last_visit_date", "2026-11-19"},
      {"instructor", "Kim"},          {"recommended_class", "Vinyasa"},
      {"avg_classes_per_month", "3"}, {"popular_class_nearby", "(none)"},
      {"unheard_of", "(none)"},
  };
  for (const auto& [name, value] : table) EXPECT_EQ(resolve(name), value) << name;
}

TEST(WithOptOut, IsAddedUnlessTheTextNamesStop) {
  EXPECT_EQ(WithOptOut("Hi."), "Hi. Reply STOP to opt out");
  EXPECT_EQ(WithOptOut("Hi. Text STOP to end."), "Hi. Text STOP to end.");
  EXPECT_EQ(WithOptOut("NONSTOP fun, STOPS never"),
            "NONSTOP fun, STOPS never Reply STOP to opt out");
  EXPECT_EQ(WithOptOut("stop by!"), "stop by! Reply STOP to opt out");
}

TEST(CharactersIn, CountsCodePoints) {
  EXPECT_EQ(CharactersIn(""), 0U);
  EXPECT_EQ(CharactersIn("Zoë ☕"), 5U);
}

// mission: C23 C85 (the instruction counts; values that make it too long give way, longest first)
TEST(RenderText, SmsStaysWithin160) {
  model::SendStep send{.channel = model::Channel::kSms};
  send.text =
      "Hi {{first_name}}, {{recommended_class|a class}} at {{nearest_studio|the studio}} waits for "
      "you.";
  std::vector<Token> tokens = {{"first_name", "Ana"},
                               {"nearest_studio", "Mission St"},
                               {"recommended_class", std::string(120, 'x')}};
  EXPECT_EQ(RenderText(send, "marketing", tokens),
            "Hi Ana, a class at Mission St waits for you. Reply STOP to opt out");
  EXPECT_EQ(tokens.size(), 2U);  // and the sender's template gets the same

  tokens = {{"first_name", std::string(200, 'n')}};
  EXPECT_EQ(RenderText(send, "marketing", tokens),
            "Hi there, a class at the studio waits for you. Reply STOP to opt out");

  // Exactly 160 is kept, 161 is not.
  send.text = "{{first_name}}";
  for (const size_t size : {138, 139}) {
    tokens = {{"first_name", std::string(size, 'n')}};
    const std::string text = RenderText(send, "marketing", tokens);
    EXPECT_EQ(CharactersIn(text), size == 138 ? 160U : 27U) << text;
  }
  // A member named STOP does not stand in for the instruction.
  tokens = {{"first_name", "STOP"}};
  EXPECT_EQ(RenderText(send, "marketing", tokens), "STOP Reply STOP to opt out");
}

TEST(RenderText, OnlyMarketingSmsCarriesTheInstruction) {
  std::vector<Token> tokens = {{"first_name", std::string(300, 'n')}};
  model::SendStep send{.channel = model::Channel::kSms};
  send.text = "Hi {{first_name}}";
  EXPECT_EQ(RenderText(send, "transactional", tokens).size(), 303U);
  send.channel = model::Channel::kEmail;
  EXPECT_EQ(RenderText(send, "marketing", tokens).size(), 303U);
}

}  // namespace
}  // namespace spotter::journey
