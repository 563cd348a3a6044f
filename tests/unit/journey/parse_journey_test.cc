// SPDX-License-Identifier: Apache-2.0
#include "journey/parse_journey.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "member_fixture.h"

namespace spotter::journey {
namespace {

using testing::HasSubstr;

// The fenced block after `marker` in a page of docs/.
std::string Fenced(const std::string& page, const std::string& marker) {
  const std::string text = ReadFile(SPOTTER_SOURCE_DIR "/docs/" + page);
  const size_t begin = text.find(marker + "\n");
  Assert(begin != text.npos, "the page has such a block");
  const size_t from = begin + marker.size() + 1;
  return text.substr(from, text.find("\n```", from) + 1 - from);
}

TEST(JourneysDoc, ItsExampleParsesAndCompiles) {
  const StatusOr<model::JourneyDefinition> journey = ParseJourney(Fenced("journeys.md", "```yaml"));
  ASSERT_TRUE(journey.ok()) << journey.status();
  const StatusOr<Journey> compiled = Journey::Compile(*journey);
  ASSERT_TRUE(compiled.ok()) << compiled.status();
  EXPECT_EQ(journey->id, "win-back");
  EXPECT_EQ(journey->state, model::JourneyState::kShadow);
  EXPECT_EQ(journey->message_class, "winback");
  EXPECT_EQ(journey->reentry_after, Days(90));
  EXPECT_EQ(journey->reentry_max, 3);
  EXPECT_EQ(journey->holdout_percent, 20);
  EXPECT_EQ(journey->goal_within, Days(30));
  ASSERT_EQ(journey->exits.size(), 1U);
  EXPECT_EQ(journey->exits[0].reason, "came_back");
  // All seven kinds are in it.
  std::set<size_t> kinds;
  for (const model::Step& step : journey->steps) kinds.insert(step.what.index());
  EXPECT_EQ(kinds.size(), 7U);
  const std::string printed = PrintJourney(*journey);
  EXPECT_EQ(PrintJourney(ParseJourney(printed).value()), printed);
}

// mission: X10 C63 (0 to 50 %, default 20 %; 0 needs a reason)
TEST(ParseJourney, HoldsOutAFifthUnlessItSaysOtherwise) {
  const auto parse = [](std::string_view holdout) {
    return ParseJourney(fmt::format(
        "journey: j\nentry: {{when: 'true'{}}}\nsteps: [{{id: w, wait: 1d}}]\n", holdout));
  };
  EXPECT_EQ(parse("").value().holdout_percent, 20);
  EXPECT_EQ(parse(", holdout: {percent: 30}").value().holdout_percent, 30);
  const auto none = parse(", holdout: {percent: 0, reason: a receipt is owed to all}").value();
  EXPECT_EQ(none.holdout_percent, 0);
  EXPECT_EQ(none.holdout_reason, "a receipt is owed to all");
  EXPECT_EQ(PrintJourney(ParseJourney(PrintJourney(none)).value()), PrintJourney(none));
  EXPECT_EQ(MessageOf(parse(", holdout: {percent: 0}").status()),
            "journey: holdout of 0 percent without 'reason' at 2:32; its effect will not be "
            "measured: say why");
}

TEST(ParseJourney, ReadsEveryKey) {
  const auto j =
      ParseJourney(
          "journey: j\ntitle: A title\nstate: paused\npurpose: service\nclass: c\n"
          "entry: {when: 'true', reentry: {after: 1w, max: 2}, holdout: {percent: 5, salt: s, "
          "reason: q}}\n"
          "exit: [{when: x, reason: r}]\ngoal: {when: g, within: 12h}\nsteps:\n"
          "  - {id: s, send: {channel: in_app, template: t, text: 'a', tokens: [firstname, odd], "
          "expires_after: 90m}, go: z}\n"
          "  - {id: t, task: {role: trainer, kind: call, text: b, tokens: [goaltag], due_in: "
          "48h}}\n"
          "  - {id: w, wait: 1d12h}\n"
          "  - {id: v, wait: {from_entry: 6d}}\n"
          "  - {id: u, wait_until: {when: q, timeout: 1d, on_timeout: z}}\n"
          "  - {id: b, branch: [{when: p, go: z}, {go: z}]}\n"
          "  - {id: p, split: {salt: t, arms: [{name: n, weight: 100, go: z}]}}\n"
          "  - {id: z, end: {outcome: o}}\n")
          .value();
  EXPECT_EQ(j.title, "A title");
  EXPECT_EQ(j.state, model::JourneyState::kPaused);
  EXPECT_EQ(j.purpose, "service");
  EXPECT_EQ(j.message_class, "c");
  EXPECT_EQ(j.entry_when, "true");
  EXPECT_EQ(j.reentry_after, Days(7));
  EXPECT_EQ(j.reentry_max, 2);
  EXPECT_EQ(j.holdout_percent, 5);
  EXPECT_EQ(j.holdout_salt, "s");
  EXPECT_EQ(j.holdout_reason, "q");
  EXPECT_EQ(j.exits.at(0).when, "x");
  EXPECT_EQ(j.goal_when, "g");
  EXPECT_EQ(j.goal_within, Hours(12));
  const auto& send = std::get<model::SendStep>(j.steps.at(0).what);
  EXPECT_EQ(send.channel, model::Channel::kInApp);
  EXPECT_EQ(send.tokens, (std::vector<std::string>{"first_name", "odd"}));  // refused when compiled
  EXPECT_EQ(send.expires_after, Minutes(90));
  EXPECT_EQ(j.steps.at(0).go, "z");
  const auto& task = std::get<model::TaskStep>(j.steps.at(1).what);
  EXPECT_EQ(task.role + task.kind + task.text + task.tokens.at(0), "trainercallbgoal_tag");
  EXPECT_EQ(task.due_in, Hours(48));
  EXPECT_EQ(std::get<model::WaitStep>(j.steps.at(2).what).duration, Hours(36));
  EXPECT_TRUE(std::get<model::WaitStep>(j.steps.at(3).what).from_entry);
  EXPECT_EQ(std::get<model::WaitUntilStep>(j.steps.at(4).what).on_timeout, "z");
  EXPECT_EQ(std::get<model::BranchStep>(j.steps.at(5).what).arms,
            (std::vector<model::BranchArm>{{"p", "z"}, {"", "z"}}));
  EXPECT_EQ(std::get<model::SplitStep>(j.steps.at(6).what).arms,
            (std::vector<model::SplitArm>{{"n", 100, "z"}}));
  EXPECT_EQ(std::get<model::EndStep>(j.steps.at(7).what).outcome, "o");
}

TEST(ParseJourney, RefusesByPosition) {
  const std::string head = "journey: j\nentry: {when: 'true'}\n";
  const std::string body = head + "steps:\n";
  const std::pair<std::string, const char*> table[] = {
      {"", "journey: 0 YAML documents, expected 1"},
      {"a: 1\n---\nb: 2\n", "journey: 2 YAML documents, expected 1"},
      {"journey: [", "journey: not YAML: "},
      {"\tx: 1", "journey: not YAML: "},
      {"just text", "journey: the document is no map of keys at 1:1"},
      {"- a list", "journey: the document is no map of keys at 1:1"},
      {head + "stepz: []\n", "journey: unknown key 'stepz' at 3:1; did you mean 'steps'?"},
      {"journey: j\njourney: k\n", "journey: key 'journey' for the second time at 2:1"},
      {"journey:\nentry: {when: x}\nsteps: []\n", "journey: journey is no text at "},
      {"entry: {when: x}\nsteps: []\n", "the document without 'journey' at 1:1"},
      {"journey: j\nsteps: []\n", "the document without 'entry' at 1:1"},
      {head, "the document without 'steps' at 1:1"},
      {head + "steps: x\n", "steps is no list at 3:8"},
      {head + "state: on\nsteps: []\n",
       "state 'on', expected draft, shadow, live or paused at 3:8"},
      {"journey: j\nentry: {wen: x}\n", "unknown key 'wen' at 2:9; did you mean 'when'?"},
      {"journey: j\nentry: {when: x, holdout: {percent: 1.5}}\nsteps: []\n",
       "percent is '1.5', expected a whole number at 2:37"},
      {"journey: j\nentry: {when: x, holdout: 20}\nsteps: []\n",
       "holdout is no map of keys at 2:27"},
      {"journey: j\nentry: {when: x, reentry: {after: 3d}}\nsteps: []\n",
       "reentry without 'max' at 2:27"},
      {head + "goal: {when: x, within: soon}\nsteps: []\n", "within: "},
      {head + "exit: {when: x, reason: y}\nsteps: []\n", "exit is no list at 3:7"},
      {body + "  - {wait: 3d}\n", "step without 'id' at 4:5"},
      {body + "  - {id: a}\n", "step 'a' has no kind at 4:5; expected one of send, task, wait"},
      {body + "  - {id: a, wait: 3d, end: {outcome: x}}\n", "step 'a' has two kinds at 4:5"},
      {body + "  - {id: a, wait: never}\n", "wait: "},
      {body + "  - {id: a, wait: {until: 3d}}\n", "unknown key 'until' at 4:20"},
      {body + "  - {id: a, wait: [3d]}\n", "wait is no text at 4:19"},
      {body + "  - {id: a, wait_until: {when: x}}\n", "wait_until without 'timeout' at 4:"},
      {body + "  - {id: a, send: {channel: fax, template: t}}\n",
       "channel 'fax', expected email, sms, push or in_app at 4:29"},
      {body + "  - {id: a, send: {channel: task, template: t}}\n", "channel 'task', expected"},
      {body + "  - {id: a, send: {channel: sms, template: t, tokens: first_name}}\n",
       "tokens is no list at 4:"},
      {body + "  - {id: a, task: {role: x}}\n", "task without 'kind' at 4:"},
      {body + "  - {id: a, branch: [{when: x}]}\n", "branch arm without 'go' at 4:"},
      {body + "  - {id: a, split: {arms: [{name: x, go: b}]}}\n",
       "split arm without 'weight' at 4:"},
      {body + "  - {id: a, split: {salt: x}}\n", "split without 'arms' at 4:"},
      {body + "  - {id: a, end: done}\n", "end is no map of keys at 4:18"},
      {body + "  - {id: a, set: {x: 1}}\n", "unknown key 'set' at 4:13"},
      {std::string(65537, '#'), "journey: 65537 bytes, yaml_bytes_max is 65536"},
  };
  for (const auto& [yaml, message] : table) {
    const StatusOr<model::JourneyDefinition> journey = ParseJourney(yaml);
    ASSERT_FALSE(journey.ok()) << yaml;
    EXPECT_EQ(journey.status().code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(MessageOf(journey.status())), HasSubstr(message))
        << yaml.substr(0, 200);
  }
}

TEST(ParseJourney, SurvivesHostileYaml) {
  const std::string deep(30000, '[');
  EXPECT_FALSE(ParseJourney(deep).ok());
  EXPECT_FALSE(ParseJourney("a: &a [*a, *a]\n").ok());
  EXPECT_FALSE(ParseJourney("&a journey: *a\n").ok());
  std::string laughs = "a0: &a0 x\n";
  for (int i = 1; i < 40; ++i)
    laughs += fmt::format("a{}: &a{} [*a{}, *a{}, *a{}]\n", i, i, i - 1, i - 1, i - 1);
  EXPECT_FALSE(ParseJourney(laughs).ok());
  EXPECT_FALSE(ParseJourney("journey: {a: b}\nentry: ~\nsteps: ~\n").ok());
  EXPECT_FALSE(ParseJourney(std::string("journey: \0\n", 11)).ok());
}

TEST(ParseSegment, ReadsAndRefuses) {
  const auto segment = ParseSegment("segment: s\ntitle: T\nwhen: \"true\"\n").value();
  EXPECT_EQ(segment, (model::SegmentDefinition{.id = "s", .title = "T", .expression = "true"}));
  EXPECT_EQ(MessageOf(ParseSegment("segment: s\nwen: x\n").status()),
            "segment: unknown key 'wen' at 2:1; did you mean 'when'?");
  EXPECT_EQ(MessageOf(ParseSegment("segment: s\n").status()),
            "segment: the document without 'when' at 1:1");
}

std::string AnyText() {
  return *rc::gen::container<std::string>(
      rc::gen::oneOf(rc::gen::inRange<char>(1, 127),
                     rc::gen::elementOf(std::string("\n\t \"'\\{}[]:#,&*!|>%@`-?~"))));
}

RC_GTEST_PROP(PrintJourney, ParsesBackWhateverTheTexts, ()) {
  model::JourneyDefinition j;
  j.id = AnyText();
  j.title = AnyText();
  j.purpose = AnyText();
  j.message_class = AnyText();
  j.entry_when = AnyText();
  j.holdout_percent = *rc::gen::inRange(0, 60);
  j.holdout_salt = AnyText();
  j.holdout_reason = "r" + AnyText();
  j.reentry_max = *rc::gen::inRange(0, 9);
  j.reentry_after = Duration(*rc::gen::inRange(0, 99999999));
  j.exits = {{AnyText(), AnyText()}};
  j.goal_when = "g" + AnyText();
  j.goal_within = Duration(*rc::gen::inRange(0, 99999999));
  j.steps.push_back(
      {AnyText(), model::SendStep{.text = AnyText(), .tokens = {AnyText()}}, AnyText()});
  j.steps.push_back({"b", model::BranchStep{{{AnyText(), AnyText()}}}, ""});
  j.steps.push_back({"s", model::SplitStep{AnyText(), {{AnyText(), 7, AnyText()}}}, ""});
  const std::string printed = PrintJourney(j);
  const StatusOr<model::JourneyDefinition> back = ParseJourney(printed);
  RC_ASSERT(back.ok());
  RC_ASSERT(PrintJourney(*back) == printed);
  RC_ASSERT(back->id == j.id && back->title == j.title && back->entry_when == j.entry_when);
  RC_ASSERT(back->exits[0].reason == j.exits[0].reason && back->reentry_after == j.reentry_after);
  RC_ASSERT(std::get<model::SendStep>(back->steps[0].what).text ==
            std::get<model::SendStep>(j.steps[0].what).text);
  RC_ASSERT(std::get<model::BranchStep>(back->steps[1].what).arms ==
            std::get<model::BranchStep>(j.steps[1].what).arms);
  RC_ASSERT(std::get<model::SplitStep>(back->steps[2].what).arms ==
            std::get<model::SplitStep>(j.steps[2].what).arms);
}

}  // namespace
}  // namespace spotter::journey
