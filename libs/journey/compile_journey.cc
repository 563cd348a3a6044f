// SPDX-License-Identifier: Apache-2.0
//
// From a definition to a program: every name is resolved and every rule checked here, once, so that
// a walk cannot fail.
#include <algorithm>
#include <set>

#include "journey/message_text.h"
#include "journey/nearest_name.h"
#include "journey/program.h"

namespace spotter::journey {

namespace {

using segment::Expression;
using segment::Scope;

constexpr size_t kIdCharsMax = 64;
constexpr int kHoldoutPercentMax = 50;
constexpr Duration kDurationMax = model::kTimelineKeep;

bool IsId(std::string_view text) {
  return !text.empty() && text.size() <= kIdCharsMax &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
         });
}

Status CheckId(std::string_view what, std::string_view id) {
  if (IsId(id)) return OkStatus();
  return InvalidArgument("{} '{}' is no id, expected 1 to {} of [a-z0-9_-]", what,
                         id.substr(0, kIdCharsMax), kIdCharsMax);
}

Status CheckDuration(std::string_view what, Duration duration) {
  if (duration > Duration(0) && duration <= kDurationMax) return OkStatus();
  return InvalidArgument("{} is {}, expected more than 0 and at most {}", what,
                         FormatDuration(duration), FormatDuration(kDurationMax));
}

Status Within(std::string_view where, const Status& status) {
  if (status.ok()) return status;
  return InvalidArgument("{}: {}", where, MessageOf(status));
}

StatusOr<Expression> CompileExpression(std::string_view what, std::string_view text, Scope scope) {
  StatusOr<Expression> expression = Expression::Compile(text, scope);
  if (!expression.ok()) return Within(what, expression.status());
  return expression;
}

template <typename T>
void AddSorted(std::vector<T>& into, const std::vector<T>& from) {
  std::vector<T> both;
  std::set_union(into.begin(), into.end(), from.begin(), from.end(), std::back_inserter(both));
  into = std::move(both);
}

void AddDependencies(segment::Dependencies& into, const Expression& expression) {
  const segment::Dependencies& from = expression.dependencies();
  AddSorted(into.facts, from.facts);
  AddSorted(into.traits, from.traits);
  AddSorted(into.segments, from.segments);
  AddSorted(into.zones, from.zones);
  into.on_zones = into.on_zones || from.on_zones;
  into.on_consent = into.on_consent || from.on_consent;
}

// The tokens of a text and of the list beside it.
StatusOr<std::vector<std::string>> TokensOf(std::string_view text,
                                            const std::vector<std::string>& listed) {
  if (CharactersIn(text) > kTextCharsMax) {
    return InvalidArgument("text of {} characters, text_chars_max is {}", CharactersIn(text),
                           kTextCharsMax);
  }
  if (HasOpenPlace(text)) return InvalidArgument("text has '{{{{' without '}}}}'");
  std::set<std::string> names;
  auto add = [&](std::string_view name) {
    const std::string_view canonical = CanonicalToken(name);
    names.emplace(canonical);
    if (!canonical.empty()) return OkStatus();
    return InvalidArgument("unknown token '{}'{}", name, Suggestion(name, KnownTokens()));
  };
  for (const Place& place : PlacesOf(text)) SPOTTER_RETURN_IF_ERROR(add(place.name));
  for (const std::string& name : listed) SPOTTER_RETURN_IF_ERROR(add(name));
  return std::vector<std::string>(names.begin(), names.end());
}

// Compiles one step; Compiler knows the others.
class Compiler {
 public:
  explicit Compiler(Journey::Program& program) : program_(program) {}

  Status Run() {
    SPOTTER_RETURN_IF_ERROR(CheckTop());
    SPOTTER_RETURN_IF_ERROR(CompileWatched());
    SPOTTER_RETURN_IF_ERROR(NumberSteps());
    for (position_ = 0; position_ < definition_.steps.size(); ++position_) {
      const model::Step& step = definition_.steps[position_];
      SPOTTER_RETURN_IF_ERROR(Within(fmt::format("step '{}'", step.id), CompileStep(step)));
    }
    return OkStatus();
  }

 private:
  Status CheckTop() {
    const model::JourneyDefinition& d = definition_;
    if (d.purpose.empty()) return InvalidArgument("purpose is empty, expected e.g. 'marketing'");
    if (d.holdout_percent < 0 || d.holdout_percent > kHoldoutPercentMax) {
      return InvalidArgument("holdout of {} percent, expected 0 to {}", d.holdout_percent,
                             kHoldoutPercentMax);
    }
    if (d.reentry_max < 0)
      return InvalidArgument("reentry max is {}, expected 0 or more", d.reentry_max);
    if ((d.reentry_max > 0) != (d.reentry_after > Duration(0))) {
      return InvalidArgument("reentry needs both 'after' and 'max'");
    }
    if (d.goal_within != Duration(0)) {
      if (d.goal_when.empty()) return InvalidArgument("goal has 'within' but no 'when'");
      SPOTTER_RETURN_IF_ERROR(CheckDuration("goal within", d.goal_within));
    }
    if (d.exits.size() > kExitsMax) {
      return InvalidArgument("{} exits, exits_max is {}", d.exits.size(), kExitsMax);
    }
    if (d.steps.empty()) return InvalidArgument("no steps, expected at least one");
    if (d.steps.size() > kStepsMax) {
      return InvalidArgument("{} steps, steps_max is {}", d.steps.size(), kStepsMax);
    }
    program_.holdout_salt = d.holdout_salt.empty() ? d.id : d.holdout_salt;
    return OkStatus();
  }

  StatusOr<Expression> StepExpression(std::string_view what, std::string_view text) {
    StatusOr<Expression> expression = CompileExpression(what, text, Scope::kJourneyStep);
    if (expression.ok()) AddDependencies(program_.dependencies, *expression);
    return expression;
  }

  Status CompileWatched() {
    if (!definition_.goal_when.empty()) {
      SPOTTER_ASSIGN_OR_RETURN(program_.goal, StepExpression("goal", definition_.goal_when));
    }
    for (const model::JourneyExit& exit : definition_.exits) {
      if (exit.reason.empty()) return InvalidArgument("exit without a reason");
      const std::string what = fmt::format("exit '{}'", exit.reason);
      SPOTTER_ASSIGN_OR_RETURN(Expression expression, StepExpression(what, exit.when));
      program_.exits.push_back(std::move(expression));
    }
    return OkStatus();
  }

  Status NumberSteps() {
    for (const model::Step& step : definition_.steps) {
      SPOTTER_RETURN_IF_ERROR(CheckId("step", step.id));
      if (!program_.positions.emplace(step.id, program_.positions.size()).second) {
        return InvalidArgument("two steps have the id '{}'", step.id);
      }
    }
    return OkStatus();
  }

  // The position of a target, which must lie below; "" is the step below.
  StatusOr<size_t> Target(std::string_view id) const {
    if (id.empty()) return position_ + 1;
    const auto found = program_.positions.find(id);
    if (found == program_.positions.end()) {
      std::vector<std::string_view> names;
      names.reserve(program_.positions.size());
      for (const auto& [name, position] : program_.positions) names.push_back(name);
      return InvalidArgument("goes to '{}', which is no step{}", id, Suggestion(id, names));
    }
    if (found->second <= position_) {
      return InvalidArgument("goes to '{}', which does not lie below: a journey has no loops", id);
    }
    return found->second;
  }

  Status CompileStep(const model::Step& step) {
    CompiledStep compiled;
    SPOTTER_ASSIGN_OR_RETURN(compiled.next, Target(step.go));
    SPOTTER_RETURN_IF_ERROR(
        std::visit([&](const auto& what) { return Compile(what, compiled); }, step.what));
    program_.steps.push_back(std::move(compiled));
    return OkStatus();
  }

  Status Compile(const model::SendStep& send, CompiledStep& compiled) const {
    if (send.channel == model::Channel::kTask) {
      return InvalidArgument("sends by 'task', expected a 'task' step");
    }
    if (send.template_id.empty() && send.text.empty()) {
      return InvalidArgument("send has neither a template nor a text");
    }
    SPOTTER_RETURN_IF_ERROR(CheckDuration("expires_after", send.expires_after));
    SPOTTER_ASSIGN_OR_RETURN(compiled.tokens, TokensOf(send.text, send.tokens));
    return CheckSms(send);
  }

  Status CheckSms(const model::SendStep& send) const {
    if (!NeedsOptOut(send, definition_.purpose)) return OkStatus();
    if (send.text.empty()) {
      return InvalidArgument("a marketing sms needs a text, to carry the opt-out instruction");
    }
    std::vector<model::Token> none;
    const std::string shortest = RenderText(send, definition_.purpose, none);
    if (CharactersIn(shortest) <= kSmsCharsMax) return OkStatus();
    return InvalidArgument(
        "sms of {} characters with the opt-out instruction, sms_chars_max is {}: '{}'",
        CharactersIn(shortest), kSmsCharsMax, shortest);
  }

  static Status Compile(const model::TaskStep& task, CompiledStep& compiled) {
    SPOTTER_RETURN_IF_ERROR(CheckId("role", task.role));
    SPOTTER_RETURN_IF_ERROR(CheckId("kind", task.kind));
    SPOTTER_RETURN_IF_ERROR(CheckDuration("due_in", task.due_in));
    SPOTTER_ASSIGN_OR_RETURN(compiled.tokens, TokensOf(task.text, task.tokens));
    return OkStatus();
  }

  static Status Compile(const model::WaitStep& wait, CompiledStep&) {
    return CheckDuration("wait", wait.duration);
  }

  Status Compile(const model::WaitUntilStep& wait, CompiledStep& compiled) {
    SPOTTER_RETURN_IF_ERROR(CheckDuration("timeout", wait.timeout));
    SPOTTER_ASSIGN_OR_RETURN(compiled.when, StepExpression("when", wait.when));
    compiled.on_timeout = compiled.next;
    if (wait.on_timeout.empty()) return OkStatus();
    SPOTTER_ASSIGN_OR_RETURN(compiled.on_timeout, Target(wait.on_timeout));
    return OkStatus();
  }

  template <typename Arm>
  Status CompileTargets(const std::vector<Arm>& arms, CompiledStep& compiled) const {
    if (arms.empty() || arms.size() > kArmsMax) {
      return InvalidArgument("{} arms, expected 1 to {} (arms_max)", arms.size(), kArmsMax);
    }
    for (const Arm& arm : arms) {
      if (arm.go.empty()) return InvalidArgument("an arm without 'go'");
      SPOTTER_ASSIGN_OR_RETURN(const size_t target, Target(arm.go));
      compiled.targets.push_back(target);
    }
    return OkStatus();
  }

  Status Compile(const model::BranchStep& branch, CompiledStep& compiled) {
    SPOTTER_RETURN_IF_ERROR(CompileTargets(branch.arms, compiled));
    for (const model::BranchArm& arm : branch.arms) {
      compiled.arms.emplace_back();
      if (arm.when.empty()) {
        if (&arm != &branch.arms.back())
          return InvalidArgument("an arm without 'when' must be the last");
        continue;
      }
      SPOTTER_ASSIGN_OR_RETURN(compiled.arms.back(), StepExpression("when", arm.when));
    }
    return OkStatus();
  }

  Status Compile(const model::SplitStep& split, CompiledStep& compiled) const {
    SPOTTER_RETURN_IF_ERROR(CompileTargets(split.arms, compiled));
    int sum = 0;
    for (const model::SplitArm& arm : split.arms) {
      if (arm.weight < 0 || arm.weight > 100) {
        return InvalidArgument("weight {} of arm '{}', expected 0 to 100", arm.weight, arm.name);
      }
      sum += arm.weight;
    }
    if (sum != 100) return InvalidArgument("weights sum to {}, expected 100", sum);
    compiled.salt = split.salt.empty()
                        ? fmt::format("{}/{}", definition_.id, definition_.steps[position_].id)
                        : split.salt;
    if (compiled.salt != program_.holdout_salt) return OkStatus();
    return InvalidArgument("split and holdout share the salt '{}': the arms would not be random",
                           compiled.salt);
  }

  static Status Compile(const model::EndStep& end, CompiledStep&) {
    if (end.outcome.empty()) return InvalidArgument("end without an outcome");
    return OkStatus();
  }

  Journey::Program& program_;
  const model::JourneyDefinition& definition_ = program_.definition;
  size_t position_ = 0;
};

}  // namespace

StatusOr<Journey> Journey::Compile(model::JourneyDefinition definition) {
  SPOTTER_RETURN_IF_ERROR(CheckId("journey", definition.id));
  const std::string where = fmt::format("journey '{}'", definition.id);
  StatusOr<Expression> entry =
      CompileExpression("entry", definition.entry_when, Scope::kJourneyEntry);
  if (!entry.ok()) return Within(where, entry.status());
  auto program = std::make_shared<Program>(
      Program{.definition = std::move(definition), .entry = *std::move(entry)});
  SPOTTER_RETURN_IF_ERROR(Within(where, Compiler(*program).Run()));
  return Journey(std::move(program));
}

const model::JourneyDefinition& Journey::definition() const { return program_->definition; }
const segment::Dependencies& Journey::dependencies() const { return program_->dependencies; }
const segment::Expression& Journey::entry() const { return program_->entry; }

}  // namespace spotter::journey
