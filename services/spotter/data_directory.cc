// SPDX-License-Identifier: Apache-2.0
#include "services/spotter/data_directory.h"

#include <algorithm>
#include <filesystem>

#include "base/log_message.h"
#include "services/program/host.h"
#include "services/shard/broken_log.h"
#include "services/shard/snapshot_files.h"
#include "state/verify_hash.h"
#include "store_rocksdb/rocksdb_store.h"

namespace spotter::service {
namespace {

namespace fs = std::filesystem;

constexpr int32_t kShard = 0;  // the only one

Status MakeFolder(const std::string& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) return OkStatus();
  fs::create_directory(path, error);
  if (!error) return OkStatus();
  return FailedPrecondition("data directory '{}' cannot be made: {}", path, error.message());
}

// A time-lapse directory holds the clock's start in a file; its clock goes on where it stood.
StatusOr<std::unique_ptr<VirtualClock>> MakeClock(const Config& config, const Clock& wall) {
  const std::string marker = config.data + "/time-lapse";
  const bool is_lapse = fs::exists(marker);
  if (!config.time_lapse.has_value()) {
    if (!is_lapse) return std::unique_ptr<VirtualClock>();
    return FailedPrecondition(
        "data directory '{}' was made with --time-lapse: start it with that flag", config.data);
  }
  if (is_lapse) {
    SPOTTER_ASSIGN_OR_RETURN(const std::string text, ReadFile(marker));
    const std::string_view line = std::string_view(text).substr(0, text.find('\n'));
    SPOTTER_ASSIGN_OR_RETURN(const EventTime start, ParseTime(line));
    return std::make_unique<VirtualClock>(start, &wall);
  }
  if (fs::exists(config.data + "/log") || fs::exists(config.data + "/state")) {
    return FailedPrecondition(
        "data directory '{}' is in use by real time: --time-lapse needs an "
        "empty one",
        config.data);
  }
  SPOTTER_RETURN_IF_ERROR(WriteFileDurably(marker, FormatTime(*config.time_lapse) + "\n"));
  return std::make_unique<VirtualClock>(*config.time_lapse, &wall);
}

// RocksDB says in its own words that another process has it, and that it is damaged.
StatusOr<std::unique_ptr<store::Store>> OpenStore(const Config& config) {
  return store_rocksdb::Open(
      {.directory = config.data + "/state", .cache_bytes = static_cast<size_t>(config.cache_bytes)},
      /*create_if_missing=*/true);
}

void Quarantine(std::string problem, DataDirectory& directory) {
  directory.shard.problem = std::move(problem);
  directory.shard.log = std::make_shared<BrokenLog>(directory.shard.problem);
}

Status OpenLog(const Config& config, const Clock& clock, DataDirectory& directory) {
  const StatusOr<state::Meta> meta = state::ReadMeta(*directory.shard.store);
  if (!meta.ok() && meta.status().code() != StatusCode::kNotFound) return meta.status();
  const int64_t stored = meta.ok() ? meta->next_offset : 0;
  SPOTTER_ASSIGN_OR_RETURN(const int64_t restored, ReadRestoredOffset(config.data + "/state"));
  StatusOr<std::unique_ptr<log_local::LocalLog>> opened = log_local::LocalLog::Open(
      {.directory = config.data + "/log",
       .retention_age = config.retention_age,
       .retention_bytes = config.retention_bytes,
       .stored_offset = stored,
       .accepted = {.skips = directory.control->Skips(kShard), .needed_from = restored}},
      clock);
  if (opened.ok() && (*opened)->start() > stored) {
    Quarantine(fmt::format("log directory '{}/log' starts at offset {}, past the stored offset {}: "
                           "restore a snapshot",
                           config.data, (*opened)->start(), stored),
               directory);
    return OkStatus();
  }
  if (opened.ok()) {
    directory.local_log = *std::move(opened);
    directory.shard.log = directory.local_log;
    return OkStatus();
  }
  if (opened.status().code() != StatusCode::kDataLoss) return opened.status();
  Quarantine(std::string(MessageOf(opened.status())), directory);
  return OkStatus();
}

// Whether the record is one of those that keep the log from being opened.
StatusOr<bool> IsDamaged(const std::string& log, int64_t offset) {
  SPOTTER_ASSIGN_OR_RETURN(const log_local::SegmentScan tail, log_local::ScanTail(log));
  return std::any_of(tail.holes.begin(), tail.holes.end(), [&](const log_local::Hole& hole) {
    return hole.first <= offset && offset < std::max(hole.end, hole.first + 1);
  });
}

}  // namespace

StatusOr<DataDirectory> OpenDataDirectory(const Config& config, const Clock& wall) {
  DataDirectory directory{.path = config.data};
  SPOTTER_RETURN_IF_ERROR(MakeFolder(config.data));
  SPOTTER_ASSIGN_OR_RETURN(
      directory.control_log,
      log_local::LocalLog::Open(
          {.directory = config.data + "/control", .retention_age = Duration(0)}, wall));
  SPOTTER_ASSIGN_OR_RETURN(directory.virtual_clock, MakeClock(config, wall));
  directory.control = std::make_unique<control::Directory>(*directory.control_log);
  SPOTTER_RETURN_IF_ERROR(directory.control->Poll());
  directory.shard.skips = directory.control->Skips(kShard);
  SPOTTER_RETURN_IF_ERROR(MakeFolder(directory.snapshots()));
  if (const std::string half = config.data + "/state.restoring";
      fs::exists(half) && !fs::exists(config.data + "/state")) {
    return FailedPrecondition(
        "data directory '{}': a restore was interrupted ('{}' is there, 'state' is not): run "
        "`spotterctl restore` again",
        config.data, half);
  }
  SPOTTER_ASSIGN_OR_RETURN(directory.shard.store, OpenStore(config));
  const Clock& clock = directory.virtual_clock != nullptr
                           ? static_cast<const Clock&>(*directory.virtual_clock)
                           : wall;
  SPOTTER_RETURN_IF_ERROR(OpenLog(config, clock, directory));
  if (directory.local_log == nullptr) {
    directory.shard.is_damaged = [log = config.data + "/log"](int64_t offset) {
      return IsDamaged(log, offset);
    };
  }
  directory.shard.barriers = [control = directory.control.get()] {
    return control->Barriers(kShard);
  };
  directory.shard.put_barrier = [control = directory.control.get()](int64_t offset,
                                                                    uint32_t logic_version) {
    return control->Append(
        model::Barrier{.offset = offset, .logic_version = logic_version, .shard = kShard});
  };
  directory.shard.skip = [control = directory.control.get()](int64_t offset, std::string reason) {
    return control->Append(
        model::SkipOffset{.offset = offset, .reason = std::move(reason), .shard = kShard});
  };
  return directory;
}

}  // namespace spotter::service
