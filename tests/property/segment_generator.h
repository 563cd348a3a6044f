// SPDX-License-Identifier: Apache-2.0
//
// Random members and random expressions with a second, naive meaning: an expression is a text and
// a function of an instant, written from the language's page by looking at every fact.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
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

// The first instant looked at: 20 milliseconds before Monday, 1 June 2026 begins in UTC.
inline constexpr int64_t kBase = 1'780'271'999'980;
inline constexpr int64_t kHorizon = 60;  // milliseconds looked at from there

struct RandomFact {
  model::FactKind kind;
  int64_t time;
  int64_t amount = 0;
  int64_t quantity = -1;  // -1: the event lacks it
  std::string genre;      // "": the event lacks it
};

// "Test/Zone", which is every member's: its offsets, and the instants between them.
struct RandomZone final : ZoneLookup {
  std::vector<int64_t> changes;  // ascending
  std::vector<int64_t> offsets;  // seconds; one more than changes

  explicit RandomZone(Dice& dice);
  std::optional<ZoneOffset> OffsetAt(std::string_view zone, EventTime at) const override;
  std::string_view ZoneOf(const model::MemberView&) const override { return "Test/Zone"; }
  int64_t LocalAt(int64_t now) const;
  int64_t InstantOf(int64_t local) const;  // the first at which clocks show it or more
};

// One member, as the builder makes her and as a plain list.
struct RandomMember {
  std::vector<std::vector<RandomFact>> records;
  std::vector<int64_t> segment_flips;  // ascending: segment('a') changes at each
  bool has_plan = false;
  bool has_joined_at = false;
  int64_t joined_at = 0;
  RandomZone zone;

  explicit RandomMember(Dice& dice);
  // A fact is taken back, one comes late, or another member's records become hers.
  void Change(Dice& dice);
  MemberBuilder Build() const;
  const std::vector<RandomFact>& Of(model::FactKind kind) const;  // ascending by time

 private:
  void Sort();
  std::map<model::FactKind, std::vector<RandomFact>> sorted_;
};

// A window as a question to one fact at one instant, and whether it can be answered then.
struct NaiveWindow {
  std::string text;
  std::function<bool(int64_t time, int64_t now)> contains;
  std::function<bool(int64_t now)> is_known;
  bool has_end = true;       // something bounds it to the past
  bool is_for_life = false;  // nothing but an instant does
};

inline constexpr int64_t kDay = 24 * 60 * 60 * 1000;
inline constexpr int64_t kKeep = 400 * kDay;
inline constexpr Naive kError{Naive::kError, 0};
inline Naive Bool(bool value) { return {Naive::kValue, value ? 1 : 0}; }
std::string DurationText(int64_t ms);
std::string TimeText(int64_t ms);
int64_t AgeScale(Dice& dice);     // zero, or the length of some window
int64_t SomeInstant(Dice& dice);  // near those looked at, or that much earlier
model::FactKind SomeKind(Dice& dice);
bool Holds(std::string_view op, int64_t a, int64_t b);
std::string_view SomeComparison(Dice& dice);
Generated Constant(std::string text, int64_t value);
Generated Compared(const Generated& a, std::string_view op, const Generated& b);

// Meanings refer to the member: they follow her changes.
NaiveWindow RandomWindow(Dice& dice, const RandomMember& member, model::FactKind kind);
Generated RandomCalendar(Dice& dice, const RandomMember& member);  // a bool
Generated RandomFold(Dice& dice, const RandomMember& member);      // a bool over filters and sums
Generated RandomBool(Dice& dice, const RandomMember& member, int depth);

}  // namespace spotter::segment
