// SPDX-License-Identifier: Apache-2.0
#include "journey/advance_enrolment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "member_fixture.h"

namespace spotter::journey {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const EventTime kDay0 = At("2026-11-01T10:00:00Z");

// A journey of the given steps, with more top-level lines if need be.
Journey Of(const std::string& steps, const std::string& top = "") {
  return CompileOrDie(
      "journey: j\npurpose: service\nentry: {when: \"events('signup').exists()\"}\n" + top +
      "steps:\n" + steps);
}

constexpr const char* kSendA = "  - {id: a, send: {channel: email, template: a}}\n";
constexpr const char* kSendB = "  - {id: b, send: {channel: push, template: b}}\n";

TEST(StartEnrolment, StandsAtTheFirstStepAndIsDueAtOnce) {
  const Journey journey = Of(kSendA);
  const model::RecordKey anchor = model::MakeRecordKey("square", "1");
  const model::Enrolment e = StartEnrolment(journey, model::TenantId("t"), anchor, 3, kDay0);
  EXPECT_EQ(e.id, model::MakeEnrolmentId("j", anchor, 3));
  EXPECT_EQ(e.step, "a");
  EXPECT_EQ(e.entered_at, kDay0);
  EXPECT_EQ(e.step_entered_at, kDay0);
  EXPECT_EQ(e.valid_until, kDay0);
  EXPECT_EQ(e.state, model::EnrolmentState::kActive);
}

TEST(AdvanceEnrolment, ProposesAndCompletes) {
  const Journey journey = Of(kSendA);
  Member member;
  Driver driver(journey, member, kDay0);
  EXPECT_THAT(driver.Proposed(), ElementsAre("2026-11-01T10:00:00.000Z a"));
  const model::Proposal& p = driver.proposals().front();
  EXPECT_EQ(p.journey, "j");
  EXPECT_EQ(p.enrolment, driver.enrolment().id);
  EXPECT_EQ(p.anchor, member.key());
  EXPECT_EQ(p.template_id, "a");
  EXPECT_EQ(p.purpose, "service");
  EXPECT_EQ(p.expires_at, kDay0 + Days(1));
  EXPECT_EQ(p.cause, model::Cause::kLive);
  EXPECT_EQ(driver.enrolment().state, model::EnrolmentState::kEnded);
  EXPECT_EQ(driver.enrolment().outcome, "completed");
  EXPECT_EQ(driver.enrolment().step, "");
  EXPECT_EQ(driver.enrolment().valid_until, EventTime::Max());
}

// Waits end at their instants; the chain of instants does not depend on when they are noticed.
TEST(AdvanceEnrolment, WaitsAreExactHoweverLate) {
  const Journey journey = Of(std::string("  - {id: w1, wait: 3d}\n") + kSendA +
                             "  - {id: w2, wait: {from_entry: 5d}}\n" + kSendB +
                             "  - {id: w3, wait: {from_entry: 4d}}\n"  // already past: no wait
                             "  - {id: w4, wait: 2h}\n");
  Member member;
  Driver punctual(journey, member, kDay0);
  EXPECT_EQ(punctual.enrolment().valid_until, kDay0 + Days(3));
  for (int hour = 1; hour <= 24 * 8; ++hour) punctual.RunTo(kDay0 + Hours(hour));
  Driver late(journey, member, kDay0);
  late.RunTo(kDay0 + Days(40));
  EXPECT_THAT(punctual.Proposed(),
              ElementsAre("2026-11-04T10:00:00.000Z a", "2026-11-06T10:00:00.000Z b"));
  EXPECT_EQ(late.Proposed(), punctual.Proposed());
  EXPECT_EQ(late.enrolment(), punctual.enrolment());
  EXPECT_EQ(late.enrolment().ended_at, kDay0 + Days(5) + Hours(2));
  EXPECT_LE(late.looks(), 6);

  // Even one single late look keeps the instants.
  Driver once(journey, member, kDay0);
  once.Look(kDay0 + Days(40), model::Cause::kTime);
  EXPECT_EQ(once.enrolment(), punctual.enrolment());
}

// mission: C74 C47 (a member who does not respond becomes a task for staff)
TEST(AdvanceEnrolment, WaitUntilGoesOneWayOrTheOther) {
  const Journey journey =
      Of("  - {id: a, send: {channel: email, template: a}}\n"
         "  - id: respond\n"
         "    wait_until: {when: \"events('message_in').since(step.entered_at).exists()\", "
         "timeout: 2d,"
         " on_timeout: call}\n"
         "    go: thanks\n"
         "  - {id: call, task: {role: front_desk, kind: call, due_in: 48h}, go: done}\n"
         "  - {id: thanks, send: {channel: email, template: thanks}}\n"
         "  - {id: done, end: {outcome: asked}}\n");
  {
    Member silent;
    Driver driver(journey, silent, kDay0);
    EXPECT_EQ(driver.enrolment().step, "respond");
    EXPECT_EQ(driver.enrolment().valid_until, kDay0 + Days(2));
    driver.RunTo(kDay0 + Days(9));
    EXPECT_THAT(driver.Proposed(),
                ElementsAre("2026-11-01T10:00:00.000Z a", "2026-11-03T10:00:00.000Z call"));
    EXPECT_EQ(driver.proposals()[1].expires_at, kDay0 + Days(4));
    EXPECT_EQ(driver.enrolment().outcome, "asked");
  }
  {
    Member answers;
    Driver driver(journey, answers, kDay0);
    answers.Reply(kDay0 + Hours(5));
    driver.RunTo(kDay0 + Hours(5)).RunTo(kDay0 + Days(9));
    EXPECT_THAT(driver.Proposed(),
                ElementsAre("2026-11-01T10:00:00.000Z a", "2026-11-01T15:00:00.000Z thanks"));
  }
  {
    Member at_the_deadline;
    Driver driver(journey, at_the_deadline, kDay0);
    at_the_deadline.Reply(kDay0 + Days(2));
    driver.RunTo(kDay0 + Days(2));
    EXPECT_EQ(driver.Proposed().back(), "2026-11-03T10:00:00.000Z thanks");
  }
}

TEST(AdvanceEnrolment, WaitUntilTurnsTrueByTimeAlone) {
  const Journey journey =
      Of("  - {id: quiet, wait_until: {when: \"!events('visit').within(days(14)).exists()\", "
         "timeout: 60d}}\n" +
         std::string(kSendA));
  Member member;
  member.Visit(kDay0 - Days(4));
  Driver driver(journey, member, kDay0);
  EXPECT_EQ(driver.enrolment().valid_until, kDay0 + Days(10));
  driver.RunTo(kDay0 + Days(30));
  EXPECT_THAT(driver.Proposed(), ElementsAre("2026-11-11T10:00:00.000Z a"));
}

TEST(AdvanceEnrolment, BranchTakesTheFirstArmThatHolds) {
  const Journey journey =
      Of("  - id: choose\n"
         "    branch:\n"
         "      - {when: \"member.plan == 'gold'\", go: gold}\n"
         "      - {when: \"member.plan == 'gold' || events('visit').exists()\", go: visited}\n"
         "  - {id: neither, send: {channel: email, template: n}, go: done}\n"
         "  - {id: gold, send: {channel: email, template: g}, go: done}\n"
         "  - {id: visited, send: {channel: email, template: v}}\n"
         "  - {id: done, end: {outcome: done}}\n");
  Member plain, gold, visitor;
  gold.Trait(model::AttributeId::plan, std::string("gold")).Visit(kDay0);
  visitor.Visit(kDay0);
  EXPECT_EQ(Driver(journey, plain, kDay0).proposals().front().step, "neither");
  EXPECT_EQ(Driver(journey, gold, kDay0).proposals().front().step, "gold");
  EXPECT_EQ(Driver(journey, visitor, kDay0).proposals().front().step, "visited");
}

TEST(AdvanceEnrolment, GoalAndExitsAreWatchedAtEveryStep) {
  const Journey journey =
      Of(std::string("  - {id: w, wait: 5d}\n") + kSendA,
         "exit: [{when: \"member.payment_status == 'cancelled'\", reason: cancelled},"
         " {when: \"events('visit').since(journey.entered_at).exists()\", reason: came_back}]\n"
         "goal: {when: \"events('booking').since(journey.entered_at).exists()\", within: 2d}\n");
  {
    Member member;
    Driver driver(journey, member, kDay0);
    member.CheckIn(kDay0 + Days(1));
    driver.RunTo(kDay0 + Days(1));
    EXPECT_EQ(driver.enrolment().outcome, "came_back");
    EXPECT_EQ(driver.enrolment().ended_at, kDay0 + Days(1));
    EXPECT_THAT(driver.Proposed(), IsEmpty());
    driver.RunTo(kDay0 + Days(9));  // ended for good
    EXPECT_EQ(driver.enrolment().ended_at, kDay0 + Days(1));
  }
  {
    Member both;
    Driver driver(journey, both, kDay0);
    both.Visit(kDay0 + Days(1)).Trait(model::AttributeId::payment_status, std::string("cancelled"));
    driver.RunTo(kDay0 + Days(1));
    EXPECT_EQ(driver.enrolment().outcome, "goal");  // before the exits
  }
  {
    Member late;
    Driver driver(journey, late, kDay0);
    late.Booking(kDay0 + Days(2));  // the window is half-open
    driver.RunTo(kDay0 + Days(2));
    EXPECT_FALSE(driver.enrolment().goal_reached);
    EXPECT_EQ(driver.enrolment().step, "w");
  }
}

TEST(AdvanceEnrolment, ExitByTimeAloneEndsAtItsInstant) {
  const Journey journey =
      Of("  - {id: w, wait: 30d}\n",
         "exit: [{when: \"now - journey.entered_at >= days(7)\", reason: week}]\n");
  Member member;
  Driver driver(journey, member, kDay0);
  EXPECT_EQ(driver.enrolment().valid_until, kDay0 + Days(7));
  driver.RunTo(kDay0 + Days(20));
  EXPECT_EQ(driver.enrolment().ended_at, kDay0 + Days(7));
}

// A merge unites the sent steps of two enrolments: none is proposed again.
TEST(AdvanceEnrolment, SentStepsAreNotProposedAgain) {
  const Journey journey = Of(std::string("  - {id: w, wait: 1d}\n") + kSendA + kSendB);
  Member member;
  Driver driver(journey, member, kDay0);
  driver.enrolment().sent_steps = {"a"};
  driver.RunTo(kDay0 + Days(2));
  EXPECT_THAT(driver.Proposed(), ElementsAre("2026-11-02T10:00:00.000Z b"));
  EXPECT_THAT(driver.enrolment().sent_steps, ElementsAre("a", "b"));
}

TEST(AdvanceEnrolment, StepThatIsGoneEndsIt) {
  const Journey journey = Of(std::string("  - {id: w, wait: 1d}\n") + kSendA);
  Member member;
  Driver driver(journey, member, kDay0);
  driver.enrolment().step = "of-an-older-revision";
  driver.RunTo(kDay0 + Hours(1));
  EXPECT_EQ(driver.enrolment().outcome, "step_removed");
  EXPECT_THAT(driver.Proposed(), IsEmpty());
}

TEST(AdvanceEnrolment, TwoHundredStepsInOneAdvance) {
  std::string steps;
  for (size_t i = 0; i < kStepsMax; ++i) {
    steps += fmt::format("  - {{id: s{:03}, send: {{channel: push, template: t}}}}\n", i);
  }
  const Journey journey = Of(steps);
  Member member;
  EXPECT_EQ(Driver(journey, member, kDay0).proposals().size(), kStepsMax);
}

// mission: C40 (a holdout is walked alike, goal and all, and gets nothing)
TEST(AdvanceEnrolment, HeldOutIsWatchedAndSentNothing) {
  const Journey journey =
      Of(std::string(kSendA) + "  - {id: w, wait: 9d}\n" + kSendB,
         "goal: {when: \"events('visit').since(journey.entered_at).exists()\"}\n");
  for (const bool visits : {true, false}) {
    Member member;
    Driver driver(journey, member, kDay0);
    driver.enrolment() = StartEnrolment(journey, driver.settings().id, member.key(), 0, kDay0);
    driver.enrolment().state = model::EnrolmentState::kHeldOut;
    const size_t before = driver.proposals().size();
    driver.RunTo(kDay0);
    EXPECT_EQ(driver.enrolment().state, model::EnrolmentState::kHeldOut);
    EXPECT_EQ(driver.enrolment().step, "w");
    if (visits) member.Visit(kDay0 + Days(1));
    driver.RunTo(kDay0 + Days(1)).RunTo(kDay0 + Days(10));
    EXPECT_EQ(driver.proposals().size(), before);
    EXPECT_THAT(driver.enrolment().sent_steps, IsEmpty());
    EXPECT_EQ(driver.enrolment().goal_reached, visits);
    EXPECT_EQ(driver.enrolment().outcome, visits ? "held_out:goal" : "held_out:completed");
  }
}

model::RecordKey Key(int n) { return model::MakeRecordKey("square", std::to_string(n)); }

TEST(Bucket, IsEvenAndStable) {
  const model::TenantId tenant("studio");
  int below_30 = 0;
  std::vector<int> tenths(10);
  for (int n = 0; n < 10000; ++n) {
    const double bucket = Bucket(tenant, "salt", Key(n));
    ASSERT_GE(bucket, 0.0);
    ASSERT_LT(bucket, 1.0);
    ASSERT_EQ(bucket, Bucket(tenant, "salt", Key(n)));
    below_30 += bucket < 0.3 ? 1 : 0;
    ++tenths[static_cast<size_t>(bucket * 10)];
  }
  EXPECT_NEAR(below_30, 3000, 140);  // three standard deviations
  for (const int count : tenths) EXPECT_NEAR(count, 1000, 100);
  EXPECT_NE(Bucket(tenant, "salt", Key(1)), Bucket(tenant, "other", Key(1)));
  EXPECT_NE(Bucket(tenant, "salt", Key(1)), Bucket(model::TenantId("other"), "salt", Key(1)));
}

// bucket() of the language draws alike for a member of one record.
TEST(Bucket, IsTheLanguages) {
  Member member;
  const model::MemberView view = member.view();
  const double bucket = Bucket(model::TenantId("studio"), "salt", member.key());
  auto below = [&](double limit) {
    const auto expression = segment::Expression::Compile(
        fmt::format("bucket('salt') < {:.17f}", limit), segment::Scope::kSegment);
    return expression
        ->Evaluate({.member = view,
                    .now = kDay0,
                    .journey_entered_at = {},
                    .step_entered_at = {},
                    .tenant = "studio"})
        .value;
  };
  EXPECT_FALSE(below(bucket - 1e-9));
  EXPECT_TRUE(below(bucket + 1e-9));
}

TEST(Bucket, HoldoutShareOverTenThousandAnchors) {
  for (const int percent : {0, 20, 50}) {
    const Journey journey =
        CompileOrDie(fmt::format("journey: j\nentry: {{when: \"true\", holdout: {{percent: "
                                 "{}, reason: r}}}}\nsteps: [{{id: w, wait: 1d}}]\n",
                                 percent));
    int held_out = 0;
    for (int n = 0; n < 10000; ++n) {
      const auto e = StartEnrolment(journey, model::TenantId("studio"), Key(n), 0, kDay0);
      held_out += e.state == model::EnrolmentState::kHeldOut ? 1 : 0;
    }
    EXPECT_NEAR(held_out, percent * 100, percent == 0 ? 0 : 150) << percent;
  }
}

TEST(Split, FollowsTheWeightsAndTheAnchor) {
  const Journey journey =
      Of("  - {id: test, split: {salt: offer, arms: [{name: x, weight: 30, go: a}, {name: y, "
         "weight: 70, go: b}]}}\n"
         "  - {id: a, send: {channel: email, template: a}, go: done}\n"
         "  - {id: b, send: {channel: email, template: b}}\n"
         "  - {id: done, end: {outcome: done}}\n");
  Member member;
  Driver driver(journey, member, kDay0);
  const model::MemberView view = member.view();
  int a = 0;
  for (int n = 0; n < 10000; ++n) {
    const auto e = StartEnrolment(journey, driver.settings().id, Key(n), 0, kDay0);
    const Advance advance = AdvanceEnrolment(journey, e,
                                             {.member = view,
                                              .now = kDay0,
                                              .journey_entered_at = {},
                                              .step_entered_at = {},
                                              .tenant = "studio"},
                                             driver.settings(), model::Cause::kLive);
    ASSERT_EQ(advance.proposals.size(), 1U);
    const bool is_a = advance.proposals.front().step == "a";
    ASSERT_EQ(is_a, Bucket(driver.settings().id, "offer", Key(n)) < 0.3);
    a += is_a ? 1 : 0;
  }
  EXPECT_NEAR(a, 3000, 140);
}

}  // namespace
}  // namespace spotter::journey
