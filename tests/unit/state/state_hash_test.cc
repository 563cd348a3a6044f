// SPDX-License-Identifier: Apache-2.0
#include "state/state_hash.h"

#include <gtest/gtest.h>

namespace spotter::state {
namespace {

TEST(StateHash, DoesNotDependOnTheOrder) {
  StateHash one;
  one.Add(Element::kEntity, "studio", "a", "1");
  one.Add(Element::kEntity, "studio", "b", "2");
  one.Add(Element::kOutbox, "studio", "a", "1");
  StateHash other;
  other.Add(Element::kOutbox, "studio", "a", "1");
  other.Add(Element::kEntity, "studio", "b", "2");
  other.Add(Element::kEntity, "studio", "a", "1");
  EXPECT_EQ(one, other);
  EXPECT_EQ(one.Total(), other.Total());
}

TEST(StateHash, SubtractingTakesBackWhatWasAdded) {
  StateHash hash;
  hash.Add(Element::kEntity, "studio", "a", "1");
  const StateHash before = hash;
  hash.Add(Element::kEntity, "studio", "b", "2");
  EXPECT_NE(before, hash);
  hash.Subtract(Element::kEntity, "studio", "b", "2");
  EXPECT_EQ(before, hash);
  hash.Subtract(Element::kEntity, "studio", "a", "1");
  EXPECT_EQ(StateHash(), hash);
}

TEST(StateHash, TellsKindTenantKeyAndValueApart) {
  const auto of = [](Element element, std::string_view tenant, std::string_view key,
                     std::string_view value) {
    StateHash hash;
    hash.Add(element, tenant, key, value);
    return hash.Total();
  };
  const Hash128 base = of(Element::kEntity, "studio", "key", "value");
  EXPECT_NE(base, of(Element::kRetired, "studio", "key", "value"));
  EXPECT_NE(base, of(Element::kEntity, "studi", "okey", "value"));
  EXPECT_NE(base, of(Element::kEntity, "studio", "keyv", "alue"));
  EXPECT_NE(base, of(Element::kEntity, "studio", "key", "value "));
}

TEST(StateHash, ThePairOfTheSameElementIsNotNothing) {
  StateHash twice;
  twice.Add(Element::kEntity, "studio", "a", "1");
  twice.Add(Element::kEntity, "studio", "a", "1");
  EXPECT_NE(StateHash(), twice);  // a sum, not an exclusive or
}

TEST(StateHash, TheFactsAreEntitiesAndWhatIsRetired) {
  StateHash hash;
  hash.Add(Element::kEntity, "studio", "a", "1");
  const Hash128 facts = hash.Facts();
  hash.Add(Element::kOutbox, "studio", "a", "1");
  hash.Add(Element::kMembership, "studio", "a", "1");
  EXPECT_EQ(facts, hash.Facts());
  hash.Add(Element::kRetired, "studio", "a", "1");
  EXPECT_NE(facts, hash.Facts());
}

TEST(StateHash, NamesTheFirstKindThatDiffers) {
  StateHash one;
  StateHash other;
  EXPECT_EQ("", StateHash::FirstDifference(one, other));
  one.Add(Element::kDeadLetter, "", "a", "1");
  EXPECT_EQ("dead letter", StateHash::FirstDifference(one, other));
  other.Add(Element::kMembership, "", "a", "1");
  EXPECT_EQ("membership", StateHash::FirstDifference(one, other));
}

}  // namespace
}  // namespace spotter::state
