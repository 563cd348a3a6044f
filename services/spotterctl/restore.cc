// SPDX-License-Identifier: Apache-2.0
//
// Offline: puts a snapshot where the state is; the next start applies the log from there.
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

#include "base/clock.h"
#include "engine/options.h"
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

Status Restore(const Options& options) {
  SPOTTER_ASSIGN_OR_RETURN(const SnapshotManifest manifest, FindSnapshot(options));
  if (manifest.logic_version != engine::kLogicVersion) {
    return FailedPrecondition("snapshot '{}' is of logic version {}, this program has {}",
                              manifest.path, manifest.logic_version, engine::kLogicVersion);
  }
  const std::string lock_path = options.data + "/control/LOCK";
  const int lock = ::open(lock_path.c_str(), O_RDWR | O_CLOEXEC);
  if (lock >= 0 && ::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    ::close(lock);
    return FailedPrecondition("data directory '{}' is in use: stop its server first", options.data);
  }
  const std::string state = options.data + "/state";
  const std::string draft = options.data + "/state.restoring";
  if (fs::exists(state) && !fs::is_empty(state) && !options.force) {
    return FailedPrecondition("'{}' is not empty: --force moves it aside", state);
  }
  fs::create_directories(options.data);
  fs::remove_all(draft);
  fs::copy(manifest.path + "/state", draft, fs::copy_options::recursive);
  SPOTTER_RETURN_IF_ERROR(Verify(draft, manifest));
  if (fs::exists(state)) {
    std::string aside = options.data + "/state.before-restore";
    for (int n = 2; fs::exists(aside); ++n) {
      aside = fmt::format("{}/state.before-restore-{}", options.data, n);
    }
    fs::rename(state, aside);
    fmt::print("the former state is in {}\n", aside);
  }
  fs::rename(draft, state);
  if (lock >= 0) ::close(lock);
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
