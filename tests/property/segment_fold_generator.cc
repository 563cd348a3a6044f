// SPDX-License-Identifier: Apache-2.0
//
// Filters over events, and what is folded over those that pass: text and naive meaning.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

#include "property/segment_generator.h"

namespace spotter::segment {
namespace {

using model::FactKind;

// A question to one fact at one instant: its truth, or an error.
struct FactTest {
  std::string text;
  std::function<Naive(const RandomFact& fact, int64_t now)> meaning;
};

bool IsForLife(FactKind kind) {
  return kind == FactKind::visit || kind == FactKind::booking || kind == FactKind::purchase;
}

FactTest OverAttribute(Dice& dice) {
  switch (dice.Roll(5)) {
    case 0:
      return {"e.genre == 'yoga'", [](const RandomFact& fact, int64_t) {
                return fact.genre.empty() ? kError : Bool(fact.genre == "yoga");
              }};
    case 1:
      return {"has(e.genre)",
              [](const RandomFact& fact, int64_t) { return Bool(!fact.genre.empty()); }};
    case 2: {
      const std::string op(SomeComparison(dice));
      return {fmt::format("e.quantity {} 1", op), [=](const RandomFact& fact, int64_t) {
                return fact.quantity < 0 ? kError : Bool(Holds(op, fact.quantity, 1));
              }};
    }
    case 3: {
      const std::string op(SomeComparison(dice));
      return {fmt::format("e.amount {} 301", op),
              [=](const RandomFact& fact, int64_t) { return Bool(Holds(op, fact.amount, 301)); }};
    }
    default: {
      const std::string op(SomeComparison(dice));
      const int64_t instant = SomeInstant(dice);
      return {fmt::format("e.time {} {}", op, TimeText(instant)),
              [=](const RandomFact& fact, int64_t) { return Bool(Holds(op, fact.time, instant)); }};
    }
  }
}

// Was there a visit so soon after it?
FactTest Followed(Dice& dice, const RandomMember& member) {
  const int64_t length = AgeScale(dice) / 2 + dice.Between(1, 40);
  return {fmt::format("events('visit').since(e.time).before(e.time + {}).exists()",
                      DurationText(length)),
          [&member, length](const RandomFact& fact, int64_t now) {
            const std::vector<RandomFact>& visits = member.Of(FactKind::visit);
            const int64_t end = fact.time + length;
            if (!visits.empty()) {
              const bool from_is_known =
                  fact.time <= visits.front().time || fact.time >= now - kKeep;
              const bool to_is_known = end > visits.back().time || end - 1 >= now - kKeep;
              if (!from_is_known || !to_is_known) return kError;
            }
            return Bool(std::ranges::any_of(visits, [&](const RandomFact& visit) {
              return visit.time >= fact.time && visit.time < end && visit.time <= now;
            }));
          }};
}

FactTest RandomTest(Dice& dice, const RandomMember& member, int depth) {
  if (depth > 0 && dice.OneIn(2)) {
    const FactTest a = RandomTest(dice, member, depth - 1);
    const FactTest b = RandomTest(dice, member, depth - 1);
    const bool is_and = dice.OneIn(2);
    return {fmt::format("({} {} {})", a.text, is_and ? "&&" : "||", b.text),
            [=](const RandomFact& fact, int64_t now) {
              const Naive x = a.meaning(fact, now);
              const Naive y = b.meaning(fact, now);
              for (const Naive& one : {x, y}) {
                if (one.kind == Naive::kValue && (one.value != 0) != is_and) return one;
              }
              return x.kind == Naive::kError || y.kind == Naive::kError ? kError : Bool(is_and);
            }};
  }
  switch (dice.Roll(6)) {
    case 0: {
      const std::string op(SomeComparison(dice));
      const int64_t age = AgeScale(dice) + dice.Between(-5, 40);
      return {fmt::format("now - e.time {} {}", op, DurationText(age)),
              [=](const RandomFact& fact, int64_t now) {
                return Bool(Holds(op, now - fact.time, age));
              }};
    }
    case 1:
      return Followed(dice, member);
    case 2: {
      const FactTest inner = OverAttribute(dice);
      return {fmt::format("!({})", inner.text), [=](const RandomFact& fact, int64_t now) {
                const Naive value = inner.meaning(fact, now);
                return value.kind == Naive::kError ? value : Bool(value.value == 0);
              }};
    }
    default:
      return OverAttribute(dice);
  }
}

// Events one after the other: text, and whether a fact was followed by them.
struct Sequence {
  std::string text;
  std::function<bool(int64_t time, int64_t now)> is_followed;
};

Sequence RandomSequence(Dice& dice, const RandomMember& member, int steps) {
  if (steps == 0) return {"", [](int64_t, int64_t) { return true; }};
  const FactKind kind = SomeKind(dice);
  const int64_t length = AgeScale(dice) / 2 + dice.Between(1, 40);
  const Sequence rest = RandomSequence(dice, member, steps - 1);
  return {fmt::format(".then('{}', {}){}", NameOf(kind), DurationText(length), rest.text),
          [&member, kind, length, rest](int64_t time, int64_t now) {
            return std::ranges::any_of(member.Of(kind), [&](const RandomFact& fact) {
              return fact.time > time && fact.time < time + length && fact.time <= now &&
                     rest.is_followed(fact.time, now);
            });
          }};
}

// The facts of a window that pass; nullopt: they are not all known.
struct Passing {
  std::string text;
  bool is_filtered = false;
  std::function<std::optional<std::vector<RandomFact>>(int64_t now)> facts;
};

Passing RandomPassing(Dice& dice, const RandomMember& member, bool reads_attributes) {
  const FactKind kind = SomeKind(dice);
  NaiveWindow window = RandomWindow(dice, member, kind);
  const bool is_filtered = !dice.OneIn(4);
  const bool is_sequence = dice.OneIn(3);
  reads_attributes = reads_attributes || is_filtered;
  const bool needs_end =
      (reads_attributes && IsForLife(kind)) || (is_sequence && kind != FactKind::no_show);
  while (needs_end && !window.has_end) {
    window = RandomWindow(dice, member, kind);
  }
  const FactTest test = RandomTest(dice, member, 1);
  const std::string filter = is_filtered ? fmt::format(".filter(e, {})", test.text) : "";
  const Sequence next =
      RandomSequence(dice, member, is_sequence ? static_cast<int>(dice.Between(1, 2)) : 0);
  const bool rests_on_kept = needs_end && window.is_for_life;
  return {window.text + filter + next.text, is_filtered,
          [=, &member](int64_t now) -> std::optional<std::vector<RandomFact>> {
            if (!window.is_known(now)) return std::nullopt;
            std::vector<RandomFact> passing;
            for (const RandomFact& fact : member.Of(kind)) {
              if (!window.contains(fact.time, now)) continue;
              if (rests_on_kept && now - fact.time > kKeep) return std::nullopt;
              const Naive passes = is_filtered ? test.meaning(fact, now) : Bool(true);
              if (passes.kind != Naive::kValue || passes.value == 0) continue;
              if (next.is_followed(fact.time, now)) passing.push_back(fact);
            }
            return passing;
          }};
}

// .avg(e, e.quantity) OP n: a double, so compared at once.
Generated RandomAverage(Dice& dice, const RandomMember& member) {
  const Passing passing = RandomPassing(dice, member, true);
  const std::string op(SomeComparison(dice));
  return {fmt::format("({}.avg(e, e.quantity) {} 1.5)", passing.text, op), [=](int64_t now) {
            const auto facts = passing.facts(now);
            if (!facts) return kError;
            int64_t sum = 0;
            for (const RandomFact& fact : *facts) {
              if (fact.quantity < 0) return kError;
              sum += fact.quantity;
            }
            if (facts->empty()) return op == "==" ? Bool(false) : op == "!=" ? Bool(true) : kError;
            return Bool(Holds(op, 2 * sum, 3 * static_cast<int64_t>(facts->size())));
          }};
}

}  // namespace

Generated RandomFold(Dice& dice, const RandomMember& member) {
  const auto over = [&](std::string_view reducer, auto fold) {
    const bool reads_attributes = reducer.find("e.quantity") != std::string_view::npos ||
                                  reducer.find("min") == 1 || reducer.find("max") == 1;
    const Passing passing = RandomPassing(dice, member, reads_attributes);
    return Generated{passing.text + std::string(reducer), [=](int64_t now) {
                       const auto facts = passing.facts(now);
                       return facts ? fold(*facts) : kError;
                     }};
  };
  using Facts = std::vector<RandomFact>;
  const auto size = [](const Facts& facts) {
    return Naive{Naive::kValue, static_cast<int64_t>(facts.size())};
  };
  const auto quantities = [](const Facts& facts, auto fold) {
    std::multiset<int64_t> all;
    for (const RandomFact& fact : facts) {
      if (fact.quantity < 0) return kError;
      all.insert(fact.quantity);
    }
    return fold(all);
  };
  using Numbers = std::multiset<int64_t>;
  const auto small = [&] {
    const int64_t k = dice.Between(-1, 4);
    return Constant(std::to_string(k), k);
  };
  switch (dice.Roll(9)) {
    case 0:
    case 1:
      return Compared(over(".count()", size), SomeComparison(dice), small());
    case 2:
      return over(".exists()", [](const Facts& facts) { return Bool(!facts.empty()); });
    case 3:
      return Compared(over(".sum(e, e.amount)",
                           [](const Facts& facts) {
                             int64_t sum = 0;
                             for (const RandomFact& fact : facts) sum += fact.amount;
                             return Naive{Naive::kValue, sum};
                           }),
                      SomeComparison(dice), Constant("601", 601));
    case 4:
      return Compared(over(".sum(e, e.quantity)",
                           [quantities](const Facts& facts) {
                             return quantities(facts, [](const Numbers& all) {
                               int64_t sum = 0;
                               for (const int64_t one : all) sum += one;
                               return Naive{Naive::kValue, sum};
                             });
                           }),
                      SomeComparison(dice), small());
    case 5: {
      const bool is_min = dice.OneIn(2);
      return Compared(over(is_min ? ".min(e, e.quantity)" : ".max(e, e.quantity)",
                           [quantities, is_min](const Facts& facts) {
                             return quantities(facts, [&](const Numbers& all) {
                               if (all.empty()) return Naive{Naive::kNull, 0};
                               return Naive{Naive::kValue, is_min ? *all.begin() : *all.rbegin()};
                             });
                           }),
                      SomeComparison(dice), small());
    }
    case 6:
      return Compared(over(".distinct(e, e.quantity)",
                           [quantities](const Facts& facts) {
                             return quantities(facts, [](const Numbers& all) {
                               const std::set<int64_t> different(all.begin(), all.end());
                               return Naive{Naive::kValue, static_cast<int64_t>(different.size())};
                             });
                           }),
                      SomeComparison(dice), small());
    case 7: {
      const bool is_first = dice.OneIn(2);
      const int64_t instant = SomeInstant(dice);
      return Compared(
          over(is_first ? ".first().time" : ".last().time",
               [is_first](const Facts& facts) {
                 if (facts.empty()) return kError;
                 return Naive{Naive::kValue, is_first ? facts.front().time : facts.back().time};
               }),
          SomeComparison(dice), Constant(TimeText(instant), instant));
    }
    default:
      return RandomAverage(dice, member);
  }
}

}  // namespace spotter::segment
