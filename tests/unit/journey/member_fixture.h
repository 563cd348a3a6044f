// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fstream>
#include <sstream>
#include <string>
#include <utility>

#include "base/assert.h"
#include "journey/advance_enrolment.h"
#include "journey/parse_journey.h"
#include "model/source_record.h"

namespace spotter::journey {

inline EventTime At(std::string_view text) { return ParseTime(text).value(); }

// A member of one source record to whom things happen.
class Member {
 public:
  Member() { record_.key = model::MakeRecordKey("square", "1"); }
  Member(const Member&) = delete;

  Member& Signup(EventTime at) { return Put("member", at, {}); }
  Member& Visit(EventTime at, std::string title = "", std::string instructor = "") {
    return Put("booking", at,
               {{A::class_title, title},
                {A::instructor, instructor},
                {A::class_start, at},
                {A::status, std::string("completed")}});
  }
  // Booked at `at` for a class two days later.
  Member& Booking(EventTime at) {
    return Put("booking", at, {{A::class_start, at + Days(2)}, {A::status, std::string("booked")}});
  }
  // A visit that belongs to no booking.
  Member& CheckIn(EventTime at) {
    return Put("attendance", at, {{A::class_start, at}, {A::status, std::string("completed")}});
  }
  Member& NoShow(EventTime at) {
    return Put("attendance", at, {{A::class_start, at}, {A::status, std::string("no_show")}});
  }
  Member& Reply(EventTime at) { return Put("message", at, {}); }
  Member& Trait(model::AttributeId id, model::Scalar value) {
    std::erase_if(record_.traits, [&](const model::Trait& trait) { return trait.id == id; });
    record_.traits.push_back({.id = id, .value = std::move(value), .at = {1}});
    std::sort(record_.traits.begin(), record_.traits.end(),
              [](const auto& a, const auto& b) { return a.id < b.id; });
    return *this;
  }
  model::MemberView view() const { return {model::ProfileId(Hash128{7, 7}), records_}; }
  model::RecordKey key() const { return record_.key; }

 private:
  using A = model::AttributeId;
  Member& Put(std::string type, EventTime at, std::vector<model::Attribute> attributes) {
    model::Entity entity;
    entity.id = ++last_entity_;
    entity.type = std::move(type);
    entity.time = at;
    entity.changed_at = at;
    for (model::Attribute& a : attributes) entity.attributes.Set(a.id, std::move(a.value));
    record_.timeline.Put(std::move(entity));
    return *this;
  }

  uint64_t last_entity_ = 0;
  model::SourceRecord record_;
  const model::SourceRecord* const records_[1] = {&record_};
};

inline std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  Assert(file.good(), "the file is there");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

inline Journey CompileOrDie(std::string_view yaml) {
  StatusOr<model::JourneyDefinition> definition = ParseJourney(yaml);
  if (!definition.ok()) throw std::runtime_error(definition.status().ToString());
  // Tests of the holdout say so; the others speak of members who are sent something.
  if (yaml.find("holdout:") == std::string_view::npos) definition->holdout_percent = 0;
  StatusOr<Journey> journey = Journey::Compile(*std::move(definition));
  if (!journey.ok()) throw std::runtime_error(journey.status().ToString());
  return *std::move(journey);
}

// What the shard does, in small: walks an enrolment at its due instants and whenever told.
class Driver {
 public:
  Driver(const Journey& journey, const Member& member, EventTime entered)
      : journey_(journey), member_(member) {
    settings_.id = model::TenantId("studio");
    enrolment_ = StartEnrolment(journey, settings_.id, member.key(), 0, entered);
    // Tests of the holdout decide for themselves.
    if (enrolment_.state == model::EnrolmentState::kHeldOut) {
      enrolment_.state = model::EnrolmentState::kActive;
    }
    RunTo(entered);
  }

  // Fires everything that is due up to `now`, then looks once at `now` (as after an event).
  Driver& RunTo(EventTime now) {
    while (enrolment_.valid_until < now) Look(enrolment_.valid_until, model::Cause::kTime);
    Look(now, model::Cause::kLive);
    return *this;
  }
  void Look(EventTime now, model::Cause cause) {
    ++looks_;
    const model::MemberView view = member_.view();
    const segment::Input input{.member = view,
                               .now = now,
                               .journey_entered_at = {},
                               .step_entered_at = {},
                               .tenant = settings_.id.value()};
    Advance advance = AdvanceEnrolment(journey_, enrolment_, input, settings_, cause);
    enrolment_ = std::move(advance.enrolment);
    for (model::Proposal& p : advance.proposals) proposals_.push_back(std::move(p));
  }

  // "2026-11-01T09:00:00.000Z welcome-email" per proposal.
  std::vector<std::string> Proposed() const {
    std::vector<std::string> lines;
    for (const model::Proposal& p : proposals_) {
      lines.push_back(FormatTime(p.effective_time) + " " + p.step);
    }
    return lines;
  }

  model::Enrolment& enrolment() { return enrolment_; }
  const std::vector<model::Proposal>& proposals() const { return proposals_; }
  int looks() const { return looks_; }
  const model::TenantSettings& settings() const { return settings_; }

 private:
  const Journey& journey_;
  const Member& member_;
  model::TenantSettings settings_;
  model::Enrolment enrolment_;
  std::vector<model::Proposal> proposals_;
  int looks_ = 0;
};

}  // namespace spotter::journey
