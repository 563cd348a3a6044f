// SPDX-License-Identifier: Apache-2.0
#include "api/explain.h"

#include <algorithm>

#include "api/explain_segment.h"
#include "journey/advance_enrolment.h"
#include "wire/view.h"

namespace spotter::api {
namespace {

constexpr size_t kRefusalsMax = 100;

void ExplainJourney(const model::JourneyDefinition& definition, const engine::StoredMember& member,
                    EventTime now, Evaluator& evaluator, v1::JourneyExplanation& out) {
  out.set_journey(definition.id);
  std::vector<model::Enrolment> walks;
  for (const state::Anchor& anchor : member.anchors) {
    for (const model::Enrolment& enrolment : anchor.enrolments) {
      if (enrolment.journey == definition.id) walks.push_back(enrolment);
    }
  }
  std::stable_sort(walks.begin(), walks.end(),
                   [](const auto& a, const auto& b) { return a.entered_at > b.entered_at; });
  for (const model::Enrolment& walk : walks) *out.add_enrolments() = wire::ToProto(walk);
  if (!walks.empty() && walks.front().state != model::EnrolmentState::kEnded) return;

  const auto journey = journey::Journey::Compile(definition);
  if (!journey.ok()) {
    out.set_not_entered_because(std::string(MessageOf(journey.status())));
  } else if (definition.state == model::JourneyState::kDraft ||
             definition.state == model::JourneyState::kPaused) {
    out.set_not_entered_because(
        fmt::format("the journey is {}: nobody enters", NameOf(definition.state)));
  } else if (!evaluator.Evaluate(journey->entry(), member, now).value) {
    out.set_not_entered_because(
        fmt::format("its entry condition does not hold: {}", definition.entry_when));
  } else if (!walks.empty()) {
    out.set_not_entered_because("has walked it before; see its re-entry rule");
  } else {
    out.set_not_entered_because(
        "its entry condition holds, but did not turn true because of a live event or of time "
        "since the journey was published");
  }
}

Status ExplainRefusals(const store::Reader& store, const model::TenantId& tenant,
                       const engine::StoredMember& member, const std::string& journey,
                       v1::ExplainResponse& out) {
  SPOTTER_ASSIGN_OR_RETURN(
      auto page, engine::ListRefusals(store, tenant, member.profile.id, kRefusalsMax * 100, ""));
  std::reverse(page.rows.begin(), page.rows.end());
  for (const engine::RefusalRow& row : page.rows) {
    if (out.refusals_size() == static_cast<int>(kRefusalsMax)) break;
    if (!journey.empty() && row.refusal.proposal.journey != journey) continue;
    *out.add_refusals() = wire::ToProto(row.refusal);
  }
  return OkStatus();
}

Status ExplainWaiting(const store::Reader& store, const model::TenantId& tenant,
                      const engine::StoredMember& member, const std::string& journey,
                      v1::ExplainResponse& out) {
  SPOTTER_ASSIGN_OR_RETURN(const auto subscriptions, engine::ListSubscriptions(store, tenant));
  for (const model::Subscription& subscription : subscriptions) {
    SPOTTER_ASSIGN_OR_RETURN(const auto entries,
                             engine::ListOutbox(store, tenant, subscription.id, member.profile.id));
    for (const model::OutboxEntry& entry : entries) {
      const auto* action = std::get_if<model::Action>(&entry.what);
      const bool is_asked_for =
          journey.empty() || (action != nullptr && action->proposal.journey == journey);
      if (is_asked_for) *out.add_waiting() = wire::ToProto(entry);
    }
  }
  return OkStatus();
}

std::string_view ReasonOf(const identity::Edge& edge) {
  switch (edge.tier) {
    case 0:
      return "a person said so";
    case 2:
      return "same e-mail and name";
    case 3:
      return "same phone and name";
    default:
      return "same customer id";
  }
}

}  // namespace

StatusOr<v1::ExplainResponse> ExplainMember(const store::Reader& store,
                                            const model::TenantSettings& settings,
                                            const engine::StoredMember& member, EventTime now,
                                            const std::string& segment,
                                            const std::string& journey) {
  v1::ExplainResponse out;
  out.set_profile(model::ToText(member.profile.id));
  wire::Write(now, *out.mutable_now());
  SPOTTER_ASSIGN_OR_RETURN(Evaluator evaluator, Evaluator::Make(store, settings.id));
  SPOTTER_ASSIGN_OR_RETURN(const auto segments, engine::ListSegments(store, settings.id));
  for (const model::SegmentDefinition& definition : segments) {
    if (!segment.empty() && definition.id != segment) continue;
    SPOTTER_ASSIGN_OR_RETURN(*out.add_segments(),
                             ExplainSegment(definition, member, now, evaluator));
  }
  if (!segment.empty() && out.segments().empty()) return NotFound("no segment '{}'", segment);
  SPOTTER_ASSIGN_OR_RETURN(const auto journeys, engine::ListJourneys(store, settings.id));
  for (const model::JourneyDefinition& definition : journeys) {
    if (!journey.empty() && definition.id != journey) continue;
    ExplainJourney(definition, member, now, evaluator, *out.add_journeys());
  }
  if (!journey.empty() && out.journeys().empty()) return NotFound("no journey '{}'", journey);
  SPOTTER_RETURN_IF_ERROR(ExplainRefusals(store, settings.id, member, journey, out));
  SPOTTER_RETURN_IF_ERROR(ExplainWaiting(store, settings.id, member, journey, out));

  SPOTTER_ASSIGN_OR_RETURN(const identity::Partition partition,
                           engine::ResolveMember(store, settings, member));
  for (const identity::Edge& edge : partition.edges) {
    v1::IdentityLink& link = *out.add_links();
    link.set_record_a(model::ToText(edge.a));
    link.set_record_b(model::ToText(edge.b));
    link.set_reason(std::string(ReasonOf(edge)));
    link.set_refused(edge.refused);
  }
  const model::MemberView view = member.View();
  for (const state::StoredRecord& stored : member.records) {
    for (const model::Trait& trait : stored.record.traits) {
      // Each trait once: from the record whose value counts.
      if (view.FindTrait(trait.id) == &trait) *out.add_traits() = wire::ToProto(trait).field();
    }
  }
  return out;
}

std::vector<v1::TimelineEntry> TimelineOf(const engine::StoredMember& member) {
  constexpr model::FactKind kKinds[] = {
#define X(number, name) model::FactKind::name,
      SPOTTER_FACT_KINDS(X)
#undef X
  };
  struct Item {
    EventTime time;
    const model::Fact* fact;
    const model::SourceRecord* record;
  };
  std::vector<Item> items;
  for (const state::StoredRecord& stored : member.records) {
    for (const model::FactKind kind : kKinds) {
      for (const model::Fact& fact : stored.record.timeline.Of(kind)) {
        items.push_back({fact.time, &fact, &stored.record});
      }
    }
  }
  std::stable_sort(items.begin(), items.end(),
                   [](const Item& a, const Item& b) { return a.time > b.time; });
  std::vector<v1::TimelineEntry> entries;
  entries.reserve(items.size());
  for (const Item& item : items) {
    entries.push_back(
        wire::ToProto(*item.fact, item.record->timeline.Find(item.fact->entity), item.record->key));
  }
  return entries;
}

}  // namespace spotter::api
