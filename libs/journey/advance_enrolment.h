// SPDX-License-Identifier: Apache-2.0
//
// Journeys propose: one enrolment is walked as far as it goes at an instant. Pure.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/action.h"
#include "model/definition.h"
#include "segment/expression.h"

namespace spotter::journey {

// Limits of one definition; an error names the limit it met.
inline constexpr size_t kStepsMax = 200;
inline constexpr size_t kExitsMax = 20;
inline constexpr size_t kArmsMax = 20;             // of one branch or split
inline constexpr size_t kTextCharsMax = 2000;      // of one send or task, before tokens
inline constexpr int kHoldoutPercentDefault = 20;  // X10: of a journey that does not say
inline constexpr size_t kSmsCharsMax = 160;        // C23: the opt-out instruction counts too

// A definition with its expressions compiled. Immutable, shareable.
class Journey {
 public:
  // InvalidArgument names journey, step and position: "journey 'winback': step 'nudge': ...".
  // Checks: ids unique and [a-z0-9_-], targets exist and lie below (acyclic), weights sum to 100,
  // durations positive, at least one step, expressions compile in their scope, tokens known; a
  // marketing SMS has a text that fits kSmsCharsMax with every token at its fallback and with the
  // opt-out instruction.
  static StatusOr<Journey> Compile(model::JourneyDefinition definition);
  const model::JourneyDefinition& definition() const;
  const segment::Dependencies& dependencies() const;  // of everything but the entry
  const segment::Expression& entry() const;
  struct Program;
  const Program& program() const { return *program_; }

 private:
  explicit Journey(std::shared_ptr<const Program> program) : program_(std::move(program)) {}
  std::shared_ptr<const Program> program_;  // shared by copies of this value
};

struct Advance {
  model::Enrolment enrolment;              // as it stands afterwards, valid_until set
  std::vector<model::Proposal> proposals;  // in order; tokens resolved
  // "" or why what the enrolment still has in the outbox is not wanted any more: its goal was
  // reached, or an exit taken. The end of its steps takes nothing back.
  std::string cut_short;
};

// Starts an enrolment at `now` (the effective instant) without walking it; valid_until is `now`.
// Held out if Bucket(tenant, holdout salt, anchor) lies below the holdout share. The salt is the
// journey's id unless it says otherwise.
model::Enrolment StartEnrolment(const Journey& journey, const model::TenantId& tenant,
                                model::RecordKey anchor, uint32_t ordinal, EventTime now);

// Walks `enrolment` at instant `input.now`: goal and exits first, at every step again, then the
// step, until one waits. The goal is reached in [entered_at, entered_at + within) only; reaching it
// ends the enrolment. A held-out enrolment is walked the same way but proposes nothing, and its
// outcome reads "held_out:goal", "held_out:completed", ... Waits and deadlines count from the
// instants in the enrolment, so a late call at the due instant gives what a punctual one gives. The
// caller repeats at valid_until until it lies after shard time. A step in sent_steps proposes
// nothing again. Past the last step the outcome is "completed"; a step that the definition no
// longer has ends it with "step_removed". Of `input` the instants of journey and step are set here.
Advance AdvanceEnrolment(const Journey& journey, const model::Enrolment& enrolment,
                         const segment::Input& input, const model::TenantSettings& settings,
                         model::Cause cause);

// Resolves the tokens of a proposal that waits anew and words it again where they differ, after
// `member` became somebody else by a merge or a split. A step that the journey does not have any
// more, or has as another kind, leaves the proposal as it is.
void Personalize(const Journey& journey, const model::MemberView& member,
                 model::Proposal& proposal);

// Deterministic split in [0, 1): first 8 bytes of HashOf(tenant \0 salt \0 key) / 2^64.
double Bucket(const model::TenantId& tenant, std::string_view salt, model::RecordKey key);

// A template text with its places filled: {{name}}, or {{name|fallback}}. Unknown or empty tokens
// become the fallback given, else "there" for first_name and "" for the others. One pass: a value
// is never read as a place.
std::string FillTokens(std::string_view text, const std::vector<model::Token>& tokens);

// The value of a canonical token (first_name, nearest_studio, days_since_last_visit,
// last_class_attended, preferred_time, instructor, ...; spellings without underscores are
// aliases, X19) at `now`; nullopt: the member has none. Dates are UTC.
std::optional<std::string> ResolveToken(std::string_view name, const model::MemberView& member,
                                        EventTime now);
// The canonical spelling, or "" if the token is unknown.
std::string_view CanonicalToken(std::string_view name);

}  // namespace spotter::journey
