// SPDX-License-Identifier: Apache-2.0
#include "dispatch/lease_token.h"

#include <gtest/gtest.h>

namespace spotter::dispatch {
namespace {

const std::string kKey(32, 'k');

LeaseToken Example() {
  return {.generation = 3,
          .lease = 0xfedcba9876543210,
          .profile = model::ProfileId(HashOf("p")),
          .sequence = 42,
          .kind = 1,
          .action = model::ActionId(HashOf("a"))};
}

TEST(LeaseToken, ReadsWhatItPrinted) {
  const std::string text = PrintToken(Example(), kKey, "studio/default");
  EXPECT_TRUE(text.starts_with("lse_"));
  const auto read = ParseToken(text, kKey, "studio/default");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(Example(), *read);
}

TEST(LeaseToken, IsOfOneKeyAndScope) {
  const std::string text = PrintToken(Example(), kKey, "studio/default");
  EXPECT_FALSE(ParseToken(text, std::string(32, 'x'), "studio/default").ok());
  EXPECT_FALSE(ParseToken(text, kKey, "other/default").ok());
}

TEST(LeaseToken, CannotBeChanged) {
  const std::string text = PrintToken(Example(), kKey, "s");
  for (size_t i = 4; i < text.size() - 1; ++i) {  // the last character holds padding bits too
    std::string changed = text;
    changed[i] = changed[i] == 'a' ? 'b' : 'a';
    EXPECT_FALSE(ParseToken(changed, kKey, "s").ok()) << i;
  }
}

TEST(LeaseToken, RefusesWhatIsNone) {
  for (const std::string text : {"", "lse_", "lse_aaaa", "act_abc", "lse_!!!!"}) {
    EXPECT_FALSE(ParseToken(text, kKey, "s").ok()) << text;
  }
  EXPECT_FALSE(ParseToken("lse_" + std::string(10'000, 'a'), kKey, "s").ok());
}

}  // namespace
}  // namespace spotter::dispatch
