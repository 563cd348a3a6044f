// SPDX-License-Identifier: Apache-2.0
#include "engine/tenant.h"

#include <algorithm>
#include <unordered_map>

#include "journey/admit.h"

namespace spotter::engine {
namespace {

// Orders segments so that each comes after those it reads.
class SegmentOrder {
 public:
  explicit SegmentOrder(std::map<std::string, Rule>& rules) : rules_(rules) {}

  Status Visit(const std::string& id, std::string_view reader) {
    const auto rule = rules_.find(id);
    if (rule == rules_.end()) {
      return InvalidArgument("segment '{}': reads segment '{}', which does not exist", reader, id);
    }
    Mark& mark = marks_[id];
    if (mark == Mark::kDone) return OkStatus();
    if (mark == Mark::kOpen)
      return InvalidArgument("segment '{}': refers to itself in a circle", id);
    mark = Mark::kOpen;
    for (const std::string& other : rule->second.expression.dependencies().segments) {
      SPOTTER_RETURN_IF_ERROR(Visit(other, id));
    }
    marks_[id] = Mark::kDone;
    order_.push_back(id);
    return OkStatus();
  }
  const std::vector<std::string>& order() const { return order_; }

 private:
  enum class Mark : uint8_t { kNew, kOpen, kDone };
  std::map<std::string, Rule>& rules_;
  std::map<std::string, Mark> marks_;
  std::vector<std::string> order_;
};

model::InputSet InputsOf(const segment::Dependencies& dependencies,
                         const std::map<std::string, Rule>& segments) {
  model::InputSet inputs;
  for (const model::FactKind kind : dependencies.facts) inputs |= model::InputSet::Of(kind);
  for (const model::AttributeId trait : dependencies.traits) inputs |= model::InputSet::Of(trait);
  if (dependencies.on_consent) inputs |= model::InputSet::Consent();
  for (const std::string& segment : dependencies.segments) inputs |= segments.at(segment).inputs;
  return inputs;
}

bool ReadsQuarantined(const segment::Dependencies& dependencies,
                      const std::map<std::string, Rule>& segments) {
  return std::ranges::any_of(dependencies.segments, [&](const std::string& segment) {
    return segments.at(segment).stands_still;
  });
}

}  // namespace

bool Member::IsMember(std::string_view segment) const {
  const auto it =
      std::ranges::lower_bound(profile.memberships, segment, {}, &model::Membership::segment);
  return it != profile.memberships.end() && it->segment == segment && it->is_member;
}

Status Tenant::Rebuild() {
  // Most definitions are as they were: with a thousand of them, compiling is what takes time.
  std::unordered_map<std::string_view, const segment::Expression*> known;
  for (const Rule& rule : rules) {
    if (rule.journey < 0) known.emplace(rule.expression.text(), &rule.expression);
  }
  std::map<std::string, Rule> compiled;
  for (const auto& [id, definition] : segment_definitions) {
    const auto same = known.find(definition.expression);
    StatusOr<segment::Expression> expression =
        same != known.end()
            ? StatusOr<segment::Expression>(*same->second)
            : segment::Expression::Compile(definition.expression, segment::Scope::kSegment);
    if (!expression.ok()) {
      return InvalidArgument("segment '{}': {}", id, MessageOf(expression.status()));
    }
    Rule rule{.id = id, .expression = *std::move(expression), .revision = definition.revision};
    compiled.emplace(id, std::move(rule));
  }
  SegmentOrder order(compiled);
  for (const auto& [id, rule] : compiled) SPOTTER_RETURN_IF_ERROR(order.Visit(id, id));

  std::vector<Rule> new_rules;
  for (const std::string& id : order.order()) {
    Rule& rule = compiled.at(id);
    rule.inputs = InputsOf(rule.expression.dependencies(), compiled);
    rule.stands_still = !segment_definitions.at(id).quarantine.empty() ||
                        ReadsQuarantined(rule.expression.dependencies(), compiled);
    new_rules.push_back(rule);
  }

  std::vector<journey::Journey> new_journeys;
  for (const auto& [id, definition] : journey_definitions) {
    SPOTTER_ASSIGN_OR_RETURN(journey::Journey journey, journey::Journey::Compile(definition));
    Rule rule{.id = "journey:" + id,
              .expression = journey.entry(),
              .revision = definition.revision,
              .journey = static_cast<int>(new_journeys.size())};
    for (const segment::Dependencies* dependencies :
         {&journey.entry().dependencies(), &journey.dependencies()}) {
      for (const std::string& segment : dependencies->segments) {
        if (!compiled.contains(segment)) {
          return InvalidArgument("journey '{}': reads segment '{}', which does not exist", id,
                                 segment);
        }
      }
    }
    rule.inputs = InputsOf(journey.entry().dependencies(), compiled);
    rule.stands_still = ReadsQuarantined(journey.entry().dependencies(), compiled);
    new_rules.push_back(std::move(rule));
    new_journeys.push_back(std::move(journey));
  }
  rules = std::move(new_rules);
  journeys = std::move(new_journeys);
  generation++;
  return OkStatus();
}

segment::ExpressionOf Tenant::Expressions(const model::SegmentDefinition* changed) const {
  return [this, changed](std::string_view id) -> std::string {
    if (changed != nullptr && changed->id == id) return changed->expression;
    const auto found = segment_definitions.find(std::string(id));
    return found == segment_definitions.end() ? "" : found->second.expression;
  };
}

Status Tenant::Admit(const model::SegmentDefinition& definition) const {
  const segment::ExpressionOf before = Expressions(nullptr);
  const segment::ExpressionOf after = Expressions(&definition);
  SPOTTER_RETURN_IF_ERROR(journey::Admit(definition, after));
  if (segment::CheckHealth(definition.expression, segment::kMarketing, after).ok()) {
    return OkStatus();
  }
  // Who reads it may not come to read health data by it; what did before stays.
  for (const auto& [id, reader] : segment_definitions) {
    if (id == definition.id || !journey::Admit(reader, before).ok()) continue;
    SPOTTER_RETURN_IF_ERROR(journey::Admit(reader, after));
  }
  for (const auto& [id, reader] : journey_definitions) {
    if (!journey::Admit(reader, before).ok()) continue;
    SPOTTER_RETURN_IF_ERROR(journey::Admit(reader, after));
  }
  return OkStatus();
}

Status Tenant::Admit(const model::JourneyDefinition& definition) const {
  return journey::Admit(definition, Expressions(nullptr));
}

std::vector<std::string> Tenant::ReadersOf(std::string_view segment) const {
  std::vector<std::string> readers;
  for (const Rule& rule : rules) {
    const auto reads = [&](const segment::Dependencies& dependencies) {
      return std::ranges::binary_search(dependencies.segments, segment);
    };
    const journey::Journey* journey =
        rule.journey < 0 ? nullptr : &journeys[static_cast<size_t>(rule.journey)];
    if (!reads(rule.expression.dependencies()) &&
        (journey == nullptr || !reads(journey->dependencies()))) {
      continue;
    }
    readers.push_back(journey == nullptr ? fmt::format("segment '{}'", rule.id)
                                         : fmt::format("journey '{}'", journey->definition().id));
  }
  return readers;
}

uint64_t Tenant::Undecided() const {
  if (!progress.work_pending) return 0;
  return progress.profiles - std::min(progress.work_done, progress.profiles);
}

Tenant::KnownZone Tenant::ZoneOf(const model::MemberView& member) const {
  static const govern::Zone kUtc = govern::Zone::Utc();
  const std::string_view name = TenantZones(zones, settings.time_zone).ZoneOf(member);
  if (const auto it = zones.find(name); it != zones.end()) return {it->second, ""};
  if (!name.empty()) return {kUtc, ""};
  return {kUtc, settings.time_zone.empty() ? "?" : std::string_view(settings.time_zone)};
}

bool Tenant::ReadsZones() const {
  return std::ranges::any_of(
             rules, [](const Rule& rule) { return rule.expression.dependencies().on_zones; }) ||
         std::ranges::any_of(journeys, [](const journey::Journey& journey) {
           return journey.dependencies().on_zones;
         });
}

const journey::Journey* Tenant::FindJourney(std::string_view id) const {
  for (const journey::Journey& journey : journeys) {
    if (journey.definition().id == id) return &journey;
  }
  return nullptr;
}

}  // namespace spotter::engine
