// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/hash.h"

namespace spotter::state {

// What a hash element is of; the number is part of the hash.
enum class Element : uint8_t {
  kRecord = 0,  // source, customer id, owner
  kEntity = 1,
  kIdentifier = 2,
  kRetired = 3,
  kProfile = 4,     // records, founder, redirect
  kMembership = 5,  // and transitions
  kDue = 6,         // the armed timer
  kEnrolment = 7,
  kSent = 8,
  kOutbox = 9,
  kSequence = 10,
  kDefinition = 11,  // tenants, segments, journeys, subscriptions, zones
  kSuppression = 12,
  kAnswer = 13,
  kRefusal = 14,
  kOrphan = 15,
  kDeadLetter = 16,
  kAssertion = 17,
  kAudit = 18,
  kProgress = 19,  // and segments' counts
  kConsents = 20,  // a record's consent ledger
};
inline constexpr int kElements = 21;

// Per kind of element, the sum (mod 2^128) of the hashes of all elements in our canonical
// encoding. Adding and subtracting keep it current, so two replicas compare in O(1).
class StateHash {
 public:
  void Add(Element element, std::string_view tenant, std::string_view key, std::string_view value);
  void Subtract(Element element, std::string_view tenant, std::string_view key,
                std::string_view value);
  // All elements of another hash.
  void Add(const StateHash& other);
  void Subtract(const StateHash& other);
  Hash128 Of(Element element) const { return sums_[static_cast<size_t>(element)]; }
  // One hash over all kinds.
  Hash128 Total() const;
  // Of the facts alone (entities and retired totals): the "facts hash".
  Hash128 Facts() const;
  // The first kind in which the two differ, by name; "" if none.
  static std::string FirstDifference(const StateHash& a, const StateHash& b);
  friend bool operator==(const StateHash&, const StateHash&) = default;

  std::array<Hash128, kElements>& sums() { return sums_; }
  const std::array<Hash128, kElements>& sums() const { return sums_; }

 private:
  std::array<Hash128, kElements> sums_{};
};

}  // namespace spotter::state
