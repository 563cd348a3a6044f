// SPDX-License-Identifier: Apache-2.0
#include "services/replay/source.h"

#include <chrono>
#include <filesystem>

#include "control/directory.h"
#include "control/key.h"
#include "log_kafka/kafka_log.h"
#include "log_local/local_log.h"
#include "log_local/segment.h"

namespace spotter::replay {
namespace {

constexpr Duration kLook = Duration(50);
constexpr auto kControlTimeout = std::chrono::seconds(30);

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

StatusOr<std::set<int64_t>> ReadSkips(const SourceOptions& options, const Clock& clock) {
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

StatusOr<Source> OpenDirectory(const SourceOptions& options, const Clock& clock) {
  SPOTTER_RETURN_IF_ERROR(CheckLog(options.log));
  Source source{.name = "log '" + options.log + "'"};
  SPOTTER_ASSIGN_OR_RETURN(source.skips, ReadSkips(options, clock));
  SPOTTER_ASSIGN_OR_RETURN(auto log, log_local::LocalLog::Open({.directory = options.log,
                                                                .retention_age = Duration(0),
                                                                .accepted = {.skips = source.skips},
                                                                .read_only = true},
                                                               clock));
  if (const log_local::RepairReport torn = log->repair(); torn.bytes_dropped > 0) {
    fmt::print(stderr, "note: {} bytes of a torn record at the end of '{}' are passed over\n",
               torn.bytes_dropped, torn.file);
  }
  source.log = std::move(log);
  return source;
}

// A read of Kafka that finds nothing may only have found nothing yet: the control log counts once
// it was read to its end.
StatusOr<std::set<int64_t>> ReadSkips(const SourceOptions& options,
                                      const std::shared_ptr<log_kafka::KafkaClient>& client) {
  SPOTTER_ASSIGN_OR_RETURN(const auto control,
                           log_kafka::KafkaLog::Open(client, {.topic = options.control_topic,
                                                              .compacted = true,
                                                              .key_of = control::KeyOfPayload}));
  control::Directory directory(*control);
  directory.Follow();
  const auto deadline = std::chrono::steady_clock::now() + kControlTimeout;
  for (uint64_t seen = 0; !directory.CaughtUp();) {
    if (std::chrono::steady_clock::now() > deadline) {
      return Unavailable("control log '{}' could not be read to its end: {}", options.control_topic,
                         directory.problem());
    }
    seen = directory.WaitChange(seen, kLook);
  }
  return directory.Skips(options.shard);
}

StatusOr<Source> OpenPartition(const SourceOptions& options) {
  SPOTTER_ASSIGN_OR_RETURN(
      std::shared_ptr<log_kafka::KafkaClient> client,
      log_kafka::KafkaClient::Create({.brokers = options.brokers, .settings = options.kafka}));
  Source source{.name = fmt::format("log '{}' [{}]", options.log_topic, options.shard)};
  SPOTTER_ASSIGN_OR_RETURN(source.skips, ReadSkips(options, client));
  SPOTTER_ASSIGN_OR_RETURN(
      source.log,
      log_kafka::KafkaLog::Open(client, {.topic = options.log_topic, .partition = options.shard}));
  return source;
}

}  // namespace

StatusOr<Source> OpenSource(const SourceOptions& options, const Clock& clock) {
  return options.brokers.empty() ? OpenDirectory(options, clock) : OpenPartition(options);
}

}  // namespace spotter::replay
