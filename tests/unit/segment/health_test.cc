// SPDX-License-Identifier: Apache-2.0
#include "segment/health.h"

#include <gtest/gtest.h>

#include "segment/expression.h"

namespace spotter::segment {
namespace {

std::string Segments(std::string_view id) {
  if (id == "tested") return "events('assessment').exists()";
  if (id == "over") return "!segment('tested') && segment('over')";
  return id == "harmless" ? "member.plan == 'gold'" : "";
}
bool IsAllowed(const std::string& text, std::string_view purpose = kMarketing) {
  EXPECT_TRUE(Expression::Compile(text, Scope::kSegment).ok())
      << text << Expression::Compile(text, Scope::kSegment).status();
  return CheckHealth(text, purpose, Segments).ok();
}

// mission: X33
TEST(Health, IsNotForMarketing) {
  for (const char* text : {"events('assessment').exists()", "events('intake_form').exists()",
                           "events('consultation').exists(e, e.weight_kg > 90.0)",
                           "events('visit').within(days(9)).max(e, e.body_fat_percent) != null",
                           "events('lead').within(days(9)).then('assessment', days(3)).exists()",
                           "'Injury' in member.tags", "member.tags.exists(t, t == 'pre/postnatal')",
                           "segment('tested')", "!segment('over')"}) {
    EXPECT_FALSE(IsAllowed(text)) << text;
    EXPECT_TRUE(IsAllowed(text, "service")) << text;
    EXPECT_TRUE(IsAllowed("consent('email', 'health') == 'granted' && " + std::string(text)))
        << text;
  }
  EXPECT_TRUE(IsAllowed("events('scan').exists() && segment('harmless') && 'vip' in member.tags"));
}

// mission: X33
TEST(Health, OnlyConsentToHealthAtTheTopGuards) {
  for (const char* guard :
       {"consent('email', 'marketing') == 'granted' && ",
        "consent('email', 'health') != 'granted' && ", "consent('email', 'health') == 'denied' && ",
        "consent('email', 'health') == 'granted' || "}) {
    EXPECT_FALSE(IsAllowed(guard + std::string("events('assessment').exists()"))) << guard;
  }
  EXPECT_EQ(
      MessageOf(CheckHealth("member.plan == 'a' && segment('tested')", kMarketing, Segments)),
      "events('assessment'), which segment('tested') reads, is health data, which is not for "
      "the purpose 'marketing' at 1:23; begin with consent('email', 'health') == 'granted' && "
      "..., or name another purpose, for example 'service'");
}

}  // namespace
}  // namespace spotter::segment
