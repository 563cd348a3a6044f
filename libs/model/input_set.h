// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/time.h"
#include "model/attribute.h"
#include "model/entity.h"

namespace spotter::model {

// A set over what rules read of a member: fact kinds, traits, consent. Traits share bits, so a set
// may seem to hold a trait that it does not; never the reverse.
class InputSet {
 public:
  constexpr InputSet() = default;
  static constexpr InputSet FromBits(uint64_t bits) { return InputSet(bits); }
  static constexpr InputSet All() { return InputSet(~uint64_t{0}); }
  static constexpr InputSet Of(FactKind kind) { return Bit(static_cast<unsigned>(kind)); }
  static constexpr InputSet Of(AttributeId trait) {
    return Bit(kFactKinds + static_cast<unsigned>(trait) % (64 - kFactKinds));
  }
  static constexpr InputSet Consent() { return Of(FactKind::unspecified); }  // no fact has it

  constexpr uint64_t bits() const { return bits_; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr bool Meets(InputSet other) const { return (bits_ & other.bits_) != 0; }
  constexpr InputSet Without(InputSet other) const { return InputSet(bits_ & ~other.bits_); }
  constexpr InputSet& operator|=(InputSet other) {
    bits_ |= other.bits_;
    return *this;
  }
  friend constexpr bool operator==(InputSet, InputSet) = default;

 private:
  constexpr explicit InputSet(uint64_t bits) : bits_(bits) {}
  static constexpr InputSet Bit(unsigned bit) { return InputSet(uint64_t{1} << bit); }
  static_assert(kFactKinds < 64);

  uint64_t bits_ = 0;
};

// At which instant each input was last touched. At most one entry an input.
class Touches {
 public:
  struct Entry {
    EventTime at;
    InputSet inputs;
    friend bool operator==(const Entry&, const Entry&) = default;
  };

  // `at` is not before any earlier one.
  void Touch(EventTime at, InputSet inputs);
  // When one of the inputs was last touched; EventTime{0} if never.
  EventTime Last(InputSet inputs) const;
  const std::vector<Entry>& entries() const { return entries_; }  // ascending by time
  // For decoding a stored record.
  void Restore(std::vector<Entry> entries) { entries_ = std::move(entries); }
  friend bool operator==(const Touches&, const Touches&) = default;

 private:
  std::vector<Entry> entries_;
};

}  // namespace spotter::model
