// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "journey/parse_journey.h"

namespace spotter::journey {

namespace {

// Ids stand bare, everything else in double quotes with YAML's escapes.
std::string Quoted(std::string_view text) {
  const bool is_bare =
      !text.empty() && text.size() <= 64 && text.front() >= 'a' && text.front() <= 'z' &&
      text != "null" && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
      });
  if (is_bare) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (c == '\n') {
      quoted += "\\n";
    } else if (static_cast<uint8_t>(c) < 0x20 || c == 0x7f) {
      quoted += fmt::format("\\x{:02x}", static_cast<uint8_t>(c));
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

std::string QuotedList(const std::vector<std::string>& texts) {
  std::string list;
  for (const std::string& text : texts) list += (list.empty() ? "" : ", ") + Quoted(text);
  return fmt::format("[{}]", list);
}

// `key: value` for what is not empty, one a line at `indent`.
class Lines {
 public:
  explicit Lines(size_t indent) : indent_(indent, ' ') {}
  Lines& Add(std::string_view key, std::string_view value) {
    text_ += fmt::format("{}{}: {}\n", indent_, key, value);
    return *this;
  }
  Lines& AddText(std::string_view key, std::string_view value) {
    return value.empty() ? *this : Add(key, Quoted(value));
  }
  Lines& AddTexts(std::string_view key, const std::vector<std::string>& values) {
    return values.empty() ? *this : Add(key, QuotedList(values));
  }
  Lines& AddBlock(std::string_view key, std::string_view block) {
    text_ += fmt::format("{}{}:\n{}", indent_, key, block);
    return *this;
  }
  const std::string& text() const { return text_; }

 private:
  std::string indent_;
  std::string text_;
};

constexpr size_t kStepIndent = 4;
constexpr size_t kInsideIndent = 6;

void Print(const model::SendStep& send, Lines& out) {
  Lines inside(kInsideIndent);
  inside.Add("channel", NameOf(send.channel))
      .AddText("template", send.template_id)
      .AddText("text", send.text)
      .AddTexts("tokens", send.tokens)
      .Add("expires_after", FormatDuration(send.expires_after));
  out.AddBlock("send", inside.text());
}

void Print(const model::TaskStep& task, Lines& out) {
  Lines inside(kInsideIndent);
  inside.Add("role", Quoted(task.role))
      .Add("kind", Quoted(task.kind))
      .AddText("text", task.text)
      .AddTexts("tokens", task.tokens)
      .Add("due_in", FormatDuration(task.due_in));
  out.AddBlock("task", inside.text());
}

void Print(const model::WaitStep& wait, Lines& out) {
  const std::string duration = FormatDuration(wait.duration);
  out.Add("wait", wait.from_entry ? fmt::format("{{from_entry: {}}}", duration) : duration);
}

void Print(const model::WaitUntilStep& wait, Lines& out) {
  Lines inside(kInsideIndent);
  inside.Add("when", Quoted(wait.when))
      .Add("timeout", FormatDuration(wait.timeout))
      .AddText("on_timeout", wait.on_timeout);
  out.AddBlock("wait_until", inside.text());
}

void Print(const model::BranchStep& branch, Lines& out) {
  std::string arms;
  for (const model::BranchArm& arm : branch.arms) {
    const std::string when = arm.when.empty() ? "" : fmt::format("when: {}, ", Quoted(arm.when));
    arms += fmt::format("      - {{{}go: {}}}\n", when, Quoted(arm.go));
  }
  out.AddBlock("branch", arms);
}

void Print(const model::SplitStep& split, Lines& out) {
  Lines inside(kInsideIndent);
  std::string arms;
  for (const model::SplitArm& arm : split.arms) {
    arms += fmt::format("        - {{name: {}, weight: {}, go: {}}}\n", Quoted(arm.name),
                        arm.weight, Quoted(arm.go));
  }
  inside.AddText("salt", split.salt).AddBlock("arms", arms);
  out.AddBlock("split", inside.text());
}

void Print(const model::EndStep& end, Lines& out) {
  out.Add("end", fmt::format("{{outcome: {}}}", Quoted(end.outcome)));
}

std::string EntryText(const model::JourneyDefinition& journey) {
  Lines entry(2);
  entry.Add("when", Quoted(journey.entry_when));
  if (journey.reentry_max != 0 || journey.reentry_after != Duration(0)) {
    entry.Add("reentry", fmt::format("{{after: {}, max: {}}}",
                                     FormatDuration(journey.reentry_after), journey.reentry_max));
  }
  std::string holdout = fmt::format("percent: {}", journey.holdout_percent);
  if (!journey.holdout_salt.empty()) {
    holdout += fmt::format(", salt: {}", Quoted(journey.holdout_salt));
  }
  if (!journey.holdout_reason.empty()) {
    holdout += fmt::format(", reason: {}", Quoted(journey.holdout_reason));
  }
  entry.Add("holdout", fmt::format("{{{}}}", holdout));
  return entry.text();
}

std::string StepsText(const model::JourneyDefinition& journey) {
  std::string steps;
  for (const model::Step& step : journey.steps) {
    Lines out(kStepIndent);
    std::visit([&](const auto& what) { Print(what, out); }, step.what);
    out.AddText("go", step.go);
    steps += fmt::format("  - id: {}\n{}", Quoted(step.id), out.text());
  }
  return steps;
}

}  // namespace

std::string PrintJourney(const model::JourneyDefinition& journey) {
  Lines out(0);
  out.Add("journey", Quoted(journey.id))
      .AddText("title", journey.title)
      .Add("state", NameOf(journey.state))
      .Add("purpose", Quoted(journey.purpose))
      .AddText("class", journey.message_class)
      .AddBlock("entry", EntryText(journey));
  std::string exits;
  for (const model::JourneyExit& exit : journey.exits) {
    exits += fmt::format("  - {{when: {}, reason: {}}}\n", Quoted(exit.when), Quoted(exit.reason));
  }
  if (!exits.empty()) out.AddBlock("exit", exits);
  if (!journey.goal_when.empty()) {
    Lines goal(2);
    goal.Add("when", Quoted(journey.goal_when));
    if (journey.goal_within != Duration(0)) goal.Add("within", FormatDuration(journey.goal_within));
    out.AddBlock("goal", goal.text());
  }
  return out.AddBlock("steps", StepsText(journey)).text();
}

std::string PrintSegment(const model::SegmentDefinition& segment) {
  Lines out(0);
  out.Add("segment", Quoted(segment.id)).AddText("title", segment.title);
  if (segment.purpose != "marketing") out.Add("purpose", Quoted(segment.purpose));
  return out.Add("when", Quoted(segment.expression)).text();
}

}  // namespace spotter::journey
