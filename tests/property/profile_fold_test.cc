// SPDX-License-Identifier: Apache-2.0
//
// Laws of the fold and the timeline: guarantee Idempotent, and facts that do not depend on the
// order of arrival. mission: C13 C18 D10 X4
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "profile/fold_event.h"

namespace spotter::profile {
namespace {

using A = model::AttributeId;
using K = model::EventKind;
using model::Entity;
using model::Fact;
using model::FactKind;
using model::MemberEvent;
using model::SourceRecord;
using std::string_literals::operator""s;

constexpr EventTime kStart{1'700'000'000'000};

std::string AnyOf(std::vector<std::string> choices) { return *rc::gen::elementOf(choices); }

// One of a few entities, of its types' kinds, with a random part of its attributes.
MemberEvent AnyEvent(int number, bool versioned) {
  MemberEvent event;
  event.source = "square";
  event.source_event_id = fmt::format("e{}", number);
  event.customer_id = "c1";
  event.event_time = kStart + Hours(*rc::gen::inRange(0, 24 * 30));
  event.kind = *rc::gen::element(K::booking_created, K::booking_changed, K::booking_cancelled,
                                 K::attendance, K::purchase, K::refund, K::member_updated,
                                 K::membership_changed, K::tag_changed, K::consent_changed);
  event.entity.id = AnyOf({"x1", "x2"});
  if (versioned) event.entity.version = *rc::gen::inRange(1, 6);
  const auto maybe = [](int percent) { return *rc::gen::inRange(0, 100) < percent; };
  if (event.kind == K::attendance && maybe(50)) event.attributes.Set(A::status, "no_show"s);
  if (maybe(30)) event.attributes.Set(A::class_start, kStart + Days(*rc::gen::inRange(0, 9)));
  if (maybe(30)) event.attributes.Set(A::class_title, AnyOf({"Yin", "Flow", "HIIT"}));
  if (maybe(30)) event.attributes.Set(A::amount_minor, int64_t{100} * *rc::gen::inRange(1, 9));
  if (maybe(20)) event.attributes.Set(A::refunded_minor, int64_t{100});
  if (maybe(30)) event.attributes.Set(A::currency, AnyOf({"USD", "EUR"}));
  if (maybe(30)) event.attributes.Set(A::payment_status, AnyOf({"active", "past_due"}));
  if (maybe(30)) event.attributes.Set(A::tag, AnyOf({"Injury", "Beginner"}));
  if (maybe(30)) event.attributes.Set(A::consent_state, AnyOf({"granted", "denied"}));
  if (maybe(30)) {
    const std::string email = AnyOf({"a@x.org", "b@x.org"});
    event.identifiers.push_back({model::IdentifierType::kEmail, email, email, 1});
  }
  return event;
}

std::vector<MemberEvent> AnyEvents(bool versioned) {
  std::vector<MemberEvent> events;
  const int count = *rc::gen::inRange(1, 14);
  for (int i = 0; i < count; ++i) events.push_back(AnyEvent(i, versioned));
  return events;
}

std::vector<MemberEvent> Shuffled(std::vector<MemberEvent> events) {
  for (size_t i = events.size(); i > 1; --i) {
    std::swap(events[i - 1], events[*rc::gen::inRange<size_t>(0, i)]);
  }
  return events;
}

SourceRecord FoldAll(const std::vector<MemberEvent>& events) {
  SourceRecord record;
  for (const MemberEvent& event : events) FoldEvent(event, record);
  return record;
}

std::vector<Fact> FactsIn(const model::Timeline& timeline) {
  std::vector<Fact> facts;
  for (int kind = 1; kind < model::kFactKinds; ++kind) {
    const auto of = timeline.Of(static_cast<FactKind>(kind));
    facts.insert(facts.end(), of.begin(), of.end());
  }
  return facts;
}

void AssertSame(const SourceRecord& a, const SourceRecord& b) {
  RC_ASSERT(std::equal(a.timeline.entities().begin(), a.timeline.entities().end(),
                       b.timeline.entities().begin(), b.timeline.entities().end()));
  RC_ASSERT(FactsIn(a.timeline) == FactsIn(b.timeline));
  RC_ASSERT(a.traits == b.traits);
  RC_ASSERT(a.tags == b.tags);
  RC_ASSERT(a.identifiers == b.identifiers);
}

RC_GTEST_PROP(FoldEvent, VersionedEventsGiveTheSameRecordInAnyOrder, ()) {
  const std::vector<MemberEvent> events = AnyEvents(true);
  AssertSame(FoldAll(Shuffled(events)), FoldAll(events));
}

RC_GTEST_PROP(FoldEvent, TheSameEventsAgainChangeNothing, ()) {
  const std::vector<MemberEvent> events = AnyEvents(*rc::gen::arbitrary<bool>());
  const SourceRecord once = FoldAll(events);
  SourceRecord twice = once;
  for (const MemberEvent& event : Shuffled(events)) {
    const FoldResult again = FoldEvent(event, twice);
    RC_ASSERT(again.outcome == FoldOutcome::kUnchanged);
    RC_ASSERT(!again.identifiers_changed);
    RC_ASSERT(!again.consent_changed);
  }
  AssertSame(twice, once);
  RC_ASSERT(twice.consents == once.consents);
}

RC_GTEST_PROP(FoldEvent, WhatIsDerivedIsWhatARebuildDerives, ()) {
  const SourceRecord folded = FoldAll(AnyEvents(*rc::gen::arbitrary<bool>()));
  SourceRecord rebuilt;
  for (const Entity& entity : folded.timeline.entities()) rebuilt.timeline.Put(entity);
  RebuildDerived(rebuilt);
  RC_ASSERT(rebuilt.traits == folded.traits);
  RC_ASSERT(rebuilt.tags == folded.tags);
  RC_ASSERT(FactsIn(rebuilt.timeline) == FactsIn(folded.timeline));
}

RC_GTEST_PROP(FoldEvent, ReportsExactlyWhatChanged, ()) {
  SourceRecord record;
  for (const MemberEvent& event : AnyEvents(*rc::gen::arbitrary<bool>())) {
    const SourceRecord before = record;
    const FoldResult result = FoldEvent(event, record);
    for (int number = 1; number < model::kFactKinds; ++number) {
      const auto kind = static_cast<FactKind>(number);
      const auto was = before.timeline.Of(kind);
      const auto is = record.timeline.Of(kind);
      const bool touched = std::binary_search(result.touched.begin(), result.touched.end(), kind);
      RC_ASSERT(touched == !std::equal(was.begin(), was.end(), is.begin(), is.end()));
    }
    RC_ASSERT(result.identifiers_changed == (before.identifiers != record.identifiers));
    RC_ASSERT(result.consent_changed == (before.consents != record.consents));
    RC_ASSERT((result.outcome == FoldOutcome::kUnchanged) == !result.after.has_value());
    if (result.after) RC_ASSERT(*record.timeline.Find(result.after->id) == *result.after);
  }
}

// --- the timeline against the simplest model of it ----------------------------------------------

RC_GTEST_PROP(Timeline, ItsFactsAreThoseOfItsEntitiesAndTotalsSurviveExpiry, ()) {
  model::Timeline timeline;
  std::vector<Entity> all;  // the newest state of each, also of what expired
  EventTime cutoff = EventTime::Min();
  const int steps = *rc::gen::inRange(1, 30);
  for (int step = 0; step < steps; ++step) {
    if (*rc::gen::inRange(0, 5) == 0) {
      cutoff = std::max(cutoff, kStart + Days(*rc::gen::inRange(0, 40)));
      timeline.ExpireBefore(cutoff);
      continue;
    }
    Entity entity;
    entity.id = *rc::gen::inRange<uint64_t>(1, 9);
    if (timeline.IsRetired(entity.id)) continue;
    entity.type = entity.id % 2 == 0 ? "booking" : "payment";
    // A dropped entity that entered no total may come again, and so may a younger state.
    entity.time = std::max(cutoff, kStart + Hours(*rc::gen::inRange(0, 24 * 40)));
    entity.changed_at = entity.time + Hours(*rc::gen::inRange(0, 48));
    entity.attributes = {{A::status, AnyOf({"completed", "no_show", "cancelled"})},
                         {A::amount_minor, int64_t{*rc::gen::inRange(1, 99)}},
                         {A::currency, AnyOf({"USD", "EUR"})}};
    timeline.Put(entity);
    std::erase_if(all, [&](const Entity& known) { return known.id == entity.id; });
    all.push_back(entity);
  }

  std::vector<Fact> expected;
  for (const Entity& entity : timeline.entities()) FactsOf(entity, expected);
  std::sort(expected.begin(), expected.end());
  RC_ASSERT(FactsIn(timeline) == expected);

  for (const FactKind kind : {FactKind::booking, FactKind::visit, FactKind::purchase}) {
    model::Totals totals;
    for (const Entity& entity : all) {
      std::vector<Fact> facts;
      FactsOf(entity, facts);
      for (const Fact& fact : facts) {
        if (fact.kind == kind) totals.Add(fact);
      }
    }
    RC_ASSERT(timeline.TotalsOf(kind) == totals);
  }
  // Nothing that should have gone is still there.
  for (const Entity& entity : timeline.entities()) {
    EventTime last = std::max(entity.time, entity.changed_at);
    RC_ASSERT(last >= cutoff);
  }
}

}  // namespace
}  // namespace spotter::profile
