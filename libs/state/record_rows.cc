// SPDX-License-Identifier: Apache-2.0
#include "state/record_rows.h"

#include "profile/fold_event.h"
#include "state/fields.h"
#include "state/keys.h"

namespace spotter::state {
namespace {

enum class Op : uint8_t {
  kEntity = 1,
  kExpire = 2,
  kIdentifiers = 3,
  kProfile = 4,
  kTouchAll = 5,  // of schema 1
  kConsents = 6,
  kTouch = 7
};

constexpr uint8_t kSchema = 2;

std::string EncodeBase(const StoredRecord& stored) {
  Encoder out;
  out.Byte(kSchema);
  Writer write(out);
  const model::SourceRecord& record = stored.record;
  write(record.key, record.source, record.customer_id, record.created_offset, stored.profile,
        record.identifiers, record.consents, record.timeline.retired(),
        record.timeline.retired_totals());
  out.Varint(stored.touches.entries().size());
  for (const auto& [at, inputs] : stored.touches.entries()) out.Time(at).Fixed64(inputs.bits());
  const auto entities = record.timeline.entities();
  out.Varint(entities.size());
  for (const model::Entity& entity : entities) Encode(entity, out);
  return out.Take();
}

std::vector<model::Touches::Entry> DecodeTouches(Decoder& in) {
  std::vector<model::Touches::Entry> entries;
  const uint64_t size = in.Varint();
  for (uint64_t i = 0; i < size && in.ok(); ++i) {
    const EventTime at = in.Time();
    entries.push_back({at, model::InputSet::FromBits(in.Fixed64())});
  }
  return entries;
}

Status DecodeBase(std::string_view bytes, StoredRecord& stored) {
  stored.has_base = true;
  Decoder in(bytes);
  const uint8_t schema = in.Byte();
  if (schema != 1 && schema != kSchema) return DataLoss("record row: unknown schema");
  Reader read(in);
  model::SourceRecord& record = stored.record;
  std::vector<model::RetiredEntity> retired;
  std::vector<std::pair<model::FactKind, model::Totals>> totals;
  read(record.key, record.source, record.customer_id, record.created_offset, stored.profile);
  if (schema == 1) stored.touches.Touch(in.Time(), model::InputSet::All());
  read(record.identifiers, record.consents, retired, totals);
  if (schema != 1) stored.touches.Restore(DecodeTouches(in));
  record.timeline.RestoreRetired(std::move(retired), std::move(totals));
  const uint64_t entities = in.Varint();
  for (uint64_t i = 0; i < entities && in.ok(); ++i) record.timeline.Put(model::DecodeEntity(in));
  return in.Done("record row");
}

Status DecodeDelta(std::string_view bytes, StoredRecord& stored) {
  Decoder in(bytes);
  Reader read(in);
  while (in.ok() && !in.at_end()) {
    switch (static_cast<Op>(in.Byte())) {
      case Op::kEntity:
        stored.record.timeline.Put(model::DecodeEntity(in));
        break;
      case Op::kExpire:
        stored.record.timeline.ExpireBefore(in.Time());
        break;
      case Op::kIdentifiers:
        read(stored.record.identifiers);
        break;
      case Op::kConsents:
        read(stored.record.consents);
        break;
      case Op::kProfile:
        read(stored.profile);
        break;
      case Op::kTouchAll:
        stored.touches.Touch(in.Time(), model::InputSet::All());
        break;
      case Op::kTouch: {
        const EventTime at = in.Time();
        stored.touches.Touch(at, model::InputSet::FromBits(in.Fixed64()));
        break;
      }
      default:
        return DataLoss("record delta: unknown operation");
    }
  }
  return in.Done("record delta");
}

}  // namespace

void RecordDelta::PutEntity(std::string_view element) {
  bytes_.Byte(static_cast<uint8_t>(Op::kEntity)).Raw(element);
}
void RecordDelta::Expire(EventTime cutoff) {
  bytes_.Byte(static_cast<uint8_t>(Op::kExpire)).Time(cutoff);
}
void RecordDelta::SetIdentifiers(const std::vector<model::HeldIdentifier>& identifiers) {
  bytes_.Byte(static_cast<uint8_t>(Op::kIdentifiers));
  Writer write(bytes_);
  write(identifiers);
}
void RecordDelta::SetConsents(const std::vector<model::ConsentEntry>& consents) {
  bytes_.Byte(static_cast<uint8_t>(Op::kConsents));
  Writer write(bytes_);
  write(consents);
}
void RecordDelta::SetProfile(model::ProfileId profile) {
  bytes_.Byte(static_cast<uint8_t>(Op::kProfile)).Hash(profile.value());
}
void RecordDelta::Touch(EventTime at, model::InputSet inputs) {
  bytes_.Byte(static_cast<uint8_t>(Op::kTouch)).Time(at).Fixed64(inputs.bits());
}

void WriteRecord(std::string_view tenant, StoredRecord& stored, const RecordDelta& delta,
                 store::WriteBatch& batch) {
  if (!stored.has_base || stored.deltas >= kDeltasMax) {
    batch.Put(store::Family::kState, RecordRowKey(tenant, stored.record.key, 0),
              EncodeBase(stored));
    // One by one: neighbours are inserted fast, and a range deletion would slow every read.
    for (uint32_t row = 1; row <= stored.deltas; ++row) {
      batch.Delete(store::Family::kState, RecordRowKey(tenant, stored.record.key, row));
    }
    stored.has_base = true;
    stored.deltas = 0;
    return;
  }
  stored.deltas++;
  batch.Put(store::Family::kState, RecordRowKey(tenant, stored.record.key, stored.deltas),
            delta.bytes());
}

StatusOr<std::optional<StoredRecord>> ReadRecord(const store::Reader& store,
                                                 std::string_view tenant, model::RecordKey key) {
  // Many records are new: that is told by a look-up, and its filter, at a fraction of a scan's
  // cost.
  SPOTTER_ASSIGN_OR_RETURN(const std::optional<std::string> base,
                           store.Get(store::Family::kState, RecordRowKey(tenant, key, 0)));
  if (!base.has_value()) return std::nullopt;
  return ReadKnownRecord(store, tenant, key);
}

StatusOr<std::optional<StoredRecord>> ReadKnownRecord(const store::Reader& store,
                                                      std::string_view tenant,
                                                      model::RecordKey key) {
  // All rows by one scan: what another thread commits meanwhile is seen whole or not at all.
  const std::string prefix = RecordPrefix(tenant, key);
  std::optional<StoredRecord> stored;
  Status decoded = OkStatus();
  SPOTTER_RETURN_IF_ERROR(store.Scan(store::Family::kState, prefix, store::PrefixEnd(prefix),
                                     [&](std::string_view row, std::string_view value) {
                                       if (!stored.has_value()) {
                                         decoded = DecodeBase(value, stored.emplace());
                                       } else {
                                         Decoder in(row.substr(row.size() - 4));
                                         stored->deltas = in.Fixed32();
                                         decoded = DecodeDelta(value, *stored);
                                       }
                                       return decoded.ok();
                                     }));
  SPOTTER_RETURN_IF_ERROR(decoded);
  if (stored.has_value()) profile::RebuildDerived(stored->record);
  return stored;
}

Status FoldRecordRow(std::string_view key, std::string_view value,
                     std::optional<StoredRecord>& stored) {
  Decoder in(key.substr(key.size() - sizeof(uint32_t)));
  const uint32_t number = in.Fixed32();
  if (number == 0) return DecodeBase(value, stored.emplace());
  if (!stored.has_value()) return DataLoss("record delta {} without its base", number);
  stored->deltas = number;
  return DecodeDelta(value, *stored);
}

std::string EncodeRecord(const StoredRecord& stored) { return EncodeBase(stored); }

Status ScanRecords(const store::Reader& store, std::string_view tenant,
                   const std::function<Status(StoredRecord)>& visit) {
  const std::string prefix = TablePrefix(tenant, Table::kRecord);
  std::optional<StoredRecord> stored;
  Status status = OkStatus();
  const auto finish = [&]() -> Status {
    if (!stored.has_value()) return OkStatus();
    profile::RebuildDerived(stored->record);
    return visit(*std::exchange(stored, std::nullopt));
  };
  SPOTTER_RETURN_IF_ERROR(store.Scan(store::Family::kState, prefix, store::PrefixEnd(prefix),
                                     [&](std::string_view row, std::string_view value) {
                                       const bool is_base =
                                           row.ends_with(std::string_view("\0\0\0\0", 4));
                                       if (is_base) status = finish();
                                       if (status.ok()) status = FoldRecordRow(row, value, stored);
                                       return status.ok();
                                     }));
  SPOTTER_RETURN_IF_ERROR(status);
  return finish();
}

std::string EntityElementKey(model::RecordKey record, uint64_t entity) {
  return Encoder().Hash(record.value()).Fixed64(entity).Take();
}
std::string EntityElement(const model::Entity& entity) {
  Encoder out;
  Encode(entity, out);
  return out.Take();
}
std::string RecordElement(const StoredRecord& stored) {
  Encoder out;
  Writer write(out);
  write(stored.record.source, stored.record.customer_id, stored.record.created_offset,
        stored.profile);
  return out.Take();
}
std::string IdentifiersElement(const std::vector<model::HeldIdentifier>& identifiers) {
  Encoder out;
  Writer write(out);
  write(identifiers);
  return out.Take();
}
std::string ConsentsElement(const std::vector<model::ConsentEntry>& consents) {
  Encoder out;
  Writer write(out);
  write(consents);
  return out.Take();
}
std::string RetiredElement(const model::Timeline& timeline) {
  Encoder out;
  Writer write(out);
  write(timeline.retired(), timeline.retired_totals());
  return out.Take();
}

void AddRecordElements(std::string_view tenant, const StoredRecord& stored, StateHash& hash) {
  const std::string key = Encoder().Hash(stored.record.key.value()).Take();
  hash.Add(Element::kRecord, tenant, key, RecordElement(stored));
  hash.Add(Element::kIdentifier, tenant, key, IdentifiersElement(stored.record.identifiers));
  hash.Add(Element::kConsents, tenant, key, ConsentsElement(stored.record.consents));
  hash.Add(Element::kRetired, tenant, key, RetiredElement(stored.record.timeline));
  for (const model::Entity& entity : stored.record.timeline.entities()) {
    hash.Add(Element::kEntity, tenant, EntityElementKey(stored.record.key, entity.id),
             EntityElement(entity));
  }
}

}  // namespace spotter::state
