// SPDX-License-Identifier: Apache-2.0
#include "state/record_rows.h"

#include <gtest/gtest.h>

#include "profile/fold_event.h"
#include "state/keys.h"
#include "store/in_memory_store.h"

namespace spotter::state {
namespace {

using A = model::AttributeId;
using store::Family;

const EventTime kStart = *ParseTime("2026-03-02T10:00:00Z");

StoredRecord Customer(std::string_view name) {
  StoredRecord stored;
  stored.record.key = model::MakeRecordKey("square", name);
  stored.record.source = "square";
  stored.record.customer_id = name;
  stored.record.created_offset = 5;
  stored.profile = model::ProfileId(HashOf(name));
  return stored;
}

class RecordRows : public testing::Test {
 protected:
  // One batch: a booking by the number of it, and its write.
  void Book(StoredRecord& stored, int number) {
    model::MemberEvent event;
    event.source = "square";
    event.source_event_id = fmt::format("e{}", number);
    event.kind = model::EventKind::booking_created;
    event.event_time = kStart + Hours(number);
    event.entity = {.type = "booking", .id = fmt::format("b{}", number), .version = 1};
    event.attributes.Set(A::plan, fmt::format("plan {}", number));
    RecordDelta delta;
    delta.PutEntity(EntityElement(*profile::FoldEvent(event, stored.record).after));
    const auto touched = model::InputSet::FromBits(1 << (event.event_time.ms % 7));
    stored.touches.Touch(event.event_time, touched);
    delta.Touch(event.event_time, touched);
    Write(stored, delta);
  }
  void Write(StoredRecord& stored, const RecordDelta& delta) {
    store::WriteBatch batch;
    WriteRecord("studio", stored, delta, batch);
    ASSERT_TRUE(store_.Commit(batch).ok());
  }
  size_t Rows(const StoredRecord& stored) {
    size_t rows = 0;
    const std::string prefix = RecordPrefix("studio", stored.record.key);
    (void)store_.Scan(Family::kState, prefix, store::PrefixEnd(prefix), [&](auto, auto) {
      ++rows;
      return true;
    });
    return rows;
  }
  StateHash HashOfRecord(const StoredRecord& stored) {
    StateHash hash;
    AddRecordElements("studio", stored, hash);
    return hash;
  }

  store::InMemoryStore store_;
};

TEST_F(RecordRows, AreABaseAndSmallDeltasFoldedNowAndThen) {
  StoredRecord stored = Customer("ann");
  for (uint32_t i = 0; i < 3 * kDeltasMax; ++i) {
    Book(stored, static_cast<int>(i));
    EXPECT_EQ(stored.deltas + 1, Rows(stored));
    EXPECT_LE(stored.deltas, kDeltasMax);
    const auto read = ReadRecord(store_, "studio", stored.record.key);
    ASSERT_TRUE(read.ok() && read->has_value());
    EXPECT_EQ(HashOfRecord(stored), HashOfRecord(**read));
    EXPECT_EQ(stored.touches, (*read)->touches);
    EXPECT_EQ(stored.deltas, (*read)->deltas);
    EXPECT_EQ(stored.record.traits, (*read)->record.traits);  // derived anew
  }
}

TEST_F(RecordRows, ADeltaSaysOnlyWhatChanged) {
  StoredRecord stored = Customer("ann");
  for (int i = 0; i < 20; ++i) Book(stored, i);
  const auto base = store_.Get(Family::kState, RecordRowKey("studio", stored.record.key, 0));
  const auto last = store_.Get(Family::kState, RecordRowKey("studio", stored.record.key, 19));
  ASSERT_TRUE(base->has_value() && last->has_value());
  EXPECT_LT((*last)->size(), 150u);
}

TEST_F(RecordRows, KeepIdentifiersConsentsAndProfile) {
  StoredRecord stored = Customer("ann");
  Book(stored, 0);
  stored.record.identifiers = {{.type = model::IdentifierType::kEmail,
                                .normalized = "ann@x.example",
                                .raw = "Ann@X.example",
                                .first = kStart,
                                .last = kStart + Days(1),
                                .current = false}};
  stored.record.consents = {{.channel = "sms",
                             .purpose = "marketing",
                             .state = model::ConsentState::kDenied,
                             .time = kStart,
                             .source = "form",
                             .text = "I agree",
                             .entity = 77}};
  stored.profile = model::ProfileId(HashOf("other"));
  RecordDelta delta;
  delta.SetIdentifiers(stored.record.identifiers);
  delta.SetConsents(stored.record.consents);
  delta.SetProfile(stored.profile);
  Write(stored, delta);
  ASSERT_EQ(1u, stored.deltas);
  const auto read = ReadRecord(store_, "studio", stored.record.key);
  ASSERT_TRUE(read.ok() && read->has_value());
  EXPECT_EQ(stored.record.identifiers, (*read)->record.identifiers);
  EXPECT_EQ(stored.record.consents, (*read)->record.consents);
  EXPECT_EQ(stored.profile, (*read)->profile);
  EXPECT_EQ("ann", (*read)->record.customer_id);
  EXPECT_EQ(5, (*read)->record.created_offset);
}

TEST_F(RecordRows, ExpiryIsReplayedFromItsCutoff) {
  StoredRecord stored = Customer("ann");
  for (int i = 0; i < 5; ++i) Book(stored, i);
  const EventTime cutoff = kStart + Hours(3);
  RecordDelta delta;
  ASSERT_EQ(3u, stored.record.timeline.ExpireBefore(cutoff).size());
  delta.Expire(cutoff);
  Write(stored, delta);
  const auto read = ReadRecord(store_, "studio", stored.record.key);
  ASSERT_TRUE(read.ok() && read->has_value());
  EXPECT_EQ(HashOfRecord(stored), HashOfRecord(**read));
  EXPECT_EQ(5, (*read)->record.timeline.TotalsOf(model::FactKind::booking).count);
  EXPECT_EQ(2u, (*read)->record.timeline.entities().size());
}

TEST_F(RecordRows, AreScannedInOrderOfTheirKeysOfOneTenant) {
  std::vector<model::RecordKey> keys;
  for (const char* name : {"ann", "bob", "cid", "dan"}) {
    StoredRecord stored = Customer(name);
    for (int i = 0; i < 40; ++i) Book(stored, i);
    keys.push_back(stored.record.key);
  }
  std::sort(keys.begin(), keys.end());
  std::vector<model::RecordKey> seen;
  ASSERT_TRUE(ScanRecords(store_, "studio", [&](const StoredRecord& stored) {
                EXPECT_EQ(40u, stored.record.timeline.entities().size());
                seen.push_back(stored.record.key);
                return OkStatus();
              }).ok());
  EXPECT_EQ(keys, seen);
  ASSERT_TRUE(ScanRecords(store_, "studi", [](const StoredRecord&) {
                return Internal("another tenant's record");
              }).ok());
}

TEST_F(RecordRows, ThatAreNotThereAreNoError) {
  const auto read = ReadRecord(store_, "studio", model::MakeRecordKey("square", "nobody"));
  ASSERT_TRUE(read.ok());
  EXPECT_FALSE(read->has_value());
}

TEST_F(RecordRows, DamageIsDataLoss) {
  StoredRecord stored = Customer("ann");
  for (int i = 0; i < 3; ++i) Book(stored, i);
  const auto put = [&](uint32_t row, std::string_view value) {
    store::WriteBatch batch;
    batch.Put(Family::kState, RecordRowKey("studio", stored.record.key, row), value);
    ASSERT_TRUE(store_.Commit(batch).ok());
  };
  put(2, "\x7f nothing of the kind");
  EXPECT_EQ(StatusCode::kDataLoss, ReadRecord(store_, "studio", stored.record.key).status().code());
  put(2, "");
  EXPECT_TRUE(ReadRecord(store_, "studio", stored.record.key).ok());
  put(0, "\x01 cut");
  EXPECT_EQ(StatusCode::kDataLoss, ReadRecord(store_, "studio", stored.record.key).status().code());
  EXPECT_EQ(StatusCode::kDataLoss,
            ScanRecords(store_, "studio", [](const StoredRecord&) { return OkStatus(); }).code());
}

}  // namespace
}  // namespace spotter::state
