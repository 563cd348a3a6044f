// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "model/event.h"
#include "model/timeline.h"

namespace spotter::model {

// An identifier a record carries, with the event times at which it was first and last given.
struct HeldIdentifier {
  IdentifierType type = IdentifierType::kEmail;
  std::string normalized;
  std::string raw;
  EventTime first;
  EventTime last;
  bool current = true;  // false: a newer event of the record gave another value
  friend bool operator==(const HeldIdentifier&, const HeldIdentifier&) = default;
};

enum class ConsentState : uint8_t { kUnknown = 0, kGranted = 1, kDenied = 2 };

// One line of the consent ledger; the ledger is append-only and kept for life.
struct ConsentEntry {
  std::string channel;  // "sms", "email", "push"
  std::string purpose;  // "marketing", "health", ...
  ConsentState state = ConsentState::kUnknown;
  EventTime time;
  std::string source;   // where it was given
  std::string text;     // the exact copy shown
  uint64_t entity = 0;  // the entity that said so
  friend bool operator==(const ConsentEntry&, const ConsentEntry&) = default;
};

struct Trait {
  AttributeId id;
  Scalar value;
  EventTime at;         // event time of the change; the latest wins
  uint64_t entity = 0;  // ties
  friend bool operator==(const Trait&, const Trait&) = default;
};

// One customer in one source system: the unit that facts are stored under and that identity
// groups into profiles.
struct SourceRecord {
  RecordKey key;
  std::string source;
  std::string customer_id;
  int64_t created_offset = 0;               // log offset of its first event
  std::vector<HeldIdentifier> identifiers;  // ascending by (type, normalized)
  Timeline timeline;
  std::vector<Trait> traits;           // derived from the timeline; ascending by id
  std::vector<ConsentEntry> consents;  // ascending by (time, entity)
  std::vector<std::string> tags;       // ascending
};

// A member as rules see one: the records of one profile. Cheap to copy; borrows the records.
struct MemberView {
  ProfileId profile;
  std::span<const SourceRecord* const> records;  // ascending by key, never empty

  const Trait* FindTrait(AttributeId id) const;  // the latest over the records; nullptr: none
  std::string_view Text(AttributeId id) const;   // "" if absent
  Totals TotalsOf(FactKind kind) const;
  // The latest entry of each record counts, and of the records the most restrictive: granted by one
  // and denied by none; denied if any. A denial may leave channel or purpose empty (all of them); a
  // grant covers only what it names.
  ConsentState Consent(std::string_view channel, std::string_view purpose) const;
  // The current e-mail or phone given last; nullptr: none.
  const HeldIdentifier* Contact(IdentifierType type) const;
};

// The status pill of D4 by X1: Lapsed > Regular > Active > New, at instant `now`, with the next
// instant at which it can change without an event (Max() = never).
enum class MemberStatus : uint8_t { kNew, kActive, kRegular, kLapsed };
std::string_view NameOf(MemberStatus status);
struct StatusAt {
  MemberStatus status = MemberStatus::kNew;
  EventTime valid_until = EventTime::Max();
};
StatusAt StatusOf(const MemberView& member, EventTime now);

// The growing filter (X2): 3 to 5 lifetime bookings; not a status, it overlaps Regular at 5.
bool IsGrowing(const MemberView& member);

}  // namespace spotter::model
