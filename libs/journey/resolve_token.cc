// SPDX-License-Identifier: Apache-2.0
//
// Tokens from what is known of the member. A token is one row of kTokens.
#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>

#include "journey/advance_enrolment.h"
#include "journey/message_text.h"

namespace spotter::journey {

namespace {

using model::AttributeId;
using model::FactKind;
using model::MemberView;
using Value = std::optional<std::string>;

Value NonEmpty(std::string_view text) { return text.empty() ? Value() : Value(std::string(text)); }

template <AttributeId Id>
Value TraitText(const MemberView& member, EventTime) {
  return NonEmpty(member.Text(Id));
}

// Calls use(fact, entity) for every fact of `kind` up to `now` that the timeline still has.
template <typename Use>
void ForEach(const MemberView& member, FactKind kind, EventTime now, Use use) {
  for (const model::SourceRecord* record : member.records) {
    for (const model::Fact& fact : record->timeline.Of(kind)) {
      if (fact.time > now) break;
      if (const model::Entity* entity = record->timeline.Find(fact.entity)) use(fact, *entity);
    }
  }
}

std::optional<EventTime> LastVisit(const MemberView& member, EventTime now) {
  EventTime last = EventTime::Min();
  for (const model::SourceRecord* record : member.records) {
    const model::Totals totals = record->timeline.TotalsOf(FactKind::visit);
    if (totals.count > 0 && totals.last <= now) last = std::max(last, totals.last);
  }
  // Where the total's last one lies ahead of `now`, the timeline has those before it.
  ForEach(member, FactKind::visit, now,
          [&](const model::Fact& fact, const model::Entity&) { last = std::max(last, fact.time); });
  return last == EventTime::Min() ? std::nullopt : std::optional(last);
}

Value DaysSinceLastVisit(const MemberView& member, EventTime now) {
  const std::optional<EventTime> last = LastVisit(member, now);
  if (!last) return std::nullopt;
  return fmt::format("{}", (now - *last) / Days(1));
}

Value LastVisitDate(const MemberView& member, EventTime now) {
  const std::optional<EventTime> last = LastVisit(member, now);
  if (!last) return std::nullopt;
  return FormatTime(*last).substr(0, 10);
}

// X25: attended classes of the last 30 days, [0, 30 d) ago.
Value AvgClassesPerMonth(const MemberView& member, EventTime now) {
  int64_t count = 0;
  ForEach(member, FactKind::visit, now, [&](const model::Fact& fact, const model::Entity&) {
    if (now - fact.time < Days(30)) ++count;
  });
  return fmt::format("{}", count);
}

std::string_view ClassOf(const model::Entity& entity) {
  const std::string_view title = entity.attributes.Text(AttributeId::class_title);
  return title.empty() ? entity.attributes.Text(AttributeId::genre) : title;
}

Value LastClassAttended(const MemberView& member, EventTime now) {
  EventTime newest = EventTime::Min();
  std::string_view title;
  ForEach(member, FactKind::visit, now, [&](const model::Fact& fact, const model::Entity& entity) {
    if (ClassOf(entity).empty() || fact.time < newest) return;
    newest = fact.time;
    title = ClassOf(entity);
  });
  return NonEmpty(title);
}

// The text that most entities of the facts give; of equally frequent ones the latest used, then the
// first by name.
template <typename TextOf>
Value MostFrequent(const MemberView& member, FactKind kind, EventTime now, TextOf text_of) {
  struct Use {
    int64_t count = 0;
    EventTime last = EventTime::Min();
  };
  std::map<std::string_view, Use> uses;
  ForEach(member, kind, now, [&](const model::Fact& fact, const model::Entity& entity) {
    const std::string_view text = text_of(entity);
    if (text.empty()) return;
    Use& use = uses[text];
    ++use.count;
    use.last = std::max(use.last, fact.time);
  });
  const auto best = std::max_element(uses.begin(), uses.end(), [](const auto& a, const auto& b) {
    return std::pair(a.second.count, a.second.last) < std::pair(b.second.count, b.second.last);
  });
  return best == uses.end() ? std::nullopt : NonEmpty(best->first);
}

// What a member books most; for one who has not booked yet the text's fallback speaks.
Value RecommendedClass(const MemberView& member, EventTime now) {
  return MostFrequent(member, FactKind::booking, now, ClassOf);
}

Value Instructor(const MemberView& member, EventTime now) {
  return MostFrequent(member, FactKind::visit, now, [](const model::Entity& entity) {
    return entity.attributes.Text(AttributeId::instructor);
  });
}

// What is popular at a studio is not a fact of one member: the text's fallback speaks.
Value NotOfTheMember(const MemberView&, EventTime) { return std::nullopt; }

struct Row {
  std::string_view name;
  Value (*resolve)(const MemberView&, EventTime);
};

constexpr std::array kTokens = {
    Row{"avg_classes_per_month", AvgClassesPerMonth},
    Row{"days_since_last_visit", DaysSinceLastVisit},
    Row{"first_name", TraitText<AttributeId::given_name>},
    Row{"goal", TraitText<AttributeId::goal>},
    Row{"goal_tag", TraitText<AttributeId::goal_tag>},
    Row{"instructor", Instructor},
    Row{"last_class_attended", LastClassAttended},
    Row{"last_name", TraitText<AttributeId::family_name>},
    Row{"last_visit_date", LastVisitDate},
    Row{"nearest_studio", TraitText<AttributeId::home_site>},
    Row{"popular_class_nearby", NotOfTheMember},
    Row{"preferred_time", TraitText<AttributeId::preferred_time>},
    Row{"preferred_trainer", TraitText<AttributeId::trainer>},
    Row{"recommended_class", RecommendedClass},
};

constexpr auto kTokenNames = [] {
  std::array<std::string_view, kTokens.size()> names;
  for (size_t i = 0; i < names.size(); ++i) names[i] = kTokens[i].name;
  return names;
}();

struct Alias {
  std::string_view spelling;  // without underscores
  std::string_view name;
};
constexpr std::array kAliases = {
    Alias{"recommendedclassbasedonsignup", "recommended_class"},
    Alias{"recommendedclassbasedonsign-up", "recommended_class"},
};

std::string WithoutUnderscores(std::string_view name) {
  std::string bare;
  std::copy_if(name.begin(), name.end(), std::back_inserter(bare), [](char c) { return c != '_'; });
  return bare;
}

}  // namespace

std::span<const std::string_view> KnownTokens() { return kTokenNames; }

std::string_view CanonicalToken(std::string_view name) {
  const std::string bare = WithoutUnderscores(name);
  for (const Row& row : kTokens) {
    if (row.name == name || WithoutUnderscores(row.name) == bare) return row.name;
  }
  for (const Alias& alias : kAliases) {
    if (alias.spelling == bare) return alias.name;
  }
  return "";
}

std::optional<std::string> ResolveToken(std::string_view name, const model::MemberView& member,
                                        EventTime now) {
  const std::string_view canonical = CanonicalToken(name);
  for (const Row& row : kTokens) {
    if (row.name == canonical) return row.resolve(member, now);
  }
  return std::nullopt;
}

}  // namespace spotter::journey
