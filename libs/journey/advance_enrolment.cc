// SPDX-License-Identifier: Apache-2.0
#include "journey/advance_enrolment.h"

#include <algorithm>

#include "base/assert.h"
#include "journey/message_text.h"
#include "journey/program.h"

namespace spotter::journey {

namespace {

using model::EnrolmentState;

void ResolveTokens(const CompiledStep& step, const model::MemberView& member,
                   model::Proposal& proposal) {
  proposal.tokens.clear();
  for (const std::string& name : step.tokens) {
    if (auto value = ResolveToken(name, member, proposal.effective_time)) {
      proposal.tokens.push_back({name, *std::move(value)});
    }
  }
}

// What the member reads, or staff is told.
void Word(const model::SendStep& send, model::Proposal& proposal) {
  proposal.text = RenderText(send, proposal.purpose, proposal.tokens);
}
void Word(const model::TaskStep& task, model::Proposal& proposal) {
  proposal.text = FillTokens(task.text, proposal.tokens);
}

// Whether `proposal` can be one of this step.
bool Asks(const model::SendStep& send, const model::Proposal& proposal) {
  return send.channel == proposal.channel;
}
bool Asks(const model::TaskStep&, const model::Proposal& proposal) {
  return proposal.channel == model::Channel::kTask;
}

// One walk. Every step leads to one further below, so it ends.
class Walk {
 public:
  Walk(const Journey::Program& program, const model::Enrolment& enrolment,
       const segment::Input& input, const model::TenantSettings& settings, model::Cause cause)
      : program_(program), input_(input), settings_(settings), cause_(cause) {
    result_.enrolment = enrolment;
    held_out_ = enrolment.state == EnrolmentState::kHeldOut;
    input_.journey_entered_at = enrolment.entered_at;
  }

  Advance Run() && {
    model::Enrolment& enrolment = result_.enrolment;
    if (enrolment.state == EnrolmentState::kEnded) return std::move(result_);
    const auto position = program_.positions.find(enrolment.step);
    if (position == program_.positions.end()) {
      End("step_removed", input_.now);
    } else {
      WalkFrom(position->second);
    }
    if (enrolment.state == EnrolmentState::kEnded) {
      enrolment.valid_until = EventTime::Max();
    } else {
      Assert(valid_until_ > input_.now, "a walk stands until a later instant");
      enrolment.valid_until = valid_until_;
    }
    return std::move(result_);
  }

 private:
  // Where the walk goes on, and at which instant it got there.
  struct Move {
    size_t to;
    EventTime at;
  };

  void WalkFrom(size_t position) {
    while (true) {
      input_.step_entered_at = result_.enrolment.step_entered_at;
      valid_until_ = EventTime::Max();
      if (ReachesGoal() || Exits()) return;
      const model::Step& step = program_.definition.steps[position];
      const CompiledStep& compiled = program_.steps[position];
      const std::optional<Move> move =
          std::visit([&](const auto& what) { return Take(step, what, compiled); }, step.what);
      if (!move) return;
      if (move->to == program_.steps.size()) return End("completed", move->at);
      position = move->to;
      result_.enrolment.step = program_.definition.steps[position].id;
      result_.enrolment.step_entered_at = move->at;
    }
  }

  // The expression's value now; what it says about the future bounds the walk's.
  bool Watch(const segment::Expression& expression, EventTime until = EventTime::Max()) {
    const segment::Result result = expression.Evaluate(input_);
    if (result.valid_until < until) valid_until_ = std::min(valid_until_, result.valid_until);
    return result.value;
  }

  bool ReachesGoal() {
    if (!program_.goal || result_.enrolment.goal_reached) return false;
    const Duration within = program_.definition.goal_within;
    const EventTime until =
        within == Duration(0) ? EventTime::Max() : result_.enrolment.entered_at + within;
    if (input_.now >= until || !Watch(*program_.goal, until)) return false;
    result_.enrolment.goal_reached = true;
    result_.cut_short = "the goal was reached";
    End("goal", input_.now);
    return true;
  }

  bool Exits() {
    for (size_t i = 0; i < program_.exits.size(); ++i) {
      if (!Watch(program_.exits[i])) continue;
      const std::string& reason = program_.definition.exits[i].reason;
      result_.cut_short = fmt::format("the exit '{}' was taken", reason);
      End(reason, input_.now);
      return true;
    }
    return false;
  }

  void End(std::string_view outcome, EventTime at) {
    model::Enrolment& enrolment = result_.enrolment;
    enrolment.outcome = held_out_ ? fmt::format("held_out:{}", outcome) : std::string(outcome);
    enrolment.state = EnrolmentState::kEnded;
    enrolment.step.clear();
    enrolment.ended_at = at;
  }

  EventTime here() const { return result_.enrolment.step_entered_at; }

  std::optional<Move> Take(const model::Step& step, const model::SendStep& send,
                           const CompiledStep& compiled) {
    if (model::Proposal* proposal = Propose(step, compiled)) {
      proposal->channel = send.channel;
      proposal->template_id = send.template_id;
      Word(send, *proposal);
      proposal->expires_at = here() + send.expires_after;
    }
    return Move{compiled.next, here()};
  }

  std::optional<Move> Take(const model::Step& step, const model::TaskStep& task,
                           const CompiledStep& compiled) {
    if (model::Proposal* proposal = Propose(step, compiled)) {
      proposal->channel = model::Channel::kTask;
      proposal->role = task.role;
      proposal->task_kind = task.kind;
      Word(task, *proposal);
      proposal->expires_at = here() + task.due_in;
    }
    return Move{compiled.next, here()};
  }

  // The deadline of a wait, but never before the step was reached.
  std::optional<Move> Wait(EventTime deadline, size_t next) {
    if (deadline <= input_.now) return Move{next, std::max(deadline, here())};
    valid_until_ = std::min(valid_until_, deadline);
    return std::nullopt;
  }

  std::optional<Move> Take(const model::Step&, const model::WaitStep& wait,
                           const CompiledStep& compiled) {
    const EventTime from = wait.from_entry ? result_.enrolment.entered_at : here();
    return Wait(from + wait.duration, compiled.next);
  }

  std::optional<Move> Take(const model::Step&, const model::WaitUntilStep& wait,
                           const CompiledStep& compiled) {
    // At the deadline itself the condition still wins; later it comes too late.
    const EventTime deadline = here() + wait.timeout;
    if (input_.now <= deadline && Watch(*compiled.when)) return Move{compiled.next, input_.now};
    return Wait(deadline, compiled.on_timeout);
  }

  std::optional<Move> Take(const model::Step&, const model::BranchStep&,
                           const CompiledStep& compiled) {
    for (size_t i = 0; i < compiled.arms.size(); ++i) {
      const std::optional<segment::Expression>& when = compiled.arms[i];
      if (!when || when->Evaluate(input_).value) return Move{compiled.targets[i], here()};
    }
    return Move{compiled.next, here()};
  }

  std::optional<Move> Take(const model::Step&, const model::SplitStep& split,
                           const CompiledStep& compiled) {
    const double percent = Bucket(settings_.id, compiled.salt, result_.enrolment.anchor) * 100;
    int sum = 0;
    for (size_t i = 0; i < split.arms.size(); ++i) {
      sum += split.arms[i].weight;
      if (percent < sum) return Move{compiled.targets[i], here()};
    }
    return Move{compiled.next, here()};  // not reached: the weights sum to 100
  }

  std::optional<Move> Take(const model::Step&, const model::EndStep& end, const CompiledStep&) {
    End(end.outcome, here());
    return std::nullopt;
  }

  // A proposal of `step` with all that steps share; nullptr if nothing may be proposed.
  model::Proposal* Propose(const model::Step& step, const CompiledStep& compiled) {
    model::Enrolment& enrolment = result_.enrolment;
    if (held_out_) return nullptr;
    std::vector<std::string>& sent = enrolment.sent_steps;
    const auto place = std::lower_bound(sent.begin(), sent.end(), step.id);
    if (place != sent.end() && *place == step.id) return nullptr;
    sent.insert(place, step.id);
    model::Proposal& proposal = result_.proposals.emplace_back();
    proposal.journey = program_.definition.id;
    proposal.revision = program_.definition.revision;
    proposal.enrolment = enrolment.id;
    proposal.anchor = enrolment.anchor;
    proposal.step = step.id;
    proposal.purpose = program_.definition.purpose;
    proposal.message_class = program_.definition.message_class;
    proposal.effective_time = here();
    proposal.cause = cause_;
    ResolveTokens(compiled, input_.member, proposal);
    return &proposal;
  }

  const Journey::Program& program_;
  segment::Input input_;
  const model::TenantSettings& settings_;
  model::Cause cause_;
  Advance result_;
  bool held_out_ = false;
  EventTime valid_until_ = EventTime::Max();
};

}  // namespace

double Bucket(const model::TenantId& tenant, std::string_view salt, model::RecordKey key) {
  std::string bytes = tenant.value();
  bytes += '\0';
  bytes += salt;
  bytes += '\0';
  Encoder encoder;
  bytes += encoder.Hash(key.value()).view();
  // The high 53 bits: an exact double below 1.
  return static_cast<double>(HashOf(bytes).high >> 11) * 0x1p-53;
}

model::Enrolment StartEnrolment(const Journey& journey, const model::TenantId& tenant,
                                model::RecordKey anchor, uint32_t ordinal, EventTime now) {
  const model::JourneyDefinition& definition = journey.definition();
  const double percent = Bucket(tenant, journey.program().holdout_salt, anchor) * 100;
  model::Enrolment enrolment;
  enrolment.id = model::MakeEnrolmentId(definition.id, anchor, ordinal);
  enrolment.journey = definition.id;
  enrolment.revision = definition.revision;
  enrolment.anchor = anchor;
  enrolment.ordinal = ordinal;
  enrolment.state =
      percent < definition.holdout_percent ? EnrolmentState::kHeldOut : EnrolmentState::kActive;
  enrolment.entered_at = now;
  enrolment.step = definition.steps.front().id;
  enrolment.step_entered_at = now;
  enrolment.valid_until = now;
  return enrolment;
}

Advance AdvanceEnrolment(const Journey& journey, const model::Enrolment& enrolment,
                         const segment::Input& input, const model::TenantSettings& settings,
                         model::Cause cause) {
  return Walk(journey.program(), enrolment, input, settings, cause).Run();
}

void Personalize(const Journey& journey, const model::MemberView& member,
                 model::Proposal& proposal) {
  const Journey::Program& program = journey.program();
  const auto position = program.positions.find(proposal.step);
  if (position == program.positions.end()) return;
  model::Proposal anew = proposal;
  ResolveTokens(program.steps[position->second], member, anew);
  const auto word = [&](const auto& step) {
    if constexpr (requires { Word(step, anew); }) {
      if (Asks(step, anew)) Word(step, anew);
    }
  };
  std::visit(word, program.definition.steps[position->second].what);
  // Only what is known of the member changes the words, never an edit of the journey.
  if (anew.tokens != proposal.tokens) proposal = std::move(anew);
}

}  // namespace spotter::journey
