// SPDX-License-Identifier: Apache-2.0
//
// Offline: puts a snapshot where the state is; the next start applies the log from there.
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "base/clock.h"
#include "control/directory.h"
#include "engine/options.h"
#include "log_local/local_log.h"
#include "services/program/host.h"
#include "services/shard/snapshot_files.h"
#include "services/spotterctl/commands.h"
#include "state/verify_hash.h"
#include "store_rocksdb/rocksdb_store.h"

namespace spotter::ctl {
namespace {

namespace fs = std::filesystem;
using service::SnapshotManifest;

struct Options {
  std::string snapshot;
  std::string data;
  bool force = false;
};

// A name is looked for in DIR/snapshots; "latest" is the newest there.
StatusOr<SnapshotManifest> FindSnapshot(const Options& options) {
  if (options.snapshot == "latest") {
    SPOTTER_ASSIGN_OR_RETURN(const auto all,
                             service::ListSnapshotFiles(options.data + "/snapshots"));
    if (all.empty()) return NotFound("'{}/snapshots' holds no snapshot", options.data);
    return all.front();
  }
  const std::string inside = options.data + "/snapshots/" + options.snapshot;
  return service::ReadManifest(fs::is_directory(inside) ? inside : options.snapshot);
}

// The state is what the manifest says: opened, read whole and hashed anew.
Status Verify(const std::string& state, const SnapshotManifest& manifest) {
  SPOTTER_ASSIGN_OR_RETURN(
      const auto store, store_rocksdb::Open({.directory = state, .cache_bytes = 64u << 20}, false));
  SPOTTER_ASSIGN_OR_RETURN(const state::Meta meta, state::ReadMeta(*store));
  if (meta.next_offset != manifest.offset) {
    return DataLoss("snapshot '{}': its state stands at offset {}, its manifest says {}",
                    manifest.path, meta.next_offset, manifest.offset);
  }
  SPOTTER_ASSIGN_OR_RETURN(const state::StateHash hash, state::HashByScan(*store));
  if (Hex(hash.Total()) != manifest.state_hash) {
    return DataLoss("snapshot '{}': its state hashes to {}, its manifest says {}", manifest.path,
                    Hex(hash.Total()), manifest.state_hash);
  }
  return OkStatus();
}

// A name beside `path` that is not taken.
std::string AsideOf(const std::string& path) {
  std::string aside = path + ".before-restore";
  for (int n = 2; fs::exists(aside); ++n) aside = fmt::format("{}.before-restore-{}", path, n);
  return aside;
}

Status MoveAside(const std::string& path, std::string_view what) {
  const std::string aside = AsideOf(path);
  fs::rename(path, aside);
  fmt::print("the former {} is in {}\n", what, aside);
  return OkStatus();
}

// What the log can give to the restored state.
struct LogFit {
  bool begins_anew = false;  // it ends below the snapshot: nothing of it can follow
  std::string said;          // to the operator; "" = it simply goes on
};

// FailedPrecondition: records that followed the snapshot are gone from the log, others are not.
StatusOr<LogFit> FitLog(const std::string& log, const SnapshotManifest& manifest) {
  log_local::Segments segments;
  if (fs::exists(log)) {
    SPOTTER_ASSIGN_OR_RETURN(segments, log_local::ListSegments(log));
  }
  if (segments.empty()) {
    return LogFit{.begins_anew = manifest.offset > 0,
                  .said = "there is no log: what came after the snapshot is lost"};
  }
  if (const int64_t start = segments.begin()->first; start > manifest.offset) {
    return FailedPrecondition(
        "snapshot '{}' stands at offset {}, the log '{}' starts at {}: the records between are "
        "gone; restore a snapshot at or after offset {}",
        manifest.path, manifest.offset, log, start, start);
  }
  SPOTTER_ASSIGN_OR_RETURN(const log_local::SegmentScan tail, log_local::ScanTail(log));
  if (tail.end < manifest.offset) {
    return LogFit{.begins_anew = true,
                  .said = fmt::format("the log ends at offset {}, below the snapshot's {}: it goes "
                                      "on there",
                                      tail.end, manifest.offset)};
  }
  for (const log_local::Hole& hole : tail.holes) {
    if (hole.end <= manifest.offset) continue;
    return LogFit{.said = fmt::format(
                      "the log's record at offset {}, after the snapshot's {}, is damaged: the "
                      "server will stand still there until that offset is skipped",
                      std::max(hole.first, manifest.offset), manifest.offset)};
  }
  return LogFit{};
}

// An empty log that begins at `first`.
Status BeginLog(const std::string& log, int64_t first) {
  if (fs::exists(log)) SPOTTER_RETURN_IF_ERROR(MoveAside(log, "log"));
  const std::string draft = log + ".restoring";
  fs::remove_all(draft);
  fs::create_directory(draft);
  fs::permissions(draft, fs::perms::owner_all);
  SPOTTER_RETURN_IF_ERROR(service::WriteFileDurably(log_local::SegmentPath(draft, first), ""));
  fs::rename(draft, log);
  return OkStatus();
}

// The control log, whose lock keeps a server away; nullptr: there is none yet.
StatusOr<std::unique_ptr<log_local::LocalLog>> LockDirectory(const std::string& data) {
  static const SystemClock clock;
  const std::string folder = data + "/control";
  if (!fs::is_directory(folder)) return std::unique_ptr<log_local::LocalLog>();
  auto control =
      log_local::LocalLog::Open({.directory = folder, .retention_age = Duration(0)}, clock);
  if (control.status().code() != StatusCode::kFailedPrecondition) return control;
  return FailedPrecondition("data directory '{}' is in use: stop its server first ({})", data,
                            MessageOf(control.status()));
}

// A snapshot is of this program's logic, or stands where its logic begins.
Status CheckVersion(log_local::LocalLog* control, const SnapshotManifest& manifest) {
  if (manifest.logic_version == engine::kLogicVersion) return OkStatus();
  if (control != nullptr) {
    control::Directory directory(*control);
    SPOTTER_RETURN_IF_ERROR(directory.Poll());
    const auto barriers = directory.Barriers(0);
    const auto barrier = barriers.find(manifest.offset);
    if (barrier != barriers.end() && barrier->second == engine::kLogicVersion) return OkStatus();
  }
  return FailedPrecondition("snapshot '{}' is of logic version {}, this program has {}",
                            manifest.path, manifest.logic_version, engine::kLogicVersion);
}

// Each step leaves a directory that a server starts on as before, or refuses in words; to restore
// again finishes the work.
Status Restore(const Options& options) {
  ::umask(077);  // as the server's own
  SPOTTER_ASSIGN_OR_RETURN(const SnapshotManifest manifest, FindSnapshot(options));
  SPOTTER_ASSIGN_OR_RETURN(const std::unique_ptr<log_local::LocalLog> control,
                           LockDirectory(options.data));
  SPOTTER_RETURN_IF_ERROR(CheckVersion(control.get(), manifest));
  const std::string state = options.data + "/state";
  const std::string draft = options.data + "/state.restoring";
  if (fs::exists(state) && !fs::is_empty(state) && !options.force) {
    return FailedPrecondition("'{}' is not empty: --force moves it aside", state);
  }
  SPOTTER_ASSIGN_OR_RETURN(const LogFit fit, FitLog(options.data + "/log", manifest));
  fs::create_directories(options.data);
  fs::remove_all(draft);
  fs::copy(manifest.path + "/state", draft, fs::copy_options::recursive);
  SPOTTER_RETURN_IF_ERROR(Verify(draft, manifest));
  SPOTTER_RETURN_IF_ERROR(service::WriteRestoredOffset(draft, manifest.offset));
  SPOTTER_RETURN_IF_ERROR(service::SyncTree(draft));
  if (fit.begins_anew) SPOTTER_RETURN_IF_ERROR(BeginLog(options.data + "/log", manifest.offset));
  if (fs::exists(state)) SPOTTER_RETURN_IF_ERROR(MoveAside(state, "state"));
  fs::rename(draft, state);
  SPOTTER_RETURN_IF_ERROR(service::SyncDirectory(options.data));
  if (!fit.said.empty()) fmt::print("note: {}\n", fit.said);
  fmt::print("restored {} offset={} hash={}\n", manifest.path, manifest.offset,
             manifest.state_hash);
  return OkStatus();
}

}  // namespace

void AddRestoreCommand(CLI::App& app, Run& run) {
  const auto options = std::make_shared<Options>();
  CLI::App* restore = app.add_subcommand(
      "restore", "put a snapshot in place of the state of a stopped server; the log goes on");
  restore->add_option("snapshot", options->snapshot, "its name, its path, or latest")->required();
  restore->add_option("--data", options->data, "the server's data directory")->required();
  restore->add_flag("--force", options->force, "move a state that is there aside");
  restore->callback([&run, options] {
    run = [options](const Client&) -> Status {
      try {
        return Restore(*options);
      } catch (const fs::filesystem_error& error) {
        return Unavailable("{}", error.what());
      }
    };
  });
}

}  // namespace spotter::ctl
