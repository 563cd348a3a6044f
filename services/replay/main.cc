// SPDX-License-Identifier: Apache-2.0
//
// spotter-replay: state = f(log). Applies a log to an empty state and prints what comes of it.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <set>

#include "base/clock.h"
#include "base/log_message.h"
#include "control/directory.h"
#include "engine/shard.h"
#include "log_local/local_log.h"
#include "log_local/segment.h"
#include "state/state_hash.h"
#include "store/in_memory_store.h"
#include "store_rocksdb/rocksdb_store.h"

namespace {

using namespace spotter;  // NOLINT(google-build-using-namespace): a program of one file

struct Options {
  std::string log;
  std::string store;  // "" = in memory
  std::string control;
  int32_t shard = 0;
  size_t batch = 1024;
  bool actions = false;
};

// What is read is left as it is: a log, a wrong folder, a torn tail that somebody wants to look at.
Status CheckLog(const std::string& path) {
  if (!std::filesystem::is_directory(path))
    return NotFound("log directory '{}' is not there", path);
  SPOTTER_ASSIGN_OR_RETURN(const log_local::Segments segments, log_local::ListSegments(path));
  if (!segments.empty()) return OkStatus();
  const std::string inside = path + "/log";
  return NotFound("'{}' holds no log: expected a folder of NUMBER.log files, DIR/log of a server{}",
                  path,
                  std::filesystem::is_directory(inside) ? "; did you mean '" + inside + "'?" : "");
}

StatusOr<std::set<int64_t>> ReadSkips(const Options& options, const Clock& clock) {
  std::string folder = options.control;
  if (folder.empty()) {  // beside the log, as a server lays them out
    folder = (std::filesystem::path(options.log).lexically_normal().parent_path() / "control");
    if (!CheckLog(folder).ok()) return std::set<int64_t>();
  }
  SPOTTER_RETURN_IF_ERROR(CheckLog(folder));
  SPOTTER_ASSIGN_OR_RETURN(
      const auto control,
      log_local::LocalLog::Open(
          {.directory = folder, .retention_age = Duration(0), .read_only = true}, clock));
  control::Directory directory(*control);
  SPOTTER_RETURN_IF_ERROR(directory.Poll());
  return directory.Skips(options.shard);
}

Status Replay(const Options& options) {
  const SystemClock clock;
  SPOTTER_RETURN_IF_ERROR(CheckLog(options.log));
  SPOTTER_ASSIGN_OR_RETURN(const std::set<int64_t> skips, ReadSkips(options, clock));
  SPOTTER_ASSIGN_OR_RETURN(const auto log, log_local::LocalLog::Open({.directory = options.log,
                                                                      .retention_age = Duration(0),
                                                                      .accepted = {.skips = skips},
                                                                      .read_only = true},
                                                                     clock));
  if (const log_local::RepairReport torn = log->repair(); torn.bytes_dropped > 0) {
    fmt::print(stderr, "note: {} bytes of a torn record at the end of '{}' are passed over\n",
               torn.bytes_dropped, torn.file);
  }
  if (log->start() != 0) {
    return FailedPrecondition("log '{}' starts at offset {}: only a whole log can be replayed",
                              options.log, log->start());
  }
  std::unique_ptr<store::Store> store = std::make_unique<store::InMemoryStore>();
  if (!options.store.empty()) {
    SPOTTER_ASSIGN_OR_RETURN(store, store_rocksdb::Open({.directory = options.store}, true));
  }
  SPOTTER_ASSIGN_OR_RETURN(const auto shard, engine::Shard::Open(*store, {}, skips));
  if (shard->next_offset() != 0) {
    return FailedPrecondition("'{}' is not empty: expected an empty state", options.store);
  }
  std::set<model::ActionId> seen;
  size_t actions = 0;
  std::vector<log::Record> records;
  while (shard->next_offset() < log->durable_end()) {
    records.clear();
    SPOTTER_RETURN_IF_ERROR(log->Read(shard->next_offset(), options.batch, 4 << 20, records));
    SPOTTER_ASSIGN_OR_RETURN(const engine::Effects effects, shard->ApplyBatch(records));
    for (const engine::OutboxChange& change : effects.outbox) {
      const auto* action = std::get_if<model::Action>(&change.entry.what);
      if (action == nullptr || !seen.insert(action->id).second) continue;
      actions++;
      if (options.actions) fmt::print("{}\n", model::ToText(action->id));
    }
  }
  fmt::print("hash={} facts={} actions={} records={}\n", Hex(shard->state_hash().Total()),
             Hex(shard->state_hash().Facts()), actions, shard->next_offset());
  return OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Applies a log to an empty state and prints the state's hash: the same log gives the "
      "same hash and the same action ids on every machine.",
      "spotter-replay");
  app.footer("\nExample: spotter-replay ./data/log --actions     (the server must be stopped)\n");
  Options options;
  app.add_option("log", options.log, "log directory, DIR/log of a server")->required();
  app.add_flag("--actions", options.actions, "print the id of each action, in order of decision");
  app.add_option("--batch", options.batch, "records applied together (1024)")
      ->check(CLI::Range(1, 1 << 20));
  app.add_option("--data", options.store, "keep the state in RocksDB here, not in memory");
  app.add_option("--control", options.control, "control log directory (beside the log)");
  app.add_option("--shard", options.shard, "whose skips of the control log count (0)");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  SetLogLevel(LogLevel::kError);
  const Status done = Replay(options);
  if (done.ok()) return 0;
  fmt::print(stderr, "error: {}\n", MessageOf(done));
  return 1;
}
