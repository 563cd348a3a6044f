// SPDX-License-Identifier: Apache-2.0
//
// Random members and random expressions with a second, naive meaning: an expression is a text and
// a function of an instant, written from the language's page by looking at every fact.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "segment/expression.h"
#include "unit/segment/member_builder.h"

namespace spotter::segment {

// SplitMix64: the same numbers everywhere.
class Dice {
 public:
  explicit Dice(uint64_t seed) : state_(seed) {}
  uint64_t Roll(uint64_t sides) {
    state_ += 0x9E3779B97F4A7C15;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return (z ^ (z >> 31)) % sides;
  }
  int64_t Between(int64_t least, int64_t most) {
    return least + static_cast<int64_t>(Roll(static_cast<uint64_t>(most - least + 1)));
  }
  bool OneIn(uint64_t n) { return Roll(n) == 0; }

 private:
  uint64_t state_;
};

// An int, a bool, a time or a span in milliseconds; or an error, or null.
struct Naive {
  enum Kind : uint8_t { kValue, kNull, kError } kind = kValue;
  int64_t value = 0;
};
struct Generated {
  std::string text;
  std::function<Naive(int64_t now)> meaning;
};

inline constexpr int64_t kBase = 1'780'000'000'000;  // the first instant looked at
inline constexpr int64_t kHorizon = 60;              // milliseconds looked at from there

struct RandomFact {
  model::FactKind kind;
  int64_t time;
  int64_t amount;
};

// One member, as the builder makes her and as a plain list.
struct RandomMember {
  std::vector<std::vector<RandomFact>> records;
  std::vector<int64_t> segment_flips;  // ascending: segment('a') changes at each
  bool has_plan = false;
  bool has_joined_at = false;
  int64_t joined_at = 0;

  explicit RandomMember(Dice& dice);
  MemberBuilder Build() const;
  std::vector<RandomFact> Of(model::FactKind kind) const;  // ascending by time
};

Generated RandomBool(Dice& dice, const RandomMember& member, int depth);

}  // namespace spotter::segment
