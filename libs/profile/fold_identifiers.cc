// SPDX-License-Identifier: Apache-2.0
#include "profile/fold_identifiers.h"

#include <algorithm>
#include <tuple>

namespace spotter::profile {
namespace {

using model::AttributeId;
using model::ConsentEntry;
using model::ConsentState;
using model::HeldIdentifier;
using model::Identifier;
using model::IdentifierType;
using model::MemberEvent;

bool IsBefore(const HeldIdentifier& held, const Identifier& given) {
  return std::tie(held.type, held.normalized) < std::tie(given.type, given.normalized);
}

void Hold(const Identifier& given, EventTime time, std::vector<HeldIdentifier>& held) {
  const auto at = std::lower_bound(held.begin(), held.end(), given, IsBefore);
  if (at == held.end() || at->type != given.type || at->normalized != given.normalized) {
    held.insert(at, {given.type, given.normalized, given.raw, time, time});
    return;
  }
  if (time > at->last || (time == at->last && given.raw > at->raw)) at->raw = given.raw;
  at->first = std::min(at->first, time);
  at->last = std::max(at->last, time);
}

// A person has one e-mail, phone and name at a time: those given last. Devices and cards add up.
bool IsReplacedByNewer(IdentifierType type) {
  return type == IdentifierType::kEmail || type == IdentifierType::kPhone ||
         type == IdentifierType::kName;
}

void MarkCurrent(std::vector<HeldIdentifier>& held) {
  for (HeldIdentifier& one : held) {
    one.current = true;
    if (!IsReplacedByNewer(one.type) || one.normalized.empty()) continue;
    for (const HeldIdentifier& other : held) {
      const bool replaces =
          other.type == one.type && !other.normalized.empty() && other.last > one.last;
      if (replaces) one.current = false;
    }
  }
}

ConsentState ParseState(std::string_view text) {
  if (text == "granted") return ConsentState::kGranted;
  if (text == "denied") return ConsentState::kDenied;
  return ConsentState::kUnknown;
}

bool SaysTheSame(const ConsentEntry& a, const ConsentEntry& b) {
  return a.entity == b.entity && a.channel == b.channel && a.purpose == b.purpose &&
         a.state == b.state && a.source == b.source && a.text == b.text;
}

// At one instant a denial stands behind a grant, whoever said them and in whatever order they came:
// the last line counts.
auto OrderOf(const ConsentEntry& entry) {
  return std::tie(entry.time, entry.state, entry.entity, entry.channel, entry.purpose, entry.source,
                  entry.text);
}

}  // namespace

void FoldIdentifiers(const MemberEvent& event, std::vector<HeldIdentifier>& held) {
  for (const Identifier& given : event.identifiers) Hold(given, event.event_time, held);
  MarkCurrent(held);
}

bool FoldConsent(const MemberEvent& event, uint64_t entity, std::vector<ConsentEntry>& ledger) {
  ConsentEntry entry;
  entry.channel = event.attributes.Text(AttributeId::channel);
  entry.purpose = event.attributes.Text(AttributeId::purpose);
  entry.state = ParseState(event.attributes.Text(AttributeId::consent_state));
  entry.time = event.event_time;
  entry.source = event.attributes.Text(AttributeId::consent_source);
  if (entry.source.empty()) entry.source = event.source;
  entry.text = event.attributes.Text(AttributeId::consent_text);
  entry.entity = entity;

  const auto at = std::upper_bound(
      ledger.begin(), ledger.end(), entry,
      [](const ConsentEntry& a, const ConsentEntry& b) { return OrderOf(a) < OrderOf(b); });
  // The line before it about the same; an entity that says again what it said is no news.
  const auto before =
      std::find_if(std::make_reverse_iterator(at), ledger.rend(), [&](const ConsentEntry& earlier) {
        return earlier.entity == entry.entity && earlier.channel == entry.channel &&
               earlier.purpose == entry.purpose;
      });
  if (before != ledger.rend() && SaysTheSame(*before, entry)) return false;
  ledger.insert(at, std::move(entry));
  return true;
}

}  // namespace spotter::profile
