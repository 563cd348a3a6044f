// SPDX-License-Identifier: Apache-2.0
#include "engine/queries.h"

#include <gtest/gtest.h>

#include "state/keys.h"
#include "store/in_memory_store.h"

namespace spotter::engine {
namespace {

using store::Family;

const model::TenantId kTenant{"studio"};
const std::string kKey(32, 'k');

model::ProfileId P(std::string_view name) { return model::ProfileId(HashOf(name)); }

class QueriesTest : public testing::Test {
 protected:
  void Put(Family family, const std::string& key, std::string_view value) {
    store::WriteBatch batch;
    batch.Put(family, key, value);
    ASSERT_TRUE(store_.Commit(batch).ok());
  }

  // A profile with one record, customer `name` of source "square".
  void PutMember(const std::string& name, std::vector<model::Membership> memberships = {}) {
    state::StoredRecord stored;
    stored.record.key = model::MakeRecordKey("square", name);
    stored.record.source = "square";
    stored.record.customer_id = name;
    stored.profile = P(name);
    store::WriteBatch batch;
    state::RecordDelta delta;
    delta.SetIdentifiers({{.type = model::IdentifierType::kEmail,
                           .normalized = name + "@example.com",
                           .raw = name + "@example.com"}});
    stored.record.identifiers = {{.type = model::IdentifierType::kEmail,
                                  .normalized = name + "@example.com",
                                  .raw = name + "@example.com"}};
    stored.deltas = state::kDeltasMax;  // fold: a base row with all of it
    state::WriteRecord(kTenant.value(), stored, delta, batch);
    batch.Put(Family::kState,
              state::IdentifierKey(kTenant.value(), model::IdentifierType::kEmail,
                                   name + "@example.com", stored.record.key),
              "");
    state::Profile profile{.id = P(name), .founder = stored.record.key};
    profile.records = {stored.record.key};
    profile.memberships = std::move(memberships);
    batch.Put(Family::kState, state::ProfileKey(kTenant.value(), profile.id),
              state::EncodeRow(profile));
    ASSERT_TRUE(store_.Commit(batch).ok());
  }

  store::InMemoryStore store_;
};

TEST_F(QueriesTest, LoadsAMemberBehindRedirects) {
  PutMember("ada");
  state::Profile merged{.id = P("old"), .merged_into = P("ada")};
  Put(Family::kState, state::ProfileKey(kTenant.value(), merged.id), state::EncodeRow(merged));
  const auto member = LoadMember(store_, kTenant, P("old"));
  ASSERT_TRUE(member.ok()) << member.status();
  EXPECT_EQ(P("ada"), member->profile.id);
  EXPECT_EQ(std::vector<model::ProfileId>{P("old")}, member->redirected);
  const model::MemberView view = member->View();
  ASSERT_EQ(1u, view.records.size());
  EXPECT_EQ("ada", view.records[0]->customer_id);
  EXPECT_EQ(StatusCode::kNotFound, LoadMember(store_, kTenant, P("nobody")).status().code());
  EXPECT_EQ(StatusCode::kNotFound,
            LoadMember(store_, model::TenantId("other"), P("ada")).status().code());
}

TEST_F(QueriesTest, FindsProfilesByCustomerAndByIdentifier) {
  PutMember("ada");
  PutMember("bob");
  EXPECT_EQ(P("bob"), *FindProfileByRecord(store_, kTenant, "square", "bob"));
  EXPECT_EQ(StatusCode::kNotFound,
            FindProfileByRecord(store_, kTenant, "stripe", "bob").status().code());
  const auto found =
      FindProfilesByIdentifier(store_, kTenant, model::IdentifierType::kEmail, "ada@example.com");
  EXPECT_EQ(std::vector<model::ProfileId>{P("ada")}, *found);
}

TEST_F(QueriesTest, PagesThroughAllProfilesOnceWithoutRedirects) {
  for (int i = 0; i < 7; ++i) PutMember(fmt::format("m{}", i));
  state::Profile merged{.id = P("old"), .merged_into = P("m0")};
  Put(Family::kState, state::ProfileKey(kTenant.value(), merged.id), state::EncodeRow(merged));
  for (const size_t size : {1u, 3u, 7u, 100u}) {
    std::vector<model::ProfileId> seen;
    std::string after;
    do {
      const auto page = ListProfiles(store_, kTenant, size, after);
      ASSERT_TRUE(page.ok());
      EXPECT_LE(page->rows.size(), size);
      for (const auto& row : page->rows) seen.push_back(row.id);
      after = page->next;
    } while (!after.empty());
    EXPECT_EQ(7u, seen.size()) << size;
    EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  }
}

TEST_F(QueriesTest, ListsWhoIsInASegmentNow) {
  PutMember("in", {{.segment = "vip", .is_member = true}});
  PutMember("out", {{.segment = "vip", .is_member = false}});
  PutMember("never");
  const auto page = ListSegmentMembers(store_, kTenant, "vip", 10, "");
  ASSERT_EQ(1u, page->rows.size());
  EXPECT_EQ(P("in"), page->rows[0].id);
}

TEST_F(QueriesTest, AsksForSuppressionByTheKeyedHashAlone) {
  Put(Family::kState,
      state::SuppressionKey(kTenant.value(), "sms", KeyedHashOf(kKey, "+14155550100")), "STOP");
  EXPECT_TRUE(*IsSuppressed(store_, kTenant, kKey, "sms", "+14155550100"));
  EXPECT_FALSE(*IsSuppressed(store_, kTenant, kKey, "email", "+14155550100"));
  EXPECT_FALSE(*IsSuppressed(store_, kTenant, std::string(32, 'x'), "sms", "+14155550100"));
}

TEST_F(QueriesTest, ScansTheOutboxOfEveryTenant) {
  for (const char* tenant : {"a", "b"}) {
    for (int64_t sequence : {1, 2}) {
      const model::OutboxEntry entry{.subscription = "default",
                                     .profile = P("ada"),
                                     .sequence = sequence,
                                     .what = model::Void{.reason = "expired"}};
      Put(Family::kOutbox, state::OutboxKey(tenant, "default", P("ada"), sequence),
          state::EncodeRow(entry));
    }
  }
  std::string seen;
  ASSERT_TRUE(ScanOutbox(store_, [&](const model::TenantId& tenant, model::OutboxEntry entry) {
                seen += fmt::format("{}{} ", tenant.value(), entry.sequence);
              }).ok());
  EXPECT_EQ("a1 a2 b1 b2 ", seen);
  EXPECT_TRUE(FindOutboxEntry(store_, model::TenantId("a"), "default", P("ada"), 2)->has_value());
  EXPECT_FALSE(FindOutboxEntry(store_, model::TenantId("a"), "default", P("ada"), 3)->has_value());
}

TEST_F(QueriesTest, DamagedRowsAreDataLoss) {
  Put(Family::kState, state::ProfileKey(kTenant.value(), P("ada")), "garbage");
  EXPECT_EQ(StatusCode::kDataLoss, LoadMember(store_, kTenant, P("ada")).status().code());
  EXPECT_EQ(StatusCode::kDataLoss, ListProfiles(store_, kTenant, 1, "").status().code());
}

}  // namespace
}  // namespace spotter::engine
