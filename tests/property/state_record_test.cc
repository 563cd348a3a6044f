// SPDX-License-Identifier: Apache-2.0
//
// A record is what its events made of it, however they were batched, folded and read back.
// mission: D10 C1
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "profile/fold_event.h"
#include "state/record_rows.h"
#include "store/in_memory_store.h"

namespace spotter::state {
namespace {

using A = model::AttributeId;
using K = model::EventKind;

constexpr EventTime kStart{1'700'000'000'000};

model::MemberEvent AnyEvent(int number) {
  model::MemberEvent event;
  event.source = "square";
  event.source_event_id = fmt::format("e{}", number);
  event.kind = *rc::gen::element(K::booking_created, K::attendance, K::purchase, K::refund,
                                 K::member_updated, K::consent_changed, K::tag_changed);
  event.event_time = kStart + Days(number) + Hours(*rc::gen::inRange(-40, 1));
  event.entity.id = *rc::gen::element<std::string>("x1", "x2", "x3", "");
  event.entity.version = *rc::gen::inRange(0, 5);
  if (*rc::gen::arbitrary<bool>()) event.attributes.Set(A::amount_minor, int64_t{100} * number);
  if (*rc::gen::arbitrary<bool>()) event.attributes.Set(A::plan, fmt::format("plan {}", number));
  if (*rc::gen::arbitrary<bool>()) event.attributes.Set(A::tag, std::string("Injury"));
  if (*rc::gen::arbitrary<bool>()) {
    const std::string email = *rc::gen::element<std::string>("a@x.example", "b@x.example");
    event.identifiers.push_back({model::IdentifierType::kEmail, email, email, 1});
  }
  return event;
}

// As the engine does it: the record in memory changes, and the delta says how.
void Fold(const model::MemberEvent& event, StoredRecord& stored, RecordDelta& delta) {
  const profile::FoldResult fold = profile::FoldEvent(event, stored.record);
  if (fold.after.has_value()) delta.PutEntity(EntityElement(*fold.after));
  if (fold.identifiers_changed) delta.SetIdentifiers(stored.record.identifiers);
  if (fold.consent_changed) delta.SetConsents(stored.record.consents);
  const EventTime cutoff = event.event_time - Days(60);  // shorter than real, so that some expire
  if (!stored.record.timeline.ExpireBefore(cutoff).empty()) {
    profile::RebuildDerived(stored.record);
    delta.Expire(cutoff);
  }
  const auto touched = model::InputSet::FromBits(HashOf(event.source_event_id).high);
  stored.touches.Touch(event.event_time, touched);
  delta.Touch(event.event_time, touched);
}

StateHash HashOfRecord(const StoredRecord& stored) {
  StateHash hash;
  AddRecordElements("studio", stored, hash);
  return hash;
}

RC_GTEST_PROP(StoredRecord, IsTheSameWholeAndFoldedFromDeltas, ()) {
  StoredRecord live;
  live.record.key = model::MakeRecordKey("square", "ann");
  live.record.source = "square";
  live.record.customer_id = "ann";
  store::InMemoryStore store;
  RecordDelta delta;
  const int events = *rc::gen::inRange(1, 120);
  for (int i = 0; i < events; ++i) {
    Fold(AnyEvent(i), live, delta);
    if (i + 1 < events && *rc::gen::inRange(0, 3) == 0) continue;  // the batch goes on
    store::WriteBatch batch;
    WriteRecord("studio", live, delta, batch);
    delta.Clear();
    RC_ASSERT(store.Commit(batch).ok());
    const auto read = ReadRecord(store, "studio", live.record.key);
    RC_ASSERT(read.ok() && read->has_value());
    RC_ASSERT(HashOfRecord(**read) == HashOfRecord(live));
    RC_ASSERT((*read)->touches == live.touches);
    RC_ASSERT((*read)->record.traits == live.record.traits);
    RC_ASSERT((*read)->record.tags == live.record.tags);
    if (*rc::gen::inRange(0, 4) == 0) live = **read;  // the member left memory and came back
  }
}

}  // namespace
}  // namespace spotter::state
