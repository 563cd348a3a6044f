// SPDX-License-Identifier: Apache-2.0
#include "property/segment_generator.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

namespace spotter::segment {
namespace {

using model::FactKind;

constexpr std::array kKinds = {FactKind::visit, FactKind::booking, FactKind::purchase,
                               FactKind::no_show, FactKind::signup};

bool LastsForLife(FactKind kind) { return kind != FactKind::no_show; }

}  // namespace

std::string DurationText(int64_t ms) {
  if (ms % kDay == 0 && ms != 0) return fmt::format("days({})", ms / kDay);
  return fmt::format("duration('{}ms')", ms);
}
std::string TimeText(int64_t ms) { return fmt::format("timestamp('{}')", FormatTime({ms})); }

// Near the instants looked at, seen through a window of `age`.
int64_t AgeScale(Dice& dice) {
  constexpr std::array<int64_t, 5> kScales = {0, 0, 30 * kDay, 90 * kDay, kKeep};
  return kScales[dice.Roll(kScales.size())];
}
int64_t SomeInstant(Dice& dice) {
  return kBase - AgeScale(dice) + dice.Between(-kHorizon, 2 * kHorizon);
}

bool Holds(std::string_view op, int64_t a, int64_t b) {
  if (op == "==") return a == b;
  if (op == "!=") return a != b;
  if (op == "<") return a < b;
  if (op == "<=") return a <= b;
  return op == ">" ? a > b : a >= b;
}
std::string_view SomeComparison(Dice& dice) {
  constexpr std::array<std::string_view, 6> kOps = {"==", "!=", "<", "<=", ">", ">="};
  return kOps[dice.Roll(kOps.size())];
}

Generated Compared(const Generated& a, std::string_view op, const Generated& b) {
  return {fmt::format("({} {} {})", a.text, op, b.text), [=, op = std::string(op)](int64_t now) {
            const Naive x = a.meaning(now);
            const Naive y = b.meaning(now);
            if (x.kind == Naive::kError || y.kind == Naive::kError) return kError;
            if (x.kind == Naive::kValue && y.kind == Naive::kValue) {
              return Bool(Holds(op, x.value, y.value));
            }
            if (op == "==") return Bool(x.kind == y.kind);
            if (op == "!=") return Bool(x.kind != y.kind);
            return kError;
          }};
}

Generated Constant(std::string text, int64_t value) {
  return {std::move(text), [value](int64_t) { return Naive{Naive::kValue, value}; }};
}

FactKind SomeKind(Dice& dice) { return kKinds[dice.Roll(kKinds.size())]; }

// --- events ---------------------------------------------------------------------------------

// What lies further back than the timeline is known only if all facts lie on one side of it.
NaiveWindow RandomWindow(Dice& dice, const RandomMember& member, FactKind kind) {
  const std::string events = fmt::format("events('{}')", NameOf(kind));
  const auto first = [&member, kind] {
    const auto& facts = member.Of(kind);
    return facts.empty() ? std::numeric_limits<int64_t>::max() : facts.front().time;
  };
  const auto last = [&member, kind] {
    const auto& facts = member.Of(kind);
    return facts.empty() ? std::numeric_limits<int64_t>::min() : facts.back().time;
  };
  const bool is_for_life = LastsForLife(kind);
  const auto always = [](int64_t) { return true; };
  const auto is_kept = [=](int64_t time, int64_t now) {
    return time <= now && (is_for_life || now - time < kKeep);
  };
  const auto reaches = [=](int64_t bound, int64_t now) { return bound >= now - kKeep; };
  switch (dice.Roll(8)) {
    case 0:
      return {events, is_kept, always, /*has_end=*/!is_for_life, is_for_life};
    case 1:
    case 2: {
      const int64_t scale = AgeScale(dice);
      const int64_t most = std::min(kKeep, scale + dice.Between(1, 40));
      return {fmt::format("{}.within({})", events, DurationText(most)),
              [=](int64_t time, int64_t now) { return time <= now && now - time < most; }, always};
    }
    case 3: {
      const int64_t near = AgeScale(dice) == kKeep ? 7 * kDay : dice.Between(0, 20);
      const int64_t most = std::min(kKeep, near + dice.Between(1, 40) + AgeScale(dice));
      return {fmt::format("{}.between({}, {})", events, DurationText(near), DurationText(most)),
              [=](int64_t time, int64_t now) { return now - time >= near && now - time < most; },
              always};
    }
    case 4: {
      const bool is_trait = dice.OneIn(3);
      const int64_t bound = is_trait ? member.joined_at : SomeInstant(dice);
      const bool is_there = !is_trait || member.has_joined_at;
      return {fmt::format("{}.since({})", events, is_trait ? "member.joined_at" : TimeText(bound)),
              [=](int64_t time, int64_t now) { return time >= bound && is_kept(time, now); },
              [=](int64_t now) {
                return is_there && (!is_for_life || bound <= first() || reaches(bound, now));
              },
              /*has_end=*/true, is_for_life};
    }
    case 5: {
      const int64_t bound = SomeInstant(dice);
      return {
          fmt::format("{}.before({})", events, TimeText(bound)),
          [=](int64_t time, int64_t now) { return time < bound && is_kept(time, now); },
          [=](int64_t now) { return !is_for_life || bound > last() || reaches(bound - 1, now); },
          /*has_end=*/!is_for_life, is_for_life};
    }
    case 6: {
      const int64_t age = AgeScale(dice) % kKeep + dice.Between(-5, 40);
      const int64_t end = dice.Between(-5, 20);
      return {fmt::format("{}.since(now - {}).before(now - {})", events, DurationText(age),
                          DurationText(end)),
              [=](int64_t time, int64_t now) {
                return time >= now - age && time < now - end && time <= now;
              },
              always};
    }
    default: {
      const int64_t most = AgeScale(dice) % kKeep + dice.Between(1, 40);
      const int64_t bound = SomeInstant(dice);
      return {
          fmt::format("{}.within({}).since({} ? {} : now)", events, DurationText(most),
                      member.has_plan ? "has(member.plan)" : "!has(member.plan)", TimeText(bound)),
          [=](int64_t time, int64_t now) {
            return time <= now && now - time < most && time >= bound;
          },
          always};
    }
  }
}

namespace {

Generated RandomCount(Dice& dice, const RandomMember& member) {
  const FactKind kind = SomeKind(dice);
  if (kind == FactKind::visit && dice.OneIn(6)) {
    return {"member.avg_classes_per_month", [&member, kind](int64_t now) {
              const auto count =
                  std::ranges::count_if(member.Of(kind), [now](const RandomFact& fact) {
                    return fact.time <= now && now - fact.time < 30 * kDay;
                  });
              return Naive{Naive::kValue, count};
            }};
  }
  const NaiveWindow window = RandomWindow(dice, member, kind);
  return {window.text + ".count()", [window, &member, kind](int64_t now) {
            if (!window.is_known(now)) return kError;
            const auto count = std::ranges::count_if(member.Of(kind), [&](const RandomFact& fact) {
              return window.contains(fact.time, now);
            });
            return Naive{Naive::kValue, count};
          }};
}

// .first() or .last(), as an event that may be null, or one of its fields.
Generated RandomEdge(Dice& dice, const RandomMember& member, std::string_view field) {
  const FactKind kind = SomeKind(dice);
  const NaiveWindow window = RandomWindow(dice, member, kind);
  const bool is_first = dice.OneIn(2);
  const std::string text = window.text + (is_first ? ".first()" : ".last()") + std::string(field);
  return {text, [=, field = std::string(field), &member](int64_t now) {
            if (!window.is_known(now)) return kError;
            const RandomFact* found = nullptr;
            for (const RandomFact& fact : member.Of(kind)) {
              if (!window.contains(fact.time, now)) continue;
              if (found == nullptr || !is_first) found = &fact;
            }
            if (found == nullptr) return field.empty() ? Naive{Naive::kNull, 0} : kError;
            if (field == ".amount" && kind != FactKind::signup && now - found->time > kKeep) {
              return kError;
            }
            return Naive{Naive::kValue, field == ".amount" ? found->amount : found->time};
          }};
}

// --- times ----------------------------------------------------------------------------------

Generated RandomTime(Dice& dice, const RandomMember& member, int depth) {
  const Generated now{"now", [](int64_t t) { return Naive{Naive::kValue, t}; }};
  switch (dice.Roll(depth > 0 ? 6 : 4)) {
    case 0:
      return now;
    case 1: {
      const int64_t instant = SomeInstant(dice);
      return Constant(TimeText(instant), instant);
    }
    case 2:
      return {"member.joined_at", [has = member.has_joined_at, time = member.joined_at](int64_t) {
                return has ? Naive{Naive::kValue, time} : kError;
              }};
    case 3:
      return RandomEdge(dice, member, ".time");
    default: {
      const Generated base = RandomTime(dice, member, depth - 1);
      const Generated other = RandomTime(dice, member, depth - 1);
      // now + (now - x) moves twice as fast.
      const bool is_plus = dice.OneIn(2);
      const int64_t shift = dice.Between(-30, 30);
      return {fmt::format("({} {} (now - {} + {}))", base.text, is_plus ? "+" : "-", other.text,
                          DurationText(shift)),
              [=](int64_t t) {
                const Naive a = base.meaning(t);
                const Naive b = other.meaning(t);
                if (a.kind != Naive::kValue || b.kind != Naive::kValue) return kError;
                const int64_t span = t - b.value + shift;
                return Naive{Naive::kValue, is_plus ? a.value + span : a.value - span};
              }};
    }
  }
}

Generated RandomSpan(Dice& dice, const RandomMember& member) {
  const Generated a = RandomTime(dice, member, 1);
  const Generated b = RandomTime(dice, member, 1);
  return {fmt::format("({} - {})", a.text, b.text), [=](int64_t t) {
            const Naive x = a.meaning(t);
            const Naive y = b.meaning(t);
            if (x.kind != Naive::kValue || y.kind != Naive::kValue) return kError;
            return Naive{Naive::kValue, x.value - y.value};
          }};
}

// --- bools ----------------------------------------------------------------------------------

Generated RandomStatus(Dice& dice, const RandomMember& member) {
  constexpr std::array<std::string_view, 4> kNames = {"new", "active", "regular", "lapsed"};
  const std::string_view name = kNames[dice.Roll(kNames.size())];
  // model::StatusOf counts bookings of the future too.
  return {fmt::format("(member.status == '{}')", name), [name, &member](int64_t now) {
            const std::vector<RandomFact>& facts = member.Of(FactKind::booking);
            std::string_view status = "new";
            if (!facts.empty()) {
              status = now - facts.back().time >= 90 * kDay ? "lapsed"
                       : facts.size() >= 5                  ? "regular"
                                                            : "active";
            }
            return Bool(status == name);
          }};
}

Generated RandomLeaf(Dice& dice, const RandomMember& member) {
  if (dice.OneIn(4)) return RandomFold(dice, member);
  if (dice.OneIn(8)) return RandomCalendar(dice, member);
  switch (dice.Roll(14)) {
    case 0:
      return dice.OneIn(2) ? Constant("true", 1) : Constant("false", 0);
    case 1:
      return {"(member.plan == 'gold')",
              [has = member.has_plan](int64_t) { return has ? Bool(true) : kError; }};
    case 2:
      return {"has(member.plan)", [has = member.has_plan](int64_t) { return Bool(has); }};
    case 3:
      return RandomStatus(dice, member);
    case 4:
      return {"segment('a')", [flips = member.segment_flips](int64_t now) {
                const auto passed = std::ranges::upper_bound(flips, now) - flips.begin();
                return Bool(passed % 2 == 1);
              }};
    case 5: {
      const Generated edge = RandomEdge(dice, member, "");
      return Compared(edge, dice.OneIn(2) ? "==" : "!=", {"null", [](int64_t) {
                                                            return Naive{Naive::kNull, 0};
                                                          }});
    }
    case 6:
    case 7:
      return Compared(RandomTime(dice, member, 2), SomeComparison(dice),
                      RandomTime(dice, member, 2));
    case 8: {
      const int64_t length = dice.Between(-40, 40) + (dice.OneIn(3) ? 30 * kDay : 0);
      return Compared(RandomSpan(dice, member), SomeComparison(dice),
                      Constant(DurationText(length), length));
    }
    case 9:
      return Compared(RandomEdge(dice, member, ".amount"), SomeComparison(dice),
                      Constant("500", 500));
    case 10: {
      const Generated count = RandomCount(dice, member);
      // Above any count by one: an overflow, and so an error, unless there is none.
      return {fmt::format("({} + 9223372036854775807 > 0)", count.text), [=](int64_t now) {
                const Naive n = count.meaning(now);
                return n.kind == Naive::kError || n.value > 0 ? kError : Bool(true);
              }};
    }
    default: {
      const Generated count = RandomCount(dice, member);
      if (dice.OneIn(5)) return Compared(count, SomeComparison(dice), RandomCount(dice, member));
      const int64_t k = dice.Between(-1, 6);
      const Generated constant = Constant(std::to_string(k), k);
      return dice.OneIn(3) ? Compared(constant, SomeComparison(dice), count)
                           : Compared(count, SomeComparison(dice), constant);
    }
  }
}

Generated Logic(Dice& dice, const RandomMember& member, int depth) {
  const bool is_and = dice.OneIn(2);
  std::vector<Generated> parts;
  std::string text = "(";
  for (int64_t i = dice.Between(2, 3); i > 0; --i) {
    parts.push_back(RandomBool(dice, member, depth - 1));
    text += parts.back().text + (i > 1 ? (is_and ? " && " : " || ") : ")");
  }
  return {text, [=](int64_t now) {
            bool has_error = false;
            for (const Generated& part : parts) {
              const Naive value = part.meaning(now);
              if (value.kind == Naive::kError) {
                has_error = true;
              } else if ((value.value != 0) != is_and) {
                return value;
              }
            }
            return has_error ? kError : Bool(is_and);
          }};
}

}  // namespace

namespace {

RandomFact SomeFact(Dice& dice) {
  const FactKind kind = kKinds[dice.Roll(dice.OneIn(3) ? kKinds.size() : 2)];
  const int64_t age = dice.OneIn(12) ? 500 * kDay : AgeScale(dice);
  RandomFact fact{.kind = kind, .time = kBase - age + dice.Between(-kHorizon, kHorizon)};
  // One amount for one time, so that it is no matter which of two comes last.
  if (kind == FactKind::purchase) fact.amount = fact.time % 3 * 300 + 1;
  if (!dice.OneIn(4)) fact.quantity = dice.Between(0, 3);
  if (!dice.OneIn(4)) fact.genre = dice.OneIn(2) ? "yoga" : "spin";
  return fact;
}

std::vector<RandomFact> SomeFacts(Dice& dice) {
  std::vector<RandomFact> facts;
  for (int64_t i = dice.Between(0, 12); i > 0; --i) facts.push_back(SomeFact(dice));
  return facts;
}

}  // namespace

RandomMember::RandomMember(Dice& dice) : zone(dice) {
  records.resize(1 + dice.Roll(dice.OneIn(8) ? 6 : 3));
  for (std::vector<RandomFact>& record : records) record = SomeFacts(dice);
  for (int64_t flip = kBase; dice.OneIn(3) && segment_flips.size() < 8;) {
    segment_flips.push_back(flip += dice.Between(1, 20));
  }
  has_plan = dice.OneIn(2);
  has_joined_at = !dice.OneIn(4);
  joined_at = SomeInstant(dice);
  Sort();
}

void RandomMember::Change(Dice& dice) {
  std::vector<RandomFact>& record = records[dice.Roll(records.size())];
  if (dice.OneIn(3)) {
    records.push_back(SomeFacts(dice));
  } else if (record.empty() || dice.OneIn(2)) {
    record.push_back(SomeFact(dice));
  } else {
    record.erase(record.begin() + static_cast<int64_t>(dice.Roll(record.size())));
  }
  Sort();
}

void RandomMember::Sort() {
  sorted_.clear();
  for (const FactKind kind : kKinds) {
    std::vector<RandomFact>& facts = sorted_[kind];
    for (const std::vector<RandomFact>& record : records) {
      std::ranges::copy_if(record, std::back_inserter(facts),
                           [kind](const RandomFact& fact) { return fact.kind == kind; });
    }
    std::ranges::stable_sort(facts, {}, &RandomFact::time);
  }
}

const std::vector<RandomFact>& RandomMember::Of(FactKind kind) const { return sorted_.at(kind); }

MemberBuilder RandomMember::Build() const {
  MemberBuilder builder;
  for (size_t i = 0; i < records.size(); ++i) {
    if (i > 0) builder.Record();
    for (const RandomFact& fact : records[i]) {
      model::AttributeSet attributes;
      if (fact.quantity >= 0) attributes.Set(model::AttributeId::quantity, fact.quantity);
      if (!fact.genre.empty()) attributes.Set(model::AttributeId::genre, fact.genre);
      builder.Fact(fact.kind, EventTime{fact.time}, fact.amount, "USD", attributes);
    }
  }
  if (has_plan) builder.Trait(model::AttributeId::plan, std::string("gold"));
  if (has_joined_at) builder.Trait(model::AttributeId::joined_at, EventTime{joined_at});
  return builder;
}

Generated RandomBool(Dice& dice, const RandomMember& member, int depth) {
  if (depth == 0) return RandomLeaf(dice, member);
  switch (dice.Roll(8)) {
    case 0:
      return RandomLeaf(dice, member);
    case 1: {
      const Generated inner = RandomBool(dice, member, depth - 1);
      return {"!" + (inner.text.starts_with('(') ? inner.text : "(" + inner.text + ")"),
              [=](int64_t now) {
                const Naive value = inner.meaning(now);
                return value.kind == Naive::kError ? value : Bool(value.value == 0);
              }};
    }
    case 2: {
      const Generated condition = RandomBool(dice, member, depth - 1);
      const Generated yes = RandomBool(dice, member, depth - 1);
      const Generated no = RandomBool(dice, member, depth - 1);
      return {fmt::format("({} ? {} : {})", condition.text, yes.text, no.text), [=](int64_t now) {
                const Naive value = condition.meaning(now);
                if (value.kind == Naive::kError) return value;
                return value.value != 0 ? yes.meaning(now) : no.meaning(now);
              }};
    }
    case 3:
      return Compared(RandomBool(dice, member, depth - 1),
                      "==", RandomBool(dice, member, depth - 1));
    default:
      return Logic(dice, member, depth);
  }
}

}  // namespace spotter::segment
