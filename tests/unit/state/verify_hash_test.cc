// SPDX-License-Identifier: Apache-2.0
#include "state/verify_hash.h"

#include <gtest/gtest.h>

#include "state/keys.h"
#include "store/in_memory_store.h"

namespace spotter::state {
namespace {

using store::Family;

class VerifyHash : public testing::Test {
 protected:
  void SetUp() override { Put(Family::kState, Key("", Table::kSettings, "studio"), ""); }
  void Put(Family family, const std::string& key, std::string_view value) {
    store::WriteBatch batch;
    batch.Put(family, key, value);
    ASSERT_TRUE(store_.Commit(batch).ok());
  }
  StateHash Scanned() {
    const StatusOr<StateHash> hash = HashByScan(store_);
    EXPECT_TRUE(hash.ok()) << hash.status();
    return hash.value_or(StateHash());
  }

  store::InMemoryStore store_;
};

TEST_F(VerifyHash, AnEmptyTenantHasNoElements) {
  EXPECT_EQ(StateHash(), Scanned());
  EXPECT_EQ(std::vector<std::string>{"studio"}, *ReadTenants(store_));
  EXPECT_EQ(StatusCode::kNotFound, ReadMeta(store_).status().code());
}

TEST_F(VerifyHash, ProfilesAndAnchorsCountByElement) {
  Profile profile{.id = model::ProfileId(HashOf("p"))};
  profile.memberships = {{.segment = "a", .is_member = true}, {.segment = "b"}};
  profile.armed = {5};
  Put(Family::kState, ProfileKey("studio", profile.id), EncodeRow(profile));
  Anchor anchor{.record = model::RecordKey(HashOf("r")), .enrolments = {}, .sent = {}};
  anchor.enrolments.push_back({.journey = "welcome"});
  anchor.sent.push_back({.at = {3}});
  Put(Family::kState, AnchorKey("studio", anchor.record), EncodeRow(anchor));

  StateHash expected;
  ChangeProfileElements("studio", profile, true, expected);
  ChangeAnchorElements("studio", anchor, true, expected);
  EXPECT_EQ(expected, Scanned());
  for (const Element element : {Element::kProfile, Element::kMembership, Element::kDue,
                                Element::kEnrolment, Element::kSent}) {
    EXPECT_FALSE(expected.Of(element).is_zero()) << static_cast<int>(element);
  }
  ChangeProfileElements("studio", profile, false, expected);
  ChangeAnchorElements("studio", anchor, false, expected);
  EXPECT_EQ(StateHash(), expected);
}

// When a profile was last evaluated depends on how it was reached, not on what is true of it.
TEST_F(VerifyHash, TheInstantOfTheLastEvaluationIsNoElement) {
  const Profile early{.id = model::ProfileId(HashOf("p")), .evaluated_at = {1}};
  const Profile late{.id = model::ProfileId(HashOf("p")), .evaluated_at = {2}};
  StateHash hash;
  ChangeProfileElements("studio", early, true, hash);
  ChangeProfileElements("studio", late, false, hash);
  EXPECT_EQ(StateHash(), hash);
}

TEST_F(VerifyHash, IndexesAndTheShardsOwnRowsAreNoElements) {
  Put(Family::kState, MetaKey(), EncodeRow(Meta{.next_offset = 3}));
  Put(Family::kState, CleanStopKey(), "1");
  const model::RecordKey record(HashOf("r"));
  Put(Family::kState, EntityIndexKey("studio", HashOf("e")), "x");
  Put(Family::kState, LinkKeyOf("studio", HashOf("l"), record), "");
  Put(Family::kState, IdentifierKey("studio", model::IdentifierType::kEmail, "a", record), "");
  EXPECT_EQ(StateHash(), Scanned());
  EXPECT_EQ(3, ReadMeta(store_)->next_offset);
}

TEST_F(VerifyHash, OtherRowsCountAsTheyStand) {
  const std::pair<Element, std::string> rows[] = {
      {Element::kSuppression, SuppressionKey("studio", "sms", HashOf("c"))},
      {Element::kSequence, SequenceKey("studio", model::ProfileId(HashOf("p")), "default")},
      {Element::kOrphan, OrphanKey("studio", HashOf("e"), 5)},
      {Element::kRefusal, RefusalKey("studio", model::ProfileId(HashOf("p")), 5, 0)},
      {Element::kAnswer, Key("studio", Table::kAnswer, "x")},
      {Element::kAudit, Key("studio", Table::kAudit, "x")},
      {Element::kDeadLetter, Key("studio", Table::kDeadLetter, "x")},
      {Element::kDefinition, Key("studio", Table::kSegment, "x")},
      {Element::kProgress, Key("studio", Table::kProgress, "")},
      {Element::kAssertion,
       AssertionKey("studio", model::RecordKey(HashOf("a")), model::RecordKey(HashOf("b")))}};
  StateHash expected;
  for (const auto& [element, key] : rows) {
    expected.Add(element, "studio", key, "value");
    Put(Family::kState, key, "value");
    EXPECT_EQ(expected, Scanned()) << static_cast<int>(element);
  }
  const std::string outbox = OutboxKey("studio", "default", model::ProfileId(HashOf("p")), 1);
  Put(Family::kOutbox, outbox, "entry");
  expected.Add(Element::kOutbox, "studio", outbox, "entry");
  EXPECT_EQ(expected, Scanned());
}

TEST_F(VerifyHash, DamageIsDataLoss) {
  Put(Family::kState, ProfileKey("studio", model::ProfileId(HashOf("p"))), "garbage");
  EXPECT_EQ(StatusCode::kDataLoss, HashByScan(store_).status().code());
}

}  // namespace
}  // namespace spotter::state
