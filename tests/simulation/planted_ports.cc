// SPDX-License-Identifier: Apache-2.0
#include "simulation/planted_ports.h"

#include "state/keys.h"
#include "state/rows.h"

namespace spotter::simulation {
namespace {

// Whether a state key (tenant, 0, table, ...) is of the sequence table.
bool IsSequence(std::string_view key) {
  const size_t end = key.find('\0');
  return end != std::string_view::npos && end + 1 < key.size() && end > 0 &&
         key[end + 1] == static_cast<char>(state::Table::kSequence);
}

void Append(const store::WriteBatch::Operation& operation, store::WriteBatch& batch) {
  switch (operation.kind) {
    case store::WriteBatch::Operation::Kind::kPut:
      batch.Put(operation.family, operation.key, operation.value);
      break;
    case store::WriteBatch::Operation::Kind::kDelete:
      batch.Delete(operation.family, operation.key);
      break;
    case store::WriteBatch::Operation::Kind::kDeleteRange:
      batch.DeleteRange(operation.family, operation.key, operation.value);
      break;
  }
}

}  // namespace

StatusOr<std::optional<std::string>> SimulatedStore::Get(store::Family family,
                                                         std::string_view key) const {
  if (plant_ == Plant::kSequenceFromMemory && family == store::Family::kState && IsSequence(key)) {
    const auto it = sequences_.find(key);
    return it == sequences_.end() ? std::nullopt : std::optional(it->second);
  }
  return inner_.Get(family, key);
}

Status SimulatedStore::Scan(store::Family family, std::string_view begin, std::string_view end,
                            const Visit& visit) const {
  return inner_.Scan(family, begin, end, visit);
}

Status SimulatedStore::CommitInner(const store::WriteBatch& batch) {
  crash_.BeforeWrite();
  return inner_.Commit(batch);
}

Status SimulatedStore::Commit(const store::WriteBatch& batch) {
  store::WriteBatch first;
  store::WriteBatch rest;
  for (const store::WriteBatch::Operation& operation : batch.operations()) {
    const bool is_meta =
        operation.family == store::Family::kState && operation.key == state::MetaKey();
    if (plant_ == Plant::kOffsetAheadOfBatch && is_meta) {
      Append(operation, first);
    } else if (plant_ == Plant::kTimerCursorAheadOfEffects &&
               operation.family == store::Family::kTimers &&
               operation.kind == store::WriteBatch::Operation::Kind::kDeleteRange) {
      Append(operation, first);
    } else if (plant_ == Plant::kSequenceFromMemory && operation.family == store::Family::kState &&
               IsSequence(operation.key)) {
      sequences_[operation.key] = operation.value;
    } else {
      Append(operation, rest);
    }
  }
  if (!first.empty()) SPOTTER_RETURN_IF_ERROR(CommitInner(first));
  return CommitInner(rest);
}

Status SimulatedStore::Sync() {
  crash_.BeforeWrite();
  return inner_.Sync();
}

Status ReadBatch(const log::InMemoryLog& log, std::vector<log::Record>& undurable, Plant plant,
                 int64_t from, size_t max_records, std::vector<log::Record>& records) {
  SPOTTER_RETURN_IF_ERROR(
      const_cast<log::InMemoryLog&>(log).Read(from, max_records, 1u << 20, records));
  if (plant == Plant::kEffectBeforeDurableLog) {
    for (const log::Record& record : undurable) {
      const int64_t next = records.empty() ? from : records.back().offset + 1;
      if (record.offset == next && records.size() < max_records) records.push_back(record);
    }
  }
  if (plant == Plant::kBatchOrder) {
    for (size_t i = 0; i + 1 < records.size(); i += 2) {
      std::swap(records[i].payload, records[i + 1].payload);
    }
  }
  return OkStatus();
}

}  // namespace spotter::simulation
