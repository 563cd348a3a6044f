// SPDX-License-Identifier: Apache-2.0
#include "access/authorize.h"

#include <gtest/gtest.h>

#include <set>

namespace spotter::access {
namespace {

const std::string kHash(64, 'a');
const std::string kOtherHash(64, 'b');

Principal With(Role role) { return {"ana", {"studio"}, {role}}; }

std::string AllowedTo(Role role) {
  std::string text;
  for (const Operation operation : AllOperations()) {
    if (!Authorize(With(role), operation, "studio").ok()) continue;
    if (!text.empty()) text += ' ';
    text += NameOf(operation);
  }
  return text;
}

// The whole table, as a reader would ask for it. mission: C33
TEST(Authorize, GivesEachRoleItsOperations) {
  EXPECT_EQ(AllowedTo(Role::kPublisher), "publish");
  EXPECT_EQ(AllowedTo(Role::kSubscriber), "deliver");
  EXPECT_EQ(AllowedTo(Role::kMarketer),
            "read_profile read_definitions write_segments write_journeys read_refusals");
  EXPECT_EQ(AllowedTo(Role::kAnalyst),
            "read_profile read_definitions write_segments read_refusals");
  EXPECT_EQ(AllowedTo(Role::kStaff),
            "read_profile read_definitions change_suppression merge read_refusals note");
  EXPECT_EQ(AllowedTo(Role::kAdmin),
            "publish read_profile erase read_definitions write_segments write_journeys "
            "change_suppression deliver merge read_refusals deadletter note");
  EXPECT_EQ(AllowedTo(Role::kOperator), "deadletter tenant_create snapshot inspect advance_time");
}

TEST(Authorize, SegmentsCampaignsAndSuppressionAreDifferentRights) {  // mission: C33
  const auto may = [](Role role, Operation operation) {
    return Authorize(With(role), operation, "studio").ok();
  };
  EXPECT_TRUE(may(Role::kAnalyst, Operation::kWriteSegments));
  EXPECT_FALSE(may(Role::kAnalyst, Operation::kWriteJourneys));
  EXPECT_TRUE(may(Role::kMarketer, Operation::kWriteJourneys));
  EXPECT_FALSE(may(Role::kMarketer, Operation::kChangeSuppression));
  EXPECT_TRUE(may(Role::kStaff, Operation::kChangeSuppression));
  EXPECT_FALSE(may(Role::kStaff, Operation::kWriteSegments));
}

// mission: D18
TEST(Authorize, NoOneEntersAnotherTenant) {
  for (const Operation operation : AllOperations()) {
    if (IsProgramWide(operation)) continue;
    for (const Role role : RolesFor(operation)) {
      EXPECT_TRUE(Authorize(With(role), operation, "studio").ok());
      EXPECT_EQ(Authorize(With(role), operation, "other").code(), StatusCode::kPermissionDenied);
      EXPECT_EQ(Authorize(With(role), operation, "").code(), StatusCode::kPermissionDenied);
      EXPECT_TRUE(Authorize({"hub", {"*"}, {role}}, operation, "other").ok());
    }
  }
}

TEST(Authorize, SaysWhatIsMissing) {
  const Status role = Authorize(With(Role::kAnalyst), Operation::kWriteJourneys, "studio");
  EXPECT_EQ(MessageOf(role), "principal 'ana' may not write_journeys: expected role marketer");
  const Status tenant = Authorize(With(Role::kMarketer), Operation::kWriteJourneys, "other");
  EXPECT_EQ(MessageOf(tenant),
            "principal 'ana' may not write_journeys: tenant 'other' is not one of its tenants");
}

TEST(Operations, HaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (const Operation operation : AllOperations()) {
    names.insert(NameOf(operation));
    EXPECT_FALSE(RolesFor(operation).empty());
  }
  EXPECT_EQ(names.size(), AllOperations().size());
}

TEST(LoopbackPrincipal, MayDoEverythingInStudio) {
  for (const Operation operation : AllOperations()) {
    EXPECT_TRUE(Authorize(LoopbackPrincipal(), operation, "studio").ok());
    EXPECT_EQ(Authorize(LoopbackPrincipal(), operation, "other").ok(), IsProgramWide(operation));
  }
  EXPECT_EQ(*ResolveTenant(LoopbackPrincipal(), {}), "studio");
}

TEST(ResolveTenant, TakesTheRequestedOneOnlyIfItIsTheirs) {
  const Principal one{"ana", {"studio"}, {Role::kStaff}};
  const Principal two{"bob", {"north", "south"}, {Role::kStaff}};
  const Principal all{"hub", {"*"}, {Role::kPublisher}};
  EXPECT_EQ(*ResolveTenant(one, {}), "studio");
  EXPECT_EQ(*ResolveTenant(one, ""), "studio");
  EXPECT_EQ(*ResolveTenant(two, "south"), "south");
  EXPECT_EQ(*ResolveTenant(all, "anything"), "anything");
  EXPECT_EQ(ResolveTenant(one, "south").status().code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(ResolveTenant(two, {}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(ResolveTenant(all, {}).status().code(), StatusCode::kInvalidArgument);
}

TEST(TokenTable, FindsThePrincipalOfAToken) {
  const auto table = TokenTable::Make(
      {{kHash, With(Role::kStaff)}, {kOtherHash, {"bob", {"*"}, {Role::kOperator}}}});
  ASSERT_TRUE(table.ok());
  EXPECT_EQ(table->Find(kHash)->name, "ana");
  EXPECT_EQ(table->Find(kOtherHash)->name, "bob");
  for (const std::string& wrong : {std::string(), std::string(64, 'c'), kHash + "a"}) {
    EXPECT_EQ(table->Find(wrong).status().code(), StatusCode::kUnauthenticated);
  }
}

TEST(TokenTable, RefusesABadEntryByName) {
  const struct {
    std::vector<TokenEntry> entries;
    std::string expected;
  } cases[] = {
      {{{kHash, {"", {"studio"}, {Role::kStaff}}}}, "token entry: expected a principal's name"},
      {{{"abc", With(Role::kStaff)}},
       "token of principal 'ana': expected 64 lower-case hex digits of SHA-256"},
      {{{std::string(64, 'A'), With(Role::kStaff)}},
       "token of principal 'ana': expected 64 lower-case hex digits of SHA-256"},
      {{{kHash, {"ana", {}, {Role::kStaff}}}},
       "token of principal 'ana': expected tenants, or '*'"},
      {{{kHash, {"ana", {"studio"}, {}}}}, "token of principal 'ana': expected roles"},
      {{{kHash, With(Role::kStaff)}, {kHash, {"bob", {"*"}, {Role::kOperator}}}},
       "token of principal 'bob': the same as that of 'ana'"},
  };
  for (const auto& [entries, expected] : cases) {
    const Status status = TokenTable::Make(entries).status();
    EXPECT_EQ(MessageOf(status), expected);
  }
}

TEST(Roles, AreReadByName) {
  EXPECT_EQ(*ParseRole("marketer"), Role::kMarketer);
  const Status bad = ParseRole("boss").status();
  EXPECT_EQ(MessageOf(bad),
            "role 'boss': expected one of publisher, subscriber, marketer, analyst, staff, admin, "
            "operator");
}

}  // namespace
}  // namespace spotter::access
