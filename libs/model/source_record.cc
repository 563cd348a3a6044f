// SPDX-License-Identifier: Apache-2.0
#include "model/source_record.h"

#include <algorithm>
#include <tuple>

namespace spotter::model {
namespace {

constexpr Duration kLapsedAfter = Days(90);  // D4, X1
constexpr int64_t kRegularBookings = 5;      // D4
constexpr int64_t kGrowingBookings = 3;      // D12

bool Covers(const ConsentEntry& entry, std::string_view channel, std::string_view purpose) {
  const bool is_denial = entry.state == ConsentState::kDenied;
  return (entry.channel == channel || (is_denial && entry.channel.empty())) &&
         (entry.purpose == purpose || (is_denial && entry.purpose.empty()));
}

ConsentState LatestConsent(const SourceRecord& record, std::string_view channel,
                           std::string_view purpose) {
  for (auto entry = record.consents.rbegin(); entry != record.consents.rend(); ++entry) {
    if (Covers(*entry, channel, purpose)) return entry->state;
  }
  return ConsentState::kUnknown;
}

}  // namespace

const Trait* MemberView::FindTrait(AttributeId id) const {
  const Trait* latest = nullptr;
  for (const SourceRecord* record : records) {
    const auto at =
        std::lower_bound(record->traits.begin(), record->traits.end(), id,
                         [](const Trait& trait, AttributeId wanted) { return trait.id < wanted; });
    if (at == record->traits.end() || at->id != id) continue;
    if (latest == nullptr || std::tie(latest->at, latest->entity) < std::tie(at->at, at->entity)) {
      latest = &*at;
    }
  }
  return latest;
}

std::string_view MemberView::Text(AttributeId id) const {
  const Trait* trait = FindTrait(id);
  const auto* text = trait == nullptr ? nullptr : std::get_if<std::string>(&trait->value);
  return text == nullptr ? std::string_view() : *text;
}

Totals MemberView::TotalsOf(FactKind kind) const {
  Totals totals;
  for (const SourceRecord* record : records) totals.Merge(record->timeline.TotalsOf(kind));
  return totals;
}

ConsentState MemberView::Consent(std::string_view channel, std::string_view purpose) const {
  ConsentState answer = ConsentState::kUnknown;
  for (const SourceRecord* record : records) {
    answer = std::max(answer, LatestConsent(*record, channel, purpose));
  }
  return answer;  // the states ascend: unknown, granted, denied
}

const HeldIdentifier* MemberView::Contact(IdentifierType type) const {
  const HeldIdentifier* latest = nullptr;
  for (const SourceRecord* record : records) {
    for (const HeldIdentifier& held : record->identifiers) {
      if (held.type != type || !held.current || held.normalized.empty()) continue;
      if (latest == nullptr ||
          std::tie(latest->last, latest->normalized) < std::tie(held.last, held.normalized)) {
        latest = &held;
      }
    }
  }
  return latest;
}

std::string_view NameOf(MemberStatus status) {
  switch (status) {
    case MemberStatus::kNew:
      return "new";
    case MemberStatus::kActive:
      return "active";
    case MemberStatus::kRegular:
      return "regular";
    case MemberStatus::kLapsed:
      return "lapsed";
  }
  return "unknown";
}

StatusAt StatusOf(const MemberView& member, EventTime now) {
  const Totals bookings = member.TotalsOf(FactKind::booking);
  if (bookings.count == 0) return {MemberStatus::kNew};
  const EventTime lapses_at = bookings.last + kLapsedAfter;
  if (now >= lapses_at) return {MemberStatus::kLapsed};
  return {bookings.count >= kRegularBookings ? MemberStatus::kRegular : MemberStatus::kActive,
          lapses_at};
}

bool IsGrowing(const MemberView& member) {
  const int64_t bookings = member.TotalsOf(FactKind::booking).count;
  return bookings >= kGrowingBookings && bookings <= kRegularBookings;
}

}  // namespace spotter::model
