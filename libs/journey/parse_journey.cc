// SPDX-License-Identifier: Apache-2.0
#include "journey/parse_journey.h"

#include <array>

#include "journey/advance_enrolment.h"
#include "journey/nearest_name.h"
#include "journey/yaml_fields.h"

namespace spotter::journey {

namespace {

constexpr std::array<std::string_view, 7> kStepKinds = {"send",   "task",  "wait", "wait_until",
                                                        "branch", "split", "end"};

// A token under its canonical name; unknown ones are left for Journey::Compile to refuse.
std::vector<std::string> Tokens(const YamlFields& fields) {
  std::vector<std::string> names = fields.Texts("tokens");
  for (std::string& name : names) {
    if (const std::string_view canonical = CanonicalToken(name); !canonical.empty())
      name = canonical;
  }
  return names;
}

model::JourneyState State(YamlDocument& document, const YamlFields& fields) {
  constexpr std::array kStates = {model::JourneyState::kDraft, model::JourneyState::kShadow,
                                  model::JourneyState::kLive, model::JourneyState::kPaused};
  const std::string name = fields.Text("state", NameOf(model::JourneyState::kDraft));
  for (const model::JourneyState state : kStates) {
    if (name == NameOf(state)) return state;
  }
  document.Fail(*fields.Find("state"),
                fmt::format("state '{}', expected draft, shadow, live or paused", name));
  return model::JourneyState::kDraft;
}

class StepParser {
 public:
  explicit StepParser(YamlDocument& document) : document_(document) {}

  model::Step Parse(const YAML::Node& node) {
    const YamlFields fields(
        document_, node, "step",
        {"id", "go", "send", "task", "wait", "wait_until", "branch", "split", "end"});
    model::Step step;
    step.id = fields.Required("id");
    step.go = fields.Text("go");
    const YAML::Node* what = nullptr;
    for (const std::string_view kind : kStepKinds) {
      const YAML::Node* found = fields.Find(kind);
      if (found == nullptr) continue;
      if (what != nullptr) document_.Fail(node, fmt::format("step '{}' has two kinds", step.id));
      what = found;
      ParseKind(kind, *found, step);
    }
    if (what == nullptr) {
      document_.Fail(node, fmt::format("step '{}' has no kind", step.id),
                     fmt::format("; expected one of {}", fmt::join(kStepKinds, ", ")));
    }
    return step;
  }

 private:
  void ParseKind(std::string_view kind, const YAML::Node& node, model::Step& step) {
    if (kind == "send") step.what = Send(node);
    if (kind == "task") step.what = Task(node);
    if (kind == "wait") step.what = Wait(node);
    if (kind == "wait_until") step.what = WaitUntil(node);
    if (kind == "branch") step.what = Branch(node);
    if (kind == "split") step.what = Split(node);
    if (kind == "end") {
      step.what =
          model::EndStep{YamlFields(document_, node, "end", {"outcome"}).Required("outcome")};
    }
  }

  model::SendStep Send(const YAML::Node& node) {
    const YamlFields fields(document_, node, "send",
                            {"channel", "template", "text", "tokens", "expires_after"});
    model::SendStep send;
    const std::string name = fields.Required("channel");
    const std::optional<model::Channel> channel = model::FindChannel(name);
    if (channel && *channel != model::Channel::kTask) {
      send.channel = *channel;
    } else {
      const YAML::Node* given = fields.Find("channel");
      document_.Fail(given == nullptr ? node : *given,
                     fmt::format("channel '{}', expected email, sms, push or in_app", name));
    }
    send.template_id = fields.Text("template");
    send.text = fields.Text("text");
    send.tokens = Tokens(fields);
    send.expires_after = fields.Length("expires_after", send.expires_after);
    return send;
  }

  model::TaskStep Task(const YAML::Node& node) {
    const YamlFields fields(document_, node, "task", {"role", "kind", "text", "tokens", "due_in"});
    model::TaskStep task;
    task.role = fields.Required("role");
    task.kind = fields.Required("kind");
    task.text = fields.Text("text");
    task.tokens = Tokens(fields);
    task.due_in = fields.Length("due_in", task.due_in);
    return task;
  }

  // `3d`, or `{from_entry: 6d}`.
  model::WaitStep Wait(const YAML::Node& node) {
    if (node.IsMap()) {
      const YamlFields fields(document_, node, "wait", {"from_entry"});
      fields.Required("from_entry");
      return {.duration = fields.Length("from_entry", Duration(0)), .from_entry = true};
    }
    const StatusOr<Duration> duration = ParseDuration(document_.Text(node, "wait"));
    if (duration.ok()) return {.duration = *duration, .from_entry = false};
    document_.Fail(node, fmt::format("wait: {}", MessageOf(duration.status())));
    return {};
  }

  model::WaitUntilStep WaitUntil(const YAML::Node& node) {
    const YamlFields fields(document_, node, "wait_until", {"when", "timeout", "on_timeout"});
    model::WaitUntilStep wait;
    wait.when = fields.Required("when");
    fields.Required("timeout");
    wait.timeout = fields.Length("timeout", Duration(0));
    wait.on_timeout = fields.Text("on_timeout");
    return wait;
  }

  model::BranchStep Branch(const YAML::Node& node) {
    model::BranchStep branch;
    for (const YAML::Node& arm : document_.List(node, "branch")) {
      const YamlFields fields(document_, arm, "branch arm", {"when", "go"});
      branch.arms.push_back({fields.Text("when"), fields.Required("go")});
    }
    return branch;
  }

  model::SplitStep Split(const YAML::Node& node) {
    const YamlFields fields(document_, node, "split", {"salt", "arms"});
    model::SplitStep split;
    split.salt = fields.Text("salt");
    if (!fields.Has("arms")) document_.Fail(node, "split without 'arms'");
    for (const YAML::Node& arm : fields.List("arms")) {
      const YamlFields arm_fields(document_, arm, "split arm", {"name", "weight", "go"});
      arm_fields.Required("weight");
      split.arms.push_back(
          {arm_fields.Required("name"), arm_fields.Number("weight", 0), arm_fields.Required("go")});
    }
    return split;
  }

  YamlDocument& document_;
};

// Every flow is measured against members who are only watched (C63), unless it says why not.
void ParseHoldout(YamlDocument& document, const YAML::Node* node,
                  model::JourneyDefinition& journey) {
  journey.holdout_percent = kHoldoutPercentDefault;
  if (node == nullptr) return;
  const YamlFields fields(document, *node, "holdout", {"percent", "salt", "reason"});
  fields.Required("percent");
  journey.holdout_percent = fields.Number("percent", kHoldoutPercentDefault);
  journey.holdout_salt = fields.Text("salt");
  journey.holdout_reason = fields.Text("reason");
  if (journey.holdout_percent != 0 || !journey.holdout_reason.empty()) return;
  document.Fail(*node, "holdout of 0 percent without 'reason'",
                "; its effect will not be measured: say why");
}

void ParseEntry(YamlDocument& document, const YAML::Node& node, model::JourneyDefinition& journey) {
  const YamlFields fields(document, node, "entry", {"when", "reentry", "holdout"});
  journey.entry_when = fields.Required("when");
  if (const YAML::Node* reentry = fields.Find("reentry")) {
    const YamlFields inside(document, *reentry, "reentry", {"after", "max"});
    inside.Required("after");
    inside.Required("max");
    journey.reentry_after = inside.Length("after", Duration(0));
    journey.reentry_max = inside.Number("max", 0);
  }
  ParseHoldout(document, fields.Find("holdout"), journey);
}

model::JourneyDefinition ParseRoot(YamlDocument& document, const YAML::Node& root) {
  const YamlFields fields(
      document, root, "the document",
      {"journey", "title", "state", "purpose", "class", "entry", "exit", "goal", "steps"});
  model::JourneyDefinition journey;
  journey.id = fields.Required("journey");
  journey.title = fields.Text("title");
  journey.state = State(document, fields);
  journey.purpose = fields.Text("purpose", journey.purpose);
  journey.message_class = fields.Text("class");
  if (const YAML::Node* entry = fields.Find("entry")) {
    ParseEntry(document, *entry, journey);
  } else {
    document.Fail(root, "the document without 'entry'");
  }
  for (const YAML::Node& exit : fields.List("exit")) {
    const YamlFields inside(document, exit, "exit", {"when", "reason"});
    journey.exits.push_back({inside.Required("when"), inside.Required("reason")});
  }
  if (const YAML::Node* goal = fields.Find("goal")) {
    const YamlFields inside(document, *goal, "goal", {"when", "within"});
    journey.goal_when = inside.Required("when");
    journey.goal_within = inside.Length("within", Duration(0));
  }
  if (!fields.Has("steps")) document.Fail(root, "the document without 'steps'");
  StepParser parser(document);
  for (const YAML::Node& step : fields.List("steps")) {
    if (!document.status().ok()) break;
    journey.steps.push_back(parser.Parse(step));
  }
  return journey;
}

}  // namespace

StatusOr<model::JourneyDefinition> ParseJourney(std::string_view yaml) {
  YamlDocument document("journey");
  const YAML::Node root = document.Load(yaml);
  SPOTTER_RETURN_IF_ERROR(document.status());
  model::JourneyDefinition journey = ParseRoot(document, root);
  SPOTTER_RETURN_IF_ERROR(document.status());
  return journey;
}

StatusOr<model::SegmentDefinition> ParseSegment(std::string_view yaml) {
  YamlDocument document("segment");
  const YAML::Node root = document.Load(yaml);
  SPOTTER_RETURN_IF_ERROR(document.status());
  const YamlFields fields(document, root, "the document", {"segment", "title", "purpose", "when"});
  model::SegmentDefinition segment;
  segment.id = fields.Required("segment");
  segment.title = fields.Text("title");
  if (fields.Has("purpose")) segment.purpose = fields.Text("purpose");
  if (segment.purpose.empty()) segment.purpose = "marketing";
  segment.expression = fields.Required("when");
  SPOTTER_RETURN_IF_ERROR(document.status());
  return segment;
}

}  // namespace spotter::journey
