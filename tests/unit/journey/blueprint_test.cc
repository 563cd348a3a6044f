// SPDX-License-Identifier: Apache-2.0
// The shipped blueprints, walked day by day.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "member_fixture.h"

namespace spotter::journey {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string kBlueprints = SPOTTER_SOURCE_DIR "/deploy/blueprints/";
const std::string kSegments = SPOTTER_SOURCE_DIR "/deploy/segments/";

std::string Blueprint(const std::string& name) { return ReadFile(kBlueprints + name); }

bool EntryHolds(const Journey& journey, const Member& member, EventTime now) {
  const model::MemberView view = member.view();
  return journey.entry()
      .Evaluate({.member = view,
                 .now = now,
                 .journey_entered_at = {},
                 .step_entered_at = {},
                 .tenant = "studio"})
      .value;
}

TEST(Blueprints, AllParseCompileAndPrint) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kBlueprints)) {
    if (entry.path().extension() != ".yaml") continue;
    ++files;
    const Journey journey = CompileOrDie(ReadFile(entry.path()));
    EXPECT_EQ(journey.definition().id, entry.path().stem());
    const std::string printed = PrintJourney(journey.definition());
    EXPECT_EQ(PrintJourney(ParseJourney(printed).value()), printed);
  }
  EXPECT_EQ(files, 2);
}

// Who is in each, at its boundaries: tests/scenario/library-*.txt.
TEST(Blueprints, AllSegmentsOfTheLibraryParseCompileAndPrint) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kSegments)) {
    ++files;
    const StatusOr<model::SegmentDefinition> segment = ParseSegment(ReadFile(entry.path()));
    ASSERT_TRUE(segment.ok()) << entry.path() << ": " << segment.status();
    EXPECT_EQ(segment->id, entry.path().stem());
    EXPECT_FALSE(segment->title.empty()) << entry.path();
    const auto compiled =
        segment::Expression::Compile(segment->expression, segment::Scope::kSegment);
    EXPECT_TRUE(compiled.ok()) << entry.path() << ": " << compiled.status();
    EXPECT_EQ(ParseSegment(PrintSegment(*segment)).value(), *segment);
  }
  EXPECT_GE(files, 47);
}

// mission: C4 C6
TEST(Blueprints, NoVisitSegmentsTurnAtTheirInstant) {
  const auto definition = ParseSegment(ReadFile(kSegments + "no-visit-14d-paying.yaml")).value();
  const auto expression =
      segment::Expression::Compile(definition.expression, segment::Scope::kSegment).value();
  Member member;
  member.Visit(At("2026-11-01T09:00:00Z"))
      .Trait(model::AttributeId::payment_status, std::string("active"));
  const model::MemberView view = member.view();
  auto at = [&](std::string_view now) {
    return expression.Evaluate({.member = view,
                                .now = At(now),
                                .journey_entered_at = {},
                                .step_entered_at = {},
                                .tenant = "studio"});
  };
  EXPECT_FALSE(at("2026-11-15T08:59:59.999Z").value);
  EXPECT_EQ(at("2026-11-02T00:00:00Z").valid_until, At("2026-11-15T09:00:00Z"));
  EXPECT_TRUE(at("2026-11-15T09:00:00Z").value);
}

class Welcome : public testing::Test {
 protected:
  Welcome() : journey_(CompileOrDie(Blueprint("welcome-activation.yaml"))) {
    member_.Signup(signup_).Trait(model::AttributeId::given_name, std::string("Ana"));
    member_.Trait(model::AttributeId::home_site, std::string("Mission St"));
  }
  EventTime Day(double days) const { return signup_ + Hours(static_cast<int64_t>(days * 24)); }

  EventTime signup_ = At("2026-11-01T10:00:00Z");
  Journey journey_;
  Member member_;
};

// mission: C41 X22 (entry is account creation, with no class attended)
TEST_F(Welcome, EntryIsAccountCreation) {
  EXPECT_TRUE(EntryHolds(journey_, member_, signup_));
  EXPECT_FALSE(EntryHolds(journey_, member_, Day(1)));
  member_.Visit(Day(0));
  EXPECT_FALSE(EntryHolds(journey_, member_, Day(0)));
}

// mission: C41 (e-mail day 0, SMS day 2, push day 6, at their exact instants)
TEST_F(Welcome, WhoNeverBooksGetsAllThree) {
  Driver driver(journey_, member_, signup_);
  driver.RunTo(Day(20));
  EXPECT_THAT(driver.Proposed(), ElementsAre("2026-11-01T10:00:00.000Z welcome-email",
                                             "2026-11-03T10:00:00.000Z booking-sms",
                                             "2026-11-07T10:00:00.000Z one-click-push"));
  EXPECT_EQ(driver.enrolment().outcome, "not_activated");
  EXPECT_EQ(driver.enrolment().ended_at, Day(14));
  EXPECT_FALSE(driver.enrolment().goal_reached);

  const model::Proposal& email = driver.proposals()[0];
  EXPECT_EQ(email.channel, model::Channel::kEmail);
  EXPECT_THAT(email.text, HasSubstr("Hi Ana, welcome to Mission St!"));
  EXPECT_EQ(email.purpose, "marketing");
  EXPECT_EQ(email.message_class, "activation");
  EXPECT_EQ(driver.proposals()[2].channel, model::Channel::kPush);
}

// mission: C41 C23 (SMS under 160 characters, opt-out instruction included)
TEST_F(Welcome, SmsIsShortAndSaysHowToStop) {
  Driver driver(journey_, member_, signup_);
  driver.RunTo(Day(3));
  const std::string& text = driver.proposals()[1].text;
  EXPECT_EQ(text,
            "Ana, classes at Mission St fill fast. Book your first: studio.example/book Reply STOP "
            "to opt out");
  EXPECT_LT(text.size(), 160U);
}

// mission: C41 (SMS only if there is no booking)
TEST_F(Welcome, WhoBooksGetsNoSms) {
  Driver driver(journey_, member_, signup_);
  member_.Booking(Day(1));
  driver.RunTo(Day(1)).RunTo(Day(20));
  EXPECT_THAT(driver.Proposed(), ElementsAre("2026-11-01T10:00:00.000Z welcome-email",
                                             "2026-11-07T10:00:00.000Z one-click-push"));
}

// mission: X22 ("no class attended" is checked before each step, the goal is watched on)
TEST_F(Welcome, WhoAttendsIsLeftAloneAndStillCounted) {
  Driver driver(journey_, member_, signup_);
  member_.Visit(Day(1));
  driver.RunTo(Day(1)).RunTo(Day(10));
  EXPECT_THAT(driver.Proposed(), ElementsAre("2026-11-01T10:00:00.000Z welcome-email"));
  EXPECT_EQ(driver.enrolment().step, "watch-goal");
  member_.Visit(Day(11));
  driver.RunTo(Day(11));
  EXPECT_FALSE(driver.enrolment().goal_reached);
  member_.Visit(Day(13));
  driver.RunTo(Day(13));
  EXPECT_TRUE(driver.enrolment().goal_reached);
  EXPECT_EQ(driver.enrolment().outcome, "goal");
  EXPECT_EQ(driver.enrolment().ended_at, Day(13));
}

TEST_F(Welcome, AttendedBetweenSmsAndPush) {
  Driver driver(journey_, member_, signup_);
  driver.RunTo(Day(3));
  member_.Visit(Day(4));
  driver.RunTo(Day(4)).RunTo(Day(8));
  EXPECT_THAT(driver.Proposed(), ElementsAre("2026-11-01T10:00:00.000Z welcome-email",
                                             "2026-11-03T10:00:00.000Z booking-sms"));
}

// mission: X22 (the third class counts until 14 days)
TEST_F(Welcome, ThirdClassOnDay14IsTooLate) {
  for (const auto& [last, reached] : {std::pair(Days(14) - Duration(1), true), {Days(14), false}}) {
    Member member;
    member.Signup(signup_);
    Driver driver(journey_, member, signup_);
    member.Visit(Day(1)).Visit(Day(2));
    driver.RunTo(Day(2));
    member.Visit(signup_ + last);
    driver.RunTo(signup_ + last);
    EXPECT_EQ(driver.enrolment().goal_reached, reached) << FormatDuration(last);
  }
}

class Winback : public testing::Test {
 protected:
  Winback() : journey_(CompileOrDie(Blueprint("at-risk-winback.yaml"))) {
    member_.Trait(model::AttributeId::payment_status, std::string("active"));
    member_.Trait(model::AttributeId::given_name, std::string("Ana"));
  }
  EventTime day0_ = At("2026-11-01T10:00:00Z");
  Journey journey_;
  Member member_;
};

// mission: C43 X23 (two missed within 30 days, or no visit in 21 days; and active)
TEST_F(Winback, EntryTable) {
  member_.Visit(day0_ - Days(1));
  EXPECT_FALSE(EntryHolds(journey_, member_, day0_));
  EXPECT_FALSE(EntryHolds(journey_, member_, day0_ + Days(20) - Duration(1)));
  EXPECT_TRUE(EntryHolds(journey_, member_, day0_ + Days(20)));  // the 21-day instant
  member_.NoShow(day0_ - Days(5));
  EXPECT_FALSE(EntryHolds(journey_, member_, day0_));
  member_.NoShow(day0_);
  EXPECT_TRUE(EntryHolds(journey_, member_, day0_));
  member_.Trait(model::AttributeId::payment_status, std::string("past_due"));
  EXPECT_FALSE(EntryHolds(journey_, member_, day0_));
}

// mission: C43 X23 (nobody stays away before having been there for as long)
TEST_F(Winback, WhoJustJoinedIsNotAwayYet) {
  member_.Trait(model::AttributeId::joined_at, day0_);
  EXPECT_FALSE(EntryHolds(journey_, member_, day0_));
  EXPECT_FALSE(EntryHolds(journey_, member_, day0_ + Days(21) - Duration(1)));
  EXPECT_TRUE(EntryHolds(journey_, member_, day0_ + Days(21)));
  member_.NoShow(day0_ + Days(1));
  member_.NoShow(day0_ + Days(2));
  EXPECT_TRUE(EntryHolds(journey_, member_, day0_ + Days(2)));  // two missed need no wait
}

// mission: C43 (SMS day 3, staff phone task day 7, e-mail with offer day 10)
TEST_F(Winback, WhoStaysAwayIsAskedThreeTimes) {
  member_.Visit(day0_ - Days(21), "Vinyasa");
  Driver driver(journey_, member_, day0_);
  driver.RunTo(day0_ + Days(20));
  EXPECT_THAT(driver.Proposed(),
              ElementsAre("2026-11-04T10:00:00.000Z missed-you-sms",
                          "2026-11-08T10:00:00.000Z call", "2026-11-11T10:00:00.000Z offer-email"));
  EXPECT_EQ(driver.enrolment().outcome, "not_rebooked");
  EXPECT_EQ(driver.enrolment().ended_at, day0_ + Days(14));

  const model::Proposal& sms = driver.proposals()[0];
  EXPECT_EQ(sms.text,
            "Ana, we missed you! A free drop-in this week with Coach Sam is yours. "
            "Reply YES to claim. Reply STOP to opt out");
  EXPECT_LE(sms.text.size(), kSmsCharsMax);
  EXPECT_EQ(sms.tokens.front(), (model::Token{"days_since_last_visit", "24"}));
  const model::Proposal& call = driver.proposals()[1];
  EXPECT_EQ(call.channel, model::Channel::kTask);
  EXPECT_EQ(call.role, "front_desk");
  EXPECT_EQ(call.task_kind, "call");
  EXPECT_THAT(call.text, HasSubstr("Call Ana: 28 days since the last visit, last class Vinyasa."));
  EXPECT_EQ(call.expires_at, At("2026-11-10T10:00:00Z"));
}

TEST_F(Winback, WhoBooksHasReachedTheGoal) {
  Driver driver(journey_, member_, day0_);
  driver.RunTo(day0_ + Days(5));
  member_.Booking(day0_ + Days(5));
  driver.RunTo(day0_ + Days(5));
  EXPECT_EQ(driver.enrolment().outcome, "goal");
  EXPECT_TRUE(driver.enrolment().goal_reached);
  EXPECT_THAT(driver.Proposed(), ElementsAre("2026-11-04T10:00:00.000Z missed-you-sms"));
}

TEST_F(Winback, WhoVisitsIsLeftAlone) {
  member_.Visit(day0_ - Days(21));
  Driver driver(journey_, member_, day0_);
  driver.RunTo(day0_ + Days(8));
  // A class booked before the journey began: no rebooking, but she is back.
  member_.CheckIn(day0_ + Days(8));
  driver.RunTo(day0_ + Days(8)).RunTo(day0_ + Days(20));
  EXPECT_EQ(driver.enrolment().outcome, "came_back");
  EXPECT_FALSE(driver.enrolment().goal_reached);
  EXPECT_EQ(driver.proposals().size(), 2U);
}

// mission: X24 C31 (a paused or unpaid membership gets no offer)
TEST_F(Winback, NotForThosePausedOrNotPaying) {
  Driver driver(journey_, member_, day0_);
  member_.Trait(model::AttributeId::membership_status, std::string("paused"));
  driver.RunTo(day0_ + Days(1));
  EXPECT_EQ(driver.enrolment().outcome, "not_active");
  EXPECT_TRUE(driver.proposals().empty());

  Member other;
  other.Trait(model::AttributeId::payment_status, std::string("active"));
  Driver unpaid(journey_, other, day0_);
  other.Trait(model::AttributeId::payment_status, std::string("past_due"));
  unpaid.RunTo(day0_ + Days(1));
  EXPECT_EQ(unpaid.enrolment().outcome, "not_paying");
}

}  // namespace
}  // namespace spotter::journey
