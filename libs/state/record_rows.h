// SPDX-License-Identifier: Apache-2.0
//
// A source record on disk: a base row (row 0) and small delta rows behind it, read with one scan.
// A batch writes each dirty record once, as one delta; every kDeltasMax deltas they are folded
// into a new base. What is stored never decides what is true: the state hash is over entities,
// identifiers and totals, so replicas with other batch sizes compare equal.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/input_set.h"
#include "model/source_record.h"
#include "state/state_hash.h"
#include "store/store.h"

namespace spotter::state {

struct StoredRecord {
  model::SourceRecord record;
  model::ProfileId profile;  // the profile it belongs to
  model::Touches touches;    // at which shard time events changed what its member is decided by
  bool has_base = false;     // its base row is on disk
  uint32_t deltas = 0;       // delta rows on disk
};

// What a batch did to a record, in order.
class RecordDelta {
 public:
  void PutEntity(std::string_view element);  // as EntityElement() gives it
  void Expire(EventTime cutoff);
  void SetIdentifiers(const std::vector<model::HeldIdentifier>& identifiers);
  void SetConsents(const std::vector<model::ConsentEntry>& consents);
  void SetProfile(model::ProfileId profile);
  void Touch(EventTime at, model::InputSet inputs);
  bool empty() const { return bytes_.empty(); }
  std::string_view bytes() const { return bytes_.view(); }
  void Clear() { bytes_.Clear(); }

 private:
  Encoder bytes_;
};

inline constexpr uint32_t kDeltasMax = 32;

// Adds the row writes of `delta` (already applied to `stored`) to `batch`, folding if due.
void WriteRecord(std::string_view tenant, StoredRecord& stored, const RecordDelta& delta,
                 store::WriteBatch& batch);

// nullopt: there is no such record. DataLoss: its rows do not decode.
StatusOr<std::optional<StoredRecord>> ReadRecord(const store::Reader& store,
                                                 std::string_view tenant, model::RecordKey key);

// The same of a record that is known to be there; without the look-up that is cheap where it is
// not.
StatusOr<std::optional<StoredRecord>> ReadKnownRecord(const store::Reader& store,
                                                      std::string_view tenant,
                                                      model::RecordKey key);

// Takes the rows of one record in the order of their keys: the base begins `stored`, deltas change
// it. DataLoss: a row does not decode, or a delta comes first.
Status FoldRecordRow(std::string_view key, std::string_view value,
                     std::optional<StoredRecord>& stored);
// All of it as one base row.
std::string EncodeRecord(const StoredRecord& stored);

// Visits all records of a tenant in key order.
Status ScanRecords(const store::Reader& store, std::string_view tenant,
                   const std::function<Status(StoredRecord)>& visit);

// The hash elements of a record.
std::string EntityElementKey(model::RecordKey record, uint64_t entity);
std::string EntityElement(const model::Entity& entity);
std::string RecordElement(const StoredRecord& stored);
std::string IdentifiersElement(const std::vector<model::HeldIdentifier>& identifiers);
std::string ConsentsElement(const std::vector<model::ConsentEntry>& consents);
std::string RetiredElement(const model::Timeline& timeline);
// Adds all of them (a scan's way; Apply does it piece by piece).
void AddRecordElements(std::string_view tenant, const StoredRecord& stored, StateHash& hash);

}  // namespace spotter::state
