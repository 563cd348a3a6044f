// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "model/action.h"
#include "model/definition.h"
#include "model/entity.h"
#include "model/ids.h"
#include "model/source_record.h"

namespace spotter::model {
namespace {

TEST(Names, OfEventAndFactKindsAreFoundAgain) {
  for (int number = 1; number <= 33; ++number) {
    const auto kind = static_cast<EventKind>(number);
    EXPECT_EQ(FindEventKind(NameOf(kind)), kind);
  }
  for (int number = 1; number < kFactKinds; ++number) {
    const auto kind = static_cast<FactKind>(number);
    EXPECT_EQ(FindFactKind(NameOf(kind)), kind);
  }
  EXPECT_EQ(FindFactKind("visits"), FactKind::unspecified);
  EXPECT_EQ(FindEventKind(""), EventKind::unspecified);
  EXPECT_EQ(NameOf(FactKind::no_show), "no_show");
}

TEST(Names, OfChannelsAreFoundAgain) {
  for (const Channel channel :
       {Channel::kEmail, Channel::kSms, Channel::kPush, Channel::kTask, Channel::kInApp}) {
    EXPECT_EQ(FindChannel(NameOf(channel)), channel);
  }
  EXPECT_EQ(FindChannel("fax"), std::nullopt);
  EXPECT_TRUE(IsMemberFacing(Channel::kSms));
  EXPECT_FALSE(IsMemberFacing(Channel::kTask));
}

TEST(Names, OfTheRest) {
  EXPECT_EQ(NameOf(Cause::kBackfill), "BACKFILL");
  EXPECT_EQ(NameOf(RefusalReason::kNoConsent), "no_consent");
  EXPECT_EQ(NameOf(MemberStatus::kLapsed), "lapsed");
  EXPECT_EQ(NameOf(TenantKind::kMentor), "mentor");
  EXPECT_EQ(NameOf(JourneyState::kShadow), "shadow");
  EXPECT_EQ(NameOf(IdentifierType::kPhone), "phone");
}

TEST(Ids, AreStableAndDependOnEachPart) {
  const RecordKey record = MakeRecordKey("square", "c1");
  EXPECT_EQ(record, MakeRecordKey("square", "c1"));
  EXPECT_NE(record, MakeRecordKey("squarec", "1"));  // lengths are part of the hash
  const TenantId tenant("studio");
  EXPECT_NE(MakeProfileId(tenant, record, 0), MakeProfileId(tenant, record, 1));
  EXPECT_NE(MakeProfileId(tenant, record, 0), MakeProfileId(TenantId("other"), record, 0));
  const EnrolmentId enrolment = MakeEnrolmentId("welcome", record, 0);
  EXPECT_NE(enrolment, MakeEnrolmentId("winback", record, 0));
  EXPECT_NE(MakeActionId(tenant, "welcome", enrolment, "day0"),
            MakeActionId(tenant, "welcome", enrolment, "day2"));
}

TEST(Ids, AreReadBackFromTheirText) {
  const ProfileId profile = MakeProfileId(TenantId("studio"), MakeRecordKey("square", "c1"), 0);
  ASSERT_TRUE(ParseProfileId(ToText(profile)).ok());
  EXPECT_EQ(*ParseProfileId(ToText(profile)), profile);
  EXPECT_EQ(ToText(profile).size(), 30U);
  EXPECT_FALSE(ParseActionId(ToText(profile)).ok());  // another kind of id
  const Status bad = ParseProfileId("prf_x").status();
  EXPECT_EQ(MessageOf(bad), "profile id 'prf_x': expected prf_ and 26 characters of a-z2-7");
}

TEST(TenantIds, AreShortAndPlain) {
  for (const char* good : {"studio", "a", "north-side-2"}) EXPECT_TRUE(ValidateTenantId(good).ok());
  for (const char* bad : {"", "Studio", "a b", "caf\xc3\xa9", "a/b", "a_b"}) {
    EXPECT_FALSE(ValidateTenantId(bad).ok()) << bad;
  }
  EXPECT_TRUE(ValidateTenantId(std::string(64, 'a')).ok());
  EXPECT_FALSE(ValidateTenantId(std::string(65, 'a')).ok());
}

TEST(Currencies, ArePackedAndUnpacked) {
  EXPECT_EQ(PackCurrency("usd"), PackCurrency("USD"));
  EXPECT_EQ(UnpackCurrency(PackCurrency("eur")), "EUR");
  for (const char* bad : {"", "us", "USDT", "U$D", "12A"}) EXPECT_EQ(PackCurrency(bad), 0U) << bad;
  EXPECT_EQ(UnpackCurrency(0), "");
}

}  // namespace
}  // namespace spotter::model
