// SPDX-License-Identifier: Apache-2.0
#include "api/profile_view.h"

#include <algorithm>
#include <map>
#include <set>

#include "wire/view.h"

namespace spotter::api {
namespace {

using model::AttributeId;
using model::FactKind;

constexpr FactKind kFactKindsShown[] = {
#define X(number, name) FactKind::name,
    SPOTTER_FACT_KINDS(X)
#undef X
};

std::string DisplayName(const model::MemberView& member) {
  const std::string_view given = member.Text(AttributeId::given_name);
  const std::string_view family = member.Text(AttributeId::family_name);
  if (!given.empty() && !family.empty()) return fmt::format("{} {}", given, family);
  if (!given.empty() || !family.empty()) return std::string(given.empty() ? family : given);
  for (const auto type : {model::IdentifierType::kEmail, model::IdentifierType::kPhone}) {
    if (const model::HeldIdentifier* contact = member.Contact(type)) return contact->normalized;
  }
  return "";
}

void WriteTraits(const model::MemberView& member, v1::Profile& out) {
  std::set<AttributeId> ids;
  for (const model::SourceRecord* record : member.records) {
    for (const model::Trait& trait : record->traits) ids.insert(trait.id);
  }
  for (const AttributeId id : ids) {
    if (const model::Trait* trait = member.FindTrait(id)) {
      *out.add_traits() = wire::ToProto(*trait);
    }
  }
}

// X4: what was paid, less refunds and lost disputes (their sums are negative).
void WriteTotals(const model::MemberView& member, v1::Profile& out) {
  std::map<uint32_t, int64_t> spend;
  for (const FactKind kind : kFactKindsShown) {
    const model::Totals totals = member.TotalsOf(kind);
    if (totals.count == 0) continue;
    *out.add_totals() = wire::ToProto(kind, totals);
    if (kind == FactKind::purchase || kind == FactKind::refund || kind == FactKind::dispute) {
      for (const auto& [currency, minor] : totals.sums) spend[currency] += minor;
    }
  }
  for (const auto& [currency, minor] : spend) {
    *out.add_lifetime_spend() = wire::ToMoney(currency, minor);
  }
}

void WriteRecords(const engine::StoredMember& member, v1::Profile& out) {
  std::vector<model::ConsentEntry> consents;
  std::set<std::string> tags;
  for (const state::StoredRecord& stored : member.records) {
    *out.add_records() = wire::ToProto(stored.record);
    for (const model::HeldIdentifier& identifier : stored.record.identifiers) {
      *out.add_identifiers() = wire::ToProto(identifier, stored.record.key);
    }
    consents.insert(consents.end(), stored.record.consents.begin(), stored.record.consents.end());
    tags.insert(stored.record.tags.begin(), stored.record.tags.end());
  }
  std::stable_sort(out.mutable_identifiers()->begin(), out.mutable_identifiers()->end(),
                   [](const v1::HeldIdentifier& a, const v1::HeldIdentifier& b) {
                     return std::pair(a.type(), a.normalized()) <
                            std::pair(b.type(), b.normalized());
                   });
  std::stable_sort(consents.begin(), consents.end(),
                   [](const auto& a, const auto& b) { return a.time < b.time; });
  for (const model::ConsentEntry& consent : consents) *out.add_consents() = wire::ToProto(consent);
  for (const std::string& tag : tags) out.add_tags(tag);
}

void WriteEnrolments(const engine::StoredMember& member, v1::Profile& out) {
  std::vector<model::Enrolment> enrolments;
  for (const state::Anchor& anchor : member.anchors) {
    enrolments.insert(enrolments.end(), anchor.enrolments.begin(), anchor.enrolments.end());
  }
  std::stable_sort(enrolments.begin(), enrolments.end(),
                   [](const auto& a, const auto& b) { return a.entered_at > b.entered_at; });
  for (const model::Enrolment& enrolment : enrolments) {
    *out.add_enrolments() = wire::ToProto(enrolment);
  }
}

Status WriteSuppressions(const store::Store& store, const model::TenantSettings& settings,
                         const model::MemberView& member, v1::Profile& out) {
  for (const auto& [channel, type] : {std::pair("email", model::IdentifierType::kEmail),
                                      std::pair("sms", model::IdentifierType::kPhone)}) {
    const model::HeldIdentifier* contact = member.Contact(type);
    if (contact == nullptr) continue;
    SPOTTER_ASSIGN_OR_RETURN(const bool suppressed,
                             engine::IsSuppressed(store, settings.id, settings.suppression_key,
                                                  channel, contact->normalized));
    if (suppressed) out.add_suppressed_channels(channel);
  }
  return OkStatus();
}

}  // namespace

EventTime LastSeen(const engine::StoredMember& member) {
  EventTime last = EventTime::Min();
  for (const state::StoredRecord& stored : member.records) {
    for (const FactKind kind : kFactKindsShown) {
      const auto facts = stored.record.timeline.Of(kind);
      if (!facts.empty()) last = std::max(last, facts.back().time);
    }
  }
  return last;
}

StatusOr<v1::Profile> ViewOf(const store::Store& store, const model::TenantSettings& settings,
                             const engine::StoredMember& member, EventTime now) {
  const model::MemberView view = member.View();
  v1::Profile out;
  out.set_id(model::ToText(member.profile.id));
  out.set_state(v1::PROFILE_STATE_ACTIVE);
  out.set_display_name(DisplayName(view));
  WriteRecords(member, out);
  WriteTraits(view, out);
  const model::StatusAt status = model::StatusOf(view, now);
  out.set_status(wire::ToProto(status.status));
  if (status.valid_until != EventTime::Max()) {
    wire::Write(status.valid_until, *out.mutable_status_valid_until());
  }
  WriteTotals(view, out);
  SPOTTER_RETURN_IF_ERROR(WriteSuppressions(store, settings, view, out));
  for (const model::Membership& membership : member.profile.memberships) {
    // The engine keeps journeys' entry conditions beside segments, as "journey:ID".
    if (membership.segment.find(':') != std::string::npos) continue;
    *out.add_memberships() = wire::ToProto(membership);
  }
  WriteEnrolments(member, out);
  if (const EventTime last = LastSeen(member); last != EventTime::Min()) {
    wire::Write(last, *out.mutable_last_seen());
  }
  return out;
}

}  // namespace spotter::api
