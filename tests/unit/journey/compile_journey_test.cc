// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "journey/message_text.h"
#include "member_fixture.h"

namespace spotter::journey {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

model::JourneyDefinition Good() {
  return ParseJourney(
             "journey: winback\n"
             "entry: {when: \"segment('lapsed')\"}\n"
             "exit: [{when: \"events('visit').within(days(1)).exists()\", reason: back}]\n"
             "goal: {when: \"events('booking').since(journey.entered_at).count() >= 2\", within: "
             "14d}\n"
             "steps:\n"
             "  - {id: nudge, send: {channel: email, template: t, text: 'Hi {{first_name}}'}}\n"
             "  - {id: choose, branch: [{when: \"member.plan == 'gold'\", go: last}, {go: "
             "think}]}\n"
             "  - {id: think, wait: 3d}\n"
             "  - {id: respond, wait_until: {when: \"consent('sms', 'marketing') == 'granted'\", "
             "timeout: 1d}}\n"
             "  - {id: arms, split: {arms: [{name: x, weight: 50, go: call}, {name: y, weight: 50, "
             "go: last}]}}\n"
             "  - {id: call, task: {role: front_desk, kind: call}}\n"
             "  - {id: last, end: {outcome: done}}\n")
      .value();
}

TEST(Compile, KnowsWhatCanChangeIt) {
  const StatusOr<Journey> journey = Journey::Compile(Good());
  ASSERT_TRUE(journey.ok()) << journey.status();
  const segment::Dependencies& d = journey->dependencies();
  EXPECT_THAT(d.facts, ElementsAre(model::FactKind::visit, model::FactKind::booking));
  EXPECT_THAT(d.traits, ElementsAre(model::AttributeId::plan));
  EXPECT_TRUE(d.on_consent);
  EXPECT_TRUE(d.segments.empty());  // of everything but the entry
  EXPECT_THAT(journey->entry().dependencies().segments, ElementsAre("lapsed"));
}

struct Row {
  const char* name;
  std::function<void(model::JourneyDefinition&)> change;
  const char* message;
};

template <typename T>
T& StepOf(model::JourneyDefinition& j, size_t i) {
  return std::get<T>(j.steps[i].what);
}

TEST(Compile, RefusesByName) {
  using J = model::JourneyDefinition;
  const Row table[] = {
      {"id", [](J& j) { j.id = "Win Back"; },
       "journey 'Win Back' is no id, expected 1 to 64 of [a-z0-9_-]"},
      {"no entry", [](J& j) { j.entry_when = ""; }, "journey 'winback': entry: "},
      {"bad entry", [](J& j) { j.entry_when = "events('vist').exists()"; },
       "did you mean 'visit'?"},
      {"step scope in the entry", [](J& j) { j.entry_when = "now > journey.entered_at"; },
       "journey 'winback': entry: "},
      {"purpose", [](J& j) { j.purpose = ""; }, "journey 'winback': purpose is empty"},
      {"holdout", [](J& j) { j.holdout_percent = 51; }, "holdout of 51 percent, expected 0 to 50"},
      {"reentry", [](J& j) { j.reentry_max = 1; }, "reentry needs both 'after' and 'max'"},
      {"goal within", [](J& j) { j.goal_within = Days(-1); },
       "goal within is -1d, expected more than 0"},
      {"goal without when", [](J& j) { j.goal_when = ""; }, "goal has 'within' but no 'when'"},
      {"goal", [](J& j) { j.goal_when = "1 +"; }, "journey 'winback': goal: "},
      {"exit", [](J& j) { j.exits[0].when = "nonsense"; }, "journey 'winback': exit 'back': "},
      {"exit reason", [](J& j) { j.exits[0].reason = ""; }, "exit without a reason"},
      {"exits", [](J& j) { j.exits.resize(21, j.exits[0]); }, "21 exits, exits_max is 20"},
      {"no steps", [](J& j) { j.steps.clear(); }, "no steps, expected at least one"},
      {"too many steps", [](J& j) { j.steps.resize(201, j.steps[2]); },
       "201 steps, steps_max is 200"},
      {"two steps of one id", [](J& j) { j.steps[1].id = "nudge"; },
       "two steps have the id 'nudge'"},
      {"step id", [](J& j) { j.steps[0].id = "a b"; }, "step 'a b' is no id"},
      {"go to nowhere", [](J& j) { j.steps[0].go = "thinc"; },
       "journey 'winback': step 'nudge': goes to 'thinc', which is no step; did you mean 'think'?"},
      {"go up", [](J& j) { j.steps[2].go = "nudge"; },
       "step 'think': goes to 'nudge', which does not lie below"},
      {"go to itself", [](J& j) { j.steps[2].go = "think"; }, "which does not lie below"},
      {"send by task", [](J& j) { StepOf<model::SendStep>(j, 0).channel = model::Channel::kTask; },
       "sends by 'task'"},
      {"empty send", [](J& j) { j.steps[0].what = model::SendStep{}; },
       "neither a template nor a text"},
      {"expires", [](J& j) { StepOf<model::SendStep>(j, 0).expires_after = Duration(0); },
       "step 'nudge': expires_after is 0s, expected more than 0 and at most 400d"},
      {"token in the text", [](J& j) { StepOf<model::SendStep>(j, 0).text = "{{frist_name}}"; },
       "unknown token 'frist_name'; did you mean 'first_name'?"},
      {"token listed", [](J& j) { StepOf<model::SendStep>(j, 0).tokens = {"ssn"}; },
       "unknown token 'ssn'"},
      {"open place", [](J& j) { StepOf<model::SendStep>(j, 0).text = "Hi {{first_name"; },
       "text has '{{' without '}}'"},
      {"long text", [](J& j) { StepOf<model::SendStep>(j, 0).text = std::string(2001, 'x'); },
       "text of 2001 characters, text_chars_max is 2000"},
      {"arm target", [](J& j) { StepOf<model::BranchStep>(j, 1).arms[0].go = "x"; },
       "goes to 'x', which is no"},
      {"arm without go", [](J& j) { StepOf<model::BranchStep>(j, 1).arms[0].go = ""; },
       "an arm without 'go'"},
      {"arm without when", [](J& j) { StepOf<model::BranchStep>(j, 1).arms[0].when = ""; },
       "an arm without 'when' must be the last"},
      {"no arms", [](J& j) { StepOf<model::BranchStep>(j, 1).arms.clear(); },
       "0 arms, expected 1 to 20"},
      {"arm expression",
       [](J& j) { StepOf<model::BranchStep>(j, 1).arms[0].when = "member.plam == 'x'"; },
       "journey 'winback': step 'choose': when: "},
      {"wait", [](J& j) { StepOf<model::WaitStep>(j, 2).duration = Days(401); },
       "step 'think': wait is 401d, expected more than 0 and at most 400d"},
      {"timeout", [](J& j) { StepOf<model::WaitUntilStep>(j, 3).timeout = Duration(0); },
       "timeout is 0s"},
      {"on_timeout", [](J& j) { StepOf<model::WaitUntilStep>(j, 3).on_timeout = "nudge"; },
       "goes to 'nudge', which does not lie below"},
      {"wait_until when", [](J& j) { StepOf<model::WaitUntilStep>(j, 3).when = ""; },
       "step 'respond': when: "},
      {"weights", [](J& j) { StepOf<model::SplitStep>(j, 4).arms[0].weight = 49; },
       "step 'arms': weights sum to 99, expected 100"},
      {"negative weight", [](J& j) { StepOf<model::SplitStep>(j, 4).arms[0].weight = -50; },
       "weight -50 of arm 'x'"},
      {"salts", [](J& j) { StepOf<model::SplitStep>(j, 4).salt = "winback"; },
       "split and holdout share the salt 'winback'"},
      {"role", [](J& j) { StepOf<model::TaskStep>(j, 5).role = ""; },
       "step 'call': role '' is no id"},
      {"due", [](J& j) { StepOf<model::TaskStep>(j, 5).due_in = Duration(0); }, "due_in is 0s"},
      {"outcome", [](J& j) { StepOf<model::EndStep>(j, 6).outcome = ""; },
       "step 'last': end without an outcome"},
  };
  for (const Row& row : table) {
    model::JourneyDefinition definition = Good();
    row.change(definition);
    const StatusOr<Journey> journey = Journey::Compile(std::move(definition));
    ASSERT_FALSE(journey.ok()) << row.name;
    EXPECT_EQ(journey.status().code(), StatusCode::kInvalidArgument) << row.name;
    EXPECT_THAT(std::string(MessageOf(journey.status())), HasSubstr(row.message)) << row.name;
    EXPECT_THAT(std::string(MessageOf(journey.status())), StartsWith("journey '")) << row.name;
  }
}

// mission: C23 C41 (checked when it is compiled, with the opt-out instruction)
TEST(Compile, MarketingSmsMustFit) {
  model::JourneyDefinition definition = Good();
  auto compile = [&](const std::string& text) {
    definition.steps[0].what =
        model::SendStep{.channel = model::Channel::kSms, .template_id = "t", .text = text};
    return Journey::Compile(definition).status();
  };
  EXPECT_TRUE(compile(std::string(138, 'x')).ok());
  EXPECT_THAT(std::string(MessageOf(compile(std::string(139, 'x')))),
              HasSubstr("step 'nudge': sms of 161 characters with the opt-out instruction, "
                        "sms_chars_max is 160"));
  EXPECT_TRUE(compile(std::string(133, 'x') + "{{first_name}}").ok());
  EXPECT_FALSE(compile(std::string(134, 'x') + "{{first_name}}").ok());
  EXPECT_THAT(std::string(MessageOf(compile(""))), HasSubstr("a marketing sms needs a text"));
  definition.purpose = "transactional";
  EXPECT_TRUE(compile(std::string(139, 'x')).ok());
  EXPECT_TRUE(compile("").ok());
}

}  // namespace
}  // namespace spotter::journey
