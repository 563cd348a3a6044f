// SPDX-License-Identifier: Apache-2.0
#include "identity/resolve_records.h"

#include <gtest/gtest.h>

namespace spotter::identity {
namespace {

using model::IdentifierType;
using model::ProfileId;
using model::RecordKey;
using model::SourceRecord;
using model::TenantKind;

RecordKey Key(uint64_t number) { return RecordKey(Hash128{0, number}); }
ProfileId Profile(uint64_t number) { return ProfileId(Hash128{9, number}); }

SourceRecord Record(uint64_t key, const std::string& email, const std::string& phone,
                    const std::string& name) {
  SourceRecord record;
  record.key = Key(key);
  const auto hold = [&record](IdentifierType type, const std::string& value) {
    if (!value.empty()) record.identifiers.push_back({type, value, value, {}, {}, true});
  };
  hold(IdentifierType::kEmail, email);
  hold(IdentifierType::kPhone, phone);
  hold(IdentifierType::kName, name);
  return record;
}

std::string Print(const std::vector<RecordKey>& records) {
  std::string text;
  for (const RecordKey record : records) text += fmt::format("{}", record.value().low);
  return text;
}

std::string Print(const Partition& partition) {
  std::string text;
  for (const auto& cluster : partition.clusters) {
    if (!text.empty()) text += ' ';
    text += Print(cluster);
  }
  return text;
}

std::string Resolve(const std::vector<SourceRecord>& records, TenantKind kind,
                    const std::vector<Assertion>& assertions = {}) {
  std::vector<Node> nodes;
  for (const SourceRecord& record : records)
    nodes.push_back({record.key, LinkKeysOf(record, kind)});
  return Print(ResolveRecords(nodes, assertions));
}

// mission: C7 C10 X14
TEST(ResolveRecords, InAStudioLinksByContactAndName) {
  const struct {
    std::string what;
    std::vector<SourceRecord> records;
    std::string expected;
  } cases[] = {
      {"nobody", {}, ""},
      {"same e-mail and name", {Record(1, "a@x", "", "ana"), Record(2, "a@x", "", "ana")}, "12"},
      {"same phone and name", {Record(1, "", "+1", "ana"), Record(2, "", "+1", "ana")}, "12"},
      {"a family on one phone", {Record(1, "", "+1", "ana"), Record(2, "", "+1", "bob")}, "1 2"},
      {"a couple on one e-mail", {Record(1, "a@x", "", "ana"), Record(2, "a@x", "", "bob")}, "1 2"},
      {"one name only", {Record(1, "", "", "ana"), Record(2, "", "", "ana")}, "1 2"},
      {"no name", {Record(1, "a@x", "+1", ""), Record(2, "a@x", "+1", "")}, "1 2"},
      {"through a third",
       {Record(1, "a@x", "", "ana"), Record(2, "", "+1", "ana"), Record(3, "a@x", "+1", "ana")},
       "123"},
  };
  for (const auto& [what, records, expected] : cases) {
    EXPECT_EQ(Resolve(records, TenantKind::kStudio), expected) << what;
  }
}

// mission: D1 D2 X15 X28
TEST(ResolveRecords, AMentorsClientsAreAnchoredToTheEmail) {
  const std::vector<SourceRecord> records = {
      Record(1, "a@x", "+1", "ana"), Record(2, "b@x", "+1", "ana"), Record(3, "a@x", "", "annie")};
  EXPECT_EQ(Resolve(records, TenantKind::kMentor), "13 2");  // two e-mails are two clients
  EXPECT_EQ(Resolve(records, TenantKind::kCoach), "13 2");
  const std::vector<Assertion> requested = {{true, Key(1), Key(2)}};
  EXPECT_EQ(Resolve(records, TenantKind::kMentor, requested), "123");
}

TEST(ResolveRecords, OnlyCurrentAndNormalisedIdentifiersLink) {
  SourceRecord left = Record(1, "a@x", "", "ana");
  const SourceRecord right = Record(2, "a@x", "", "ana");
  left.identifiers[0].current = false;
  EXPECT_EQ(Resolve({left, right}, TenantKind::kStudio), "1 2");
  left.identifiers[0].current = true;
  left.identifiers[0].normalized = "";
  EXPECT_TRUE(LinkKeysOf(left, TenantKind::kStudio).empty());
}

TEST(ResolveRecords, AHumanDecisionIsStrongerThanAnyLink) {
  const std::vector<SourceRecord> three = {Record(1, "a@x", "", "ana"), Record(2, "a@x", "", "ana"),
                                           Record(3, "a@x", "", "ana")};
  EXPECT_EQ(Resolve(three, TenantKind::kStudio, {{false, Key(1), Key(2)}}), "13 2");
  EXPECT_EQ(Resolve(three, TenantKind::kStudio, {{false, Key(1), Key(2)}, {false, Key(1), Key(3)}}),
            "1 23");
  // Both at once about one pair: apart is the safe side.
  EXPECT_EQ(Resolve(three, TenantKind::kStudio,
                    {{true, Key(1), Key(2)}, {false, Key(1), Key(2)}, {false, Key(2), Key(3)}}),
            "13 2");
  // An assertion about a record that is gone is kept for the day it returns.
  EXPECT_EQ(Resolve(three, TenantKind::kStudio, {{false, Key(1), Key(9)}}), "123");
}

TEST(ResolveRecords, StrongerEdgesComeFirstAndRefusalsAreTold) {
  // 1 and 2 share e-mail + name, 2 and 3 phone + name, and a human says that 1 is not 3.
  const std::vector<SourceRecord> records = {
      Record(1, "a@x", "", "ana"), Record(2, "a@x", "+1", "ana"), Record(3, "", "+1", "ana")};
  std::vector<Node> nodes;
  for (const SourceRecord& record : records) {
    nodes.push_back({record.key, LinkKeysOf(record, TenantKind::kStudio)});
  }
  const std::vector<Assertion> assertions = {{false, Key(1), Key(3)}};
  const Partition partition = ResolveRecords(nodes, assertions);
  EXPECT_EQ(Print(partition), "12 3");
  ASSERT_EQ(partition.edges.size(), 2U);
  EXPECT_EQ(partition.edges[0].tier, 2);
  EXPECT_FALSE(partition.edges[0].refused);
  EXPECT_EQ(partition.edges[1].tier, 3);
  EXPECT_TRUE(partition.edges[1].refused);
}

// --- which profile id a cluster keeps --------------------------------------------------------

std::string Assign(const std::vector<std::vector<uint64_t>>& clusters,
                   const std::vector<OldProfile>& old) {
  Partition partition;
  for (const auto& cluster : clusters) {
    partition.clusters.emplace_back();
    for (const uint64_t record : cluster) partition.clusters.back().push_back(Key(record));
  }
  std::string text;
  for (const Assignment& assignment : AssignProfiles(partition, old)) {
    if (!text.empty()) text += ' ';
    text += Print(assignment.records) + "=";
    text += assignment.keeps == ProfileId() ? "new" : std::to_string(assignment.keeps.value().low);
    for (const ProfileId lost : assignment.absorbs) {
      text += fmt::format("-{}", lost.value().low);
    }
  }
  return text;
}

TEST(AssignProfiles, TheLargestOverlapKeepsThenTheOldestFounder) {
  const OldProfile p1{Profile(1), 10, {Key(1)}};
  const OldProfile p2{Profile(2), 20, {Key(2), Key(3)}};
  const OldProfile older{Profile(3), 5, {Key(4)}};
  const OldProfile both{Profile(4), 30, {Key(1), Key(2), Key(3)}};
  const struct {
    std::string what;
    std::vector<std::vector<uint64_t>> clusters;
    std::vector<OldProfile> old;
    std::string expected;
  } cases[] = {
      {"a first record", {{1}}, {}, "1=new"},
      {"nothing changed", {{1}, {2, 3}}, {p1, p2}, "1=1 23=2"},
      {"a merge keeps the larger", {{1, 2, 3}}, {p1, p2}, "123=2-1"},
      {"equal sizes keep the older", {{1, 4}}, {p1, older}, "14=3-1"},
      {"a new record joins", {{1, 9}}, {p1}, "19=1"},
      {"a split keeps the larger part", {{1}, {2, 3}}, {both}, "1=new 23=4"},
      {"an equal split keeps the first", {{2}, {3}}, {p2}, "2=2 3=new"},
      {"a record moves over", {{1, 2}, {3}}, {p1, p2}, "12=1 3=2"},
      {"all records taken over", {{1, 2, 3}, {4}}, {p1, p2, older}, "123=2-1 4=3"},
  };
  for (const auto& [what, clusters, old, expected] : cases) {
    EXPECT_EQ(Assign(clusters, old), expected) << what;
  }
}

TEST(AssignProfiles, AProfileThatIsTornApartEndsWhereMostOfItWent) {
  const OldProfile torn{Profile(1), 10, {Key(1), Key(2), Key(3)}};
  const OldProfile left{Profile(2), 20, {Key(4), Key(5), Key(6)}};
  const OldProfile right{Profile(3), 30, {Key(7), Key(8), Key(9)}};
  EXPECT_EQ(Assign({{1, 4, 5, 6}, {2, 3, 7, 8, 9}}, {torn, left, right}), "1456=2 23789=3-1");
}

}  // namespace
}  // namespace spotter::identity
