// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/throughput.h"

#include <filesystem>
#include <numeric>

#include "benchmarks/measure.h"
#include "engine/shard.h"
#include "state/keys.h"
#include "state/record_rows.h"
#include "store_rocksdb/rocksdb_store.h"
#include "wire/wire.h"

namespace spotter::benchmarks {
namespace {

const engine::Options kOptions;

// Takes the time of a pass and syncs the store as an owner does.
class Stopwatch {
 public:
  Status SyncIfDue(store::Store& store) {
    if (WallSeconds() - synced_ < std::chrono::duration<double>(kOptions.sync_interval).count()) {
      return OkStatus();
    }
    synced_ = WallSeconds();
    return store.Sync();
  }
  Pass Stop() const {
    return {.cpu_seconds = CpuSeconds() - cpu_, .wall_seconds = WallSeconds() - wall_};
  }

 private:
  double cpu_ = CpuSeconds();
  double wall_ = WallSeconds();
  double synced_ = wall_;
};

Status ReadBatch(log::Log& log, log::Offset from, std::vector<log::Record>& records) {
  records.clear();
  return log.Read(from, kOptions.batch_records_max, kOptions.batch_bytes_max, records);
}

}  // namespace

StatusOr<Pass> RunEngine(Workload& workload, const std::string& directory) {
  SPOTTER_ASSIGN_OR_RETURN(const auto store, store_rocksdb::Open({.directory = directory}, true));
  Stopwatch watch;
  SPOTTER_ASSIGN_OR_RETURN(auto shard, engine::Shard::Open(*store, kOptions));
  std::vector<log::Record> records;
  while (shard->next_offset() < workload.log->end()) {
    SPOTTER_RETURN_IF_ERROR(ReadBatch(*workload.log, shard->next_offset(), records));
    SPOTTER_RETURN_IF_ERROR(shard->ApplyBatch(records).status());
    SPOTTER_RETURN_IF_ERROR(watch.SyncIfDue(*store));
  }
  SPOTTER_RETURN_IF_ERROR(shard->Close());
  Pass pass = watch.Stop();

  const engine::Counters& counters = shard->counters();
  pass.actions = static_cast<int64_t>(counters.actions);
  pass.transitions = std::reduce(counters.transitions_by_cause.begin(),
                                 counters.transitions_by_cause.end(), int64_t{0});
  if (counters.dead_letters > 0) return Internal("{} dead letters", counters.dead_letters);
  const int64_t with_shard = AllocatedBytes();
  shard.reset();
  pass.memory_bytes = with_shard - AllocatedBytes();
  SPOTTER_RETURN_IF_ERROR(store->Checkpoint(directory + "-copy"));
  pass.disk_bytes = BytesIn(directory + "-copy");
  std::filesystem::remove_all(directory + "-copy");
  return pass;
}

StatusOr<Pass> RunRoofline(Workload& workload, const std::string& directory) {
  SPOTTER_ASSIGN_OR_RETURN(const auto store, store_rocksdb::Open({.directory = directory}, true));
  Stopwatch watch;
  std::vector<log::Record> records;
  store::WriteBatch batch;
  for (log::Offset next = 0; next < workload.log->end(); next += std::ssize(records)) {
    SPOTTER_RETURN_IF_ERROR(ReadBatch(*workload.log, next, records));
    batch.Clear();
    for (const log::Record& record : records) {
      SPOTTER_ASSIGN_OR_RETURN(const model::LogRecord decoded,
                               wire::DecodeLogRecord(record.payload));
      const auto* event = std::get_if<model::MemberEvent>(&decoded);
      if (event == nullptr) continue;
      const model::RecordKey key = model::MakeRecordKey(event->source, event->customer_id);
      SPOTTER_RETURN_IF_ERROR(
          store->Get(store::Family::kState, state::RecordRowKey(event->tenant.value(), key, 0))
              .status());
      state::RecordDelta delta;
      delta.PutEntity(state::EntityElement({.id = static_cast<uint64_t>(record.offset),
                                            .last_kind = event->kind,
                                            .time = event->event_time,
                                            .attributes = event->attributes,
                                            .type = event->entity.type}));
      const auto row = static_cast<uint32_t>(record.offset);
      batch.Put(store::Family::kState, state::RecordRowKey(event->tenant.value(), key, row),
                delta.bytes());
    }
    SPOTTER_RETURN_IF_ERROR(store->Commit(batch));
    SPOTTER_RETURN_IF_ERROR(watch.SyncIfDue(*store));
  }
  SPOTTER_RETURN_IF_ERROR(store->Sync());
  return watch.Stop();
}

}  // namespace spotter::benchmarks
