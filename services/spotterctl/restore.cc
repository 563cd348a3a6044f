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
#include "services/spotterctl/abandoned_history.h"
#include "services/spotterctl/commands.h"
#include "services/spotterctl/restored_log.h"
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

void SayMoved(std::string_view what, const std::string& aside) {
  if (!aside.empty()) fmt::print("the former {} is in {}\n", what, aside);
}

// What only --force does, named before it is done.
Status AskForForce(const LogFit& fit, const SnapshotManifest& manifest, const std::string& data) {
  std::string why;
  if (fit.dropped() > 0) {
    why = fmt::format(
        "the log '{}/log' holds {} accepted records, offsets {} to {}, and ends below the "
        "snapshot's offset {}: it would be moved aside, and what of them snapshot '{}' does not "
        "have would be lost; ",
        data, fit.dropped(), fit.start, fit.end - 1, manifest.offset, manifest.name());
  }
  const std::string state = data + "/state";
  if (fs::exists(state) && !fs::is_empty(state)) why += fmt::format("'{}' is not empty; ", state);
  if (why.empty()) return OkStatus();
  return FailedPrecondition("{}--force moves aside what is there", why);
}

// How far the state, the snapshots and the barriers that are there reach: a barrier is written at
// the log's end. 0: there are none, or no state that can be read.
StatusOr<int64_t> KnownTo(const std::string& data, log_local::LocalLog* control) {
  SPOTTER_ASSIGN_OR_RETURN(const auto snapshots, service::ListSnapshotFiles(data + "/snapshots"));
  int64_t known = snapshots.empty() ? 0 : snapshots.front().offset;
  if (control != nullptr) {
    control::Directory directory(*control);
    SPOTTER_RETURN_IF_ERROR(directory.Poll());
    const auto barriers = directory.Barriers(0);
    if (!barriers.empty()) known = std::max(known, barriers.rbegin()->first);
  }
  const auto store =
      store_rocksdb::Open({.directory = data + "/state", .cache_bytes = 8u << 20}, false);
  if (!store.ok()) return known;
  const StatusOr<state::Meta> meta = state::ReadMeta(**store);
  return meta.ok() ? std::max(known, meta->next_offset) : known;
}

// Before the log is touched: a restore that is killed here leaves a log that is as it was, without
// what was said of records that it does not have.
Status AbandonHistory(int64_t from, const std::string& data, log_local::LocalLog* control) {
  std::vector<std::string> said;
  if (control != nullptr) {
    SPOTTER_ASSIGN_OR_RETURN(said, TakeBackFrom(from, *control));
  }
  SPOTTER_ASSIGN_OR_RETURN(const auto moved, MoveSnapshotsAside(from, data + "/snapshots"));
  said.insert(said.end(), moved.begin(), moved.end());
  for (const std::string& line : said) fmt::print("note: {}\n", line);
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
  const std::string log = options.data + "/log";
  const std::string draft = options.data + "/state.restoring";
  SPOTTER_ASSIGN_OR_RETURN(const LogFit fit, FitLog(log, manifest));
  if (!options.force) SPOTTER_RETURN_IF_ERROR(AskForForce(fit, manifest, options.data));
  fs::create_directories(options.data);
  fs::remove_all(draft);
  fs::copy(manifest.path + "/state", draft, fs::copy_options::recursive);
  SPOTTER_RETURN_IF_ERROR(Verify(draft, manifest));
  SPOTTER_RETURN_IF_ERROR(service::WriteRestoredOffset(draft, manifest.offset));
  SPOTTER_RETURN_IF_ERROR(service::SyncTree(draft));
  SPOTTER_ASSIGN_OR_RETURN(const int64_t known_to, KnownTo(options.data, control.get()));
  if (const auto from = AbandonedFrom(fit, manifest.offset, known_to)) {
    SPOTTER_RETURN_IF_ERROR(AbandonHistory(*from, options.data, control.get()));
  }
  if (fit.begins_anew) {
    SPOTTER_ASSIGN_OR_RETURN(const std::string aside, BeginLog(log, manifest.offset));
    SayMoved("log", aside);
  }
  if (fs::exists(state)) {
    const std::string aside = AsideOf(state);
    fs::rename(state, aside);
    SayMoved("state", aside);
  }
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
  restore->add_flag("--force", options->force,
                    "move a state, and a log that ends below the snapshot, aside");
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
