// SPDX-License-Identifier: Apache-2.0
//
// The canonical event: what a connector makes of a source's bytes, before the log.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "model/attribute.h"
#include "model/ids.h"

namespace spotter::model {

// number, name. The numbers are those of spotter.v1.EventKind.
#define SPOTTER_EVENT_KINDS(X) \
  X(1, member_created)         \
  X(2, member_updated)         \
  X(3, lead_enquired)          \
  X(4, referral)               \
  X(5, membership_changed)     \
  X(6, payment_method_changed) \
  X(7, booking_created)        \
  X(8, booking_changed)        \
  X(9, booking_cancelled)      \
  X(10, waitlisted)            \
  X(11, attendance)            \
  X(12, class_changed)         \
  X(13, purchase)              \
  X(14, payment_failed)        \
  X(15, refund)                \
  X(16, dispute)               \
  X(17, scan_recorded)         \
  X(18, session_pack_changed)  \
  X(19, consultation)          \
  X(20, intake_form)           \
  X(21, assessment)            \
  X(22, workout_logged)        \
  X(23, block_assigned)        \
  X(24, goal_set)              \
  X(25, checkin_form)          \
  X(26, consent_changed)       \
  X(27, message_in)            \
  X(28, message_outcome)       \
  X(29, offer_redeemed)        \
  X(30, web_or_app_event)      \
  X(31, staff_note)            \
  X(32, tag_changed)           \
  X(33, invoice_changed)

enum class EventKind : uint8_t {
  unspecified = 0,
#define X(number, name) name = number,
  SPOTTER_EVENT_KINDS(X)
#undef X
};
std::string_view NameOf(EventKind kind);
EventKind FindEventKind(std::string_view name);  // unspecified if unknown

enum class IdentifierType : uint8_t { kEmail = 1, kPhone = 2, kName = 3, kDevice = 4, kCard = 5 };
std::string_view NameOf(IdentifierType type);

// kName: normalized is "given family", case-folded, diacritics removed.
struct Identifier {
  IdentifierType type = IdentifierType::kEmail;
  std::string raw;
  std::string normalized;  // "" = could not be normalised: kept, never linked on
  uint32_t normalizer_version = 0;
  friend bool operator==(const Identifier&, const Identifier&) = default;
};

// The thing in the source system that the event is about: this booking, this payment.
// With an empty id the event is its own entity (its id is the source event id).
struct EntityReference {
  std::string type;  // "booking", "payment", "member", "membership", ... (see entity.h)
  std::string id;
  int64_t version = 0;    // the source's version; 0 = the source has none
  EventTime update_time;  // the source's update time; 0 ms = none
  friend bool operator==(const EntityReference&, const EntityReference&) = default;
};

struct Field {
  std::string name;
  Scalar value;
  friend bool operator==(const Field&, const Field&) = default;
};

struct MemberEvent {
  TenantId tenant;
  std::string source;           // "square", "stripe", "mindbody", ...; as declared for the tenant
  std::string source_event_id;  // unique within the source
  EventKind kind = EventKind::unspecified;
  EventTime event_time;
  EntityReference entity;
  // The source's own id of the customer, unaltered. Empty: the entity's owner is looked up.
  std::string customer_id;
  std::vector<Identifier> identifiers;
  std::string site;
  AttributeSet attributes;
  std::vector<Field> fields;  // free fields, ascending by name
  bool backfill = false;      // an import: never starts a journey, never sends
  friend bool operator==(const MemberEvent&, const MemberEvent&) = default;
};

}  // namespace spotter::model
