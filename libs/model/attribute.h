// SPDX-License-Identifier: Apache-2.0
//
// Typed attributes of events, entities and members. An AttributeId is the field number of the
// same-named field of spotter.v1.Attributes (a test compares the two), so it never changes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/status.h"
#include "base/time.h"

namespace spotter::model {

using Scalar = std::variant<bool, int64_t, double, std::string, EventTime>;
enum class ScalarType : uint8_t { kBool, kInt, kDouble, kString, kTime };  // Scalar's index

std::string ToText(const Scalar& value);

// id, name, type, is_trait (an attribute that segments and tokens may read as member.NAME)
#define SPOTTER_ATTRIBUTES(X)             \
  X(1, class_id, kString, false)          \
  X(2, class_title, kString, false)       \
  X(3, genre, kString, false)             \
  X(4, instructor, kString, false)        \
  X(5, location, kString, false)          \
  X(6, class_start, kTime, false)         \
  X(7, class_end, kTime, false)           \
  X(8, status, kString, false)            \
  X(9, amount_minor, kInt, false)         \
  X(10, currency, kString, false)         \
  X(11, refunded_minor, kInt, false)      \
  X(12, payment_id, kString, false)       \
  X(13, booking_id, kString, false)       \
  X(14, order_id, kString, false)         \
  X(15, reason, kString, false)           \
  X(16, fee_kept, kBool, false)           \
  X(17, item, kString, false)             \
  X(18, quantity, kInt, false)            \
  X(19, payer_id, kString, false)         \
  X(20, given_name, kString, true)        \
  X(21, family_name, kString, true)       \
  X(22, home_site, kString, true)         \
  X(23, time_zone, kString, true)         \
  X(24, language, kString, true)          \
  X(25, joined_at, kTime, true)           \
  X(26, birth_date, kString, true)        \
  X(27, postal_code, kString, true)       \
  X(28, jurisdiction, kString, true)      \
  X(29, lead_source, kString, true)       \
  X(30, referrer, kString, true)          \
  X(31, membership_status, kString, true) \
  X(32, payment_status, kString, true)    \
  X(33, plan, kString, true)              \
  X(34, contract_end, kTime, true)        \
  X(35, auto_renews, kBool, true)         \
  X(36, card_last_four, kString, false)   \
  X(37, card_expiry, kString, false)      \
  X(38, goal, kString, true)              \
  X(39, goal_tag, kString, true)          \
  X(40, trainer, kString, true)           \
  X(41, sessions_total, kInt, true)       \
  X(42, sessions_remaining, kInt, true)   \
  X(43, block_start, kTime, true)         \
  X(44, block_end, kTime, true)           \
  X(45, adherence, kInt, true)            \
  X(46, energy, kInt, true)               \
  X(47, score, kDouble, false)            \
  X(48, channel, kString, false)          \
  X(49, purpose, kString, false)          \
  X(50, consent_state, kString, false)    \
  X(51, consent_text, kString, false)     \
  X(52, consent_source, kString, false)   \
  X(53, text, kString, false)             \
  X(54, action_id, kString, false)        \
  X(55, outcome, kString, false)          \
  X(56, cost_minor, kInt, false)          \
  X(57, offer_id, kString, false)         \
  X(58, tag, kString, false)              \
  X(59, removed, kBool, false)            \
  X(60, staff_id, kString, false)         \
  X(61, device_id, kString, false)        \
  X(62, credential, kString, false)       \
  X(63, granted, kBool, false)            \
  X(64, weight_kg, kDouble, false)        \
  X(65, body_fat_percent, kDouble, false) \
  X(66, muscle_kg, kDouble, false)        \
  X(67, waitlist_position, kInt, false)   \
  X(68, completed, kBool, false)          \
  X(69, name, kString, false)             \
  X(70, avatar_url, kString, true)        \
  X(71, url, kString, false)              \
  X(72, contact, kString, false)          \
  X(73, preferred_time, kString, true)

enum class AttributeId : uint16_t {
#define X(id, name, type, trait) name = id,
  SPOTTER_ATTRIBUTES(X)
#undef X
};

struct AttributeInfo {
  AttributeId id;
  std::string_view name;
  ScalarType type;
  bool is_trait;
};
std::span<const AttributeInfo> AllAttributes();             // ascending by id
const AttributeInfo* FindAttribute(std::string_view name);  // nullptr: unknown
const AttributeInfo& InfoOf(AttributeId id);

struct Attribute {
  AttributeId id;
  Scalar value;
  friend bool operator==(const Attribute&, const Attribute&) = default;
};

// Attributes ascending by id, each at most once.
class AttributeSet {
 public:
  AttributeSet() = default;
  AttributeSet(std::initializer_list<Attribute> attributes);
  void Set(AttributeId id, Scalar value);
  const Scalar* Find(AttributeId id) const;     // nullptr: absent
  std::string_view Text(AttributeId id) const;  // "" if absent or not a string
  int64_t Int(AttributeId id, int64_t otherwise = 0) const;
  std::optional<EventTime> TimeOf(AttributeId id) const;
  bool Flag(AttributeId id) const;  // false if absent
  // Values of `newer` win; what it lacks stays.
  void Overlay(const AttributeSet& newer);
  bool empty() const { return items_.empty(); }
  std::span<const Attribute> items() const { return items_; }
  friend bool operator==(const AttributeSet&, const AttributeSet&) = default;

 private:
  std::vector<Attribute> items_;
};

}  // namespace spotter::model
