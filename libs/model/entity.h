// SPDX-License-Identifier: Apache-2.0
//
// Entities and the facts they stand for. An entity is one thing in one source (this booking, this
// payment), always in its newest known state; facts are what segments count: a completed booking
// is the facts `booking` and `visit`. The table of fact kinds is here and nowhere else.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/codec.h"
#include "model/attribute.h"
#include "model/event.h"

namespace spotter::model {

// number, name in events('NAME')
#define SPOTTER_FACT_KINDS(X) \
  X(1, visit)                 \
  X(2, booking)               \
  X(3, no_show)               \
  X(4, late_cancel)           \
  X(5, cancellation)          \
  X(6, purchase)              \
  X(7, refund)                \
  X(8, payment_failed)        \
  X(9, dispute)               \
  X(10, signup)               \
  X(11, lead)                 \
  X(12, referral)             \
  X(13, scan)                 \
  X(14, waitlist)             \
  X(15, session_pack)         \
  X(16, consultation)         \
  X(17, intake_form)          \
  X(18, assessment)           \
  X(19, workout)              \
  X(20, block)                \
  X(21, goal)                 \
  X(22, checkin_form)         \
  X(23, consent)              \
  X(24, message_in)           \
  X(25, message_outcome)      \
  X(26, offer_redeemed)       \
  X(27, app_event)            \
  X(28, staff_note)           \
  X(29, membership)           \
  X(30, payment_method)       \
  X(31, class_change)         \
  X(32, tag)                  \
  X(33, invoice)              \
  X(34, profile_update)

enum class FactKind : uint8_t {
  unspecified = 0,
#define X(number, name) name = number,
  SPOTTER_FACT_KINDS(X)
#undef X
};
inline constexpr int kFactKinds = 35;
std::string_view NameOf(FactKind kind);
FactKind FindFactKind(std::string_view name);  // unspecified if unknown

// The kinds whose first, last, count and sum are kept for life.
bool IsLifetime(FactKind kind);  // visit, booking, purchase, refund, dispute

// Which event gave an attribute its value. States of an entity are ordered by (version, tie).
struct AttributeStamp {
  AttributeId id;
  int64_t version = 0;
  uint64_t tie = 0;
  EventTime time;  // event time
  friend bool operator==(const AttributeStamp&, const AttributeStamp&) = default;
};

// True for types that describe the member as she is (member, membership, goal, ...): kept for life.
bool IsLasting(std::string_view entity_type);

struct Entity {
  uint64_t id = 0;  // hash of (source, type, source id), unique within its source record
  EventKind last_kind = EventKind::unspecified;  // of the newest event that changed it
  EventTime time;            // earliest event time: when it was booked, paid, created
  int64_t version = 0;       // the source's version, else its update time, else the event time
  uint64_t version_tie = 0;  // hash of the source event id
  EventTime changed_at;      // event time of the newest state (refunds, status)
  AttributeSet attributes;
  // Attributes that the newest event did not carry, ascending by id: a late event may still
  // overwrite them, so that the entity does not depend on the order of arrival.
  std::vector<AttributeStamp> older;
  // Only without a version: hashes of the ids of the last events that changed it, in order.
  std::vector<uint64_t> seen_events;
  std::string type;  // "booking", "payment", "member", ...
  friend bool operator==(const Entity&, const Entity&) = default;
};

// Event time at which an attribute that the entity has got its value.
EventTime SetAt(const Entity& entity, AttributeId id);

uint64_t MakeEntityId(std::string_view source, std::string_view type, std::string_view id);

// One fact: an entry of the timeline. Amounts are signed minor units.
struct Fact {
  FactKind kind = FactKind::unspecified;
  EventTime time;
  uint64_t entity = 0;
  int64_t amount_minor = 0;
  uint32_t currency = 0;  // "USD" packed big endian; 0 = none
  friend auto operator<=>(const Fact&, const Fact&) = default;
};
uint32_t PackCurrency(std::string_view code);  // 0 unless three letters; upper-cased
std::string UnpackCurrency(uint32_t currency);

// The facts that an entity in this state stands for (at most 3). Types and the statuses that count:
//   booking     booked | completed | no_show | late_cancel | cancelled | refunded; a cancelled one
//               counts as a booking only if the fee was kept (fee_kept)
//   attendance  completed | no_show | late_cancel: a check-in that belongs to no booking
//   payment     completed | succeeded | failed; refunded_minor is what was given back of it
//   refund      completed | succeeded      dispute  lost      invoice  payment_failed
// An entity of another type of facts.cc is one fact; of an unknown type, none. The ledger of X4 and
// X26: a completed paid purchase adds, refunds and lost disputes subtract, cancelled bookings count
// not.
void FactsOf(const Entity& entity, std::vector<Fact>& facts);

void Encode(const Entity& entity, Encoder& out);
Entity DecodeEntity(Decoder& in);
void Encode(const AttributeSet& attributes, Encoder& out);
AttributeSet DecodeAttributes(Decoder& in);

}  // namespace spotter::model
