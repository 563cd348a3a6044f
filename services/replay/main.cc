// SPDX-License-Identifier: Apache-2.0
//
// spotter-replay: state = f(log). Applies a log to an empty state and prints what comes of it.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>

#include "base/clock.h"
#include "base/log_message.h"
#include "engine/shard.h"
#include "services/replay/source.h"
#include "state/state_hash.h"
#include "store/in_memory_store.h"
#include "store_rocksdb/rocksdb_store.h"

namespace {

using namespace spotter;  // NOLINT(google-build-using-namespace): a program of one file

constexpr Duration kSilence = Seconds(30);  // of a broker, in the middle of a log

struct Options {
  replay::SourceOptions source;
  std::string store;   // "" = in memory
  int64_t until = -1;  // < 0: the log's end
  size_t batch = 1024;
  bool actions = false;
};

StatusOr<log::Offset> EndOf(const Options& options, const replay::Source& source) {
  const log::Offset end = source.log->durable_end();
  if (options.until < 0) return end;
  if (options.until <= end) return options.until;
  return FailedPrecondition("{} ends at offset {}, expected at least {} (--until)", source.name,
                            end, options.until);
}

Status Replay(const Options& options) {
  const SystemClock clock;
  SPOTTER_ASSIGN_OR_RETURN(const replay::Source source, replay::OpenSource(options.source, clock));
  if (source.log->start() != 0) {
    return FailedPrecondition("{} starts at offset {}: only a whole log can be replayed",
                              source.name, source.log->start());
  }
  std::unique_ptr<store::Store> store = std::make_unique<store::InMemoryStore>();
  if (!options.store.empty()) {
    SPOTTER_ASSIGN_OR_RETURN(store, store_rocksdb::Open({.directory = options.store}, true));
  }
  SPOTTER_ASSIGN_OR_RETURN(const auto shard, engine::Shard::Open(*store, {}, source.skips));
  if (shard->next_offset() != 0) {
    return FailedPrecondition("'{}' is not empty: expected an empty state", options.store);
  }
  SPOTTER_ASSIGN_OR_RETURN(const log::Offset end, EndOf(options, source));
  std::set<model::ActionId> seen;
  size_t actions = 0;
  std::vector<log::Record> records;
  while (shard->next_offset() < end) {
    const log::Offset next = shard->next_offset();
    if (!source.log->WaitReadable(next, kSilence)) {
      return Unavailable("{}: the record at offset {} did not come within {}", source.name, next,
                         FormatDuration(kSilence));
    }
    records.clear();
    const auto count = std::min(options.batch, static_cast<size_t>(end - next));
    SPOTTER_RETURN_IF_ERROR(source.log->Read(next, count, 4 << 20, records));
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

// "NAME=VALUE" of a setting of librdkafka.
Status ReadKafkaSettings(const std::vector<std::string>& texts, Options& options) {
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    if (equals == 0 || equals == std::string::npos) {
      return InvalidArgument("--kafka: '{}': expected NAME=VALUE", text);
    }
    options.source.kafka[text.substr(0, equals)] = text.substr(equals + 1);
  }
  if (options.source.log.empty() == options.source.brokers.empty()) {
    return InvalidArgument("expected a log directory, or --brokers, and not both");
  }
  return OkStatus();
}

void AddOptions(CLI::App& app, Options& options, std::vector<std::string>& kafka) {
  replay::SourceOptions& source = options.source;
  app.add_option("log", source.log, "log directory, DIR/log of a server");
  app.add_flag("--actions", options.actions, "print the id of each action, in order of decision");
  app.add_option("--batch", options.batch, "records applied together (1024)")
      ->check(CLI::Range(1, 1 << 20));
  app.add_option("--until", options.until, "stop before this offset (the log's end)")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--data", options.store, "keep the state in RocksDB here, not in memory");
  app.add_option("--shard", source.shard, "which partition; whose skips count (0)")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--control", source.control, "control log directory (beside the log)");
  app.add_option("--brokers", source.brokers, "Kafka brokers, HOST:PORT,...; the log is a topic");
  app.add_option("--log-topic", source.log_topic)->capture_default_str();
  app.add_option("--control-topic", source.control_topic)->capture_default_str();
  app.add_option("--kafka", kafka, "NAME=VALUE, a setting of librdkafka; may be repeated");
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Applies a log to an empty state and prints the state's hash: the same log gives the "
      "same hash and the same action ids on every machine.",
      "spotter-replay");
  app.footer(
      "\nExamples: spotter-replay ./data/log --actions     (the server must be stopped)\n"
      "          spotter-replay --brokers kafka:9092 --shard 3 --until 4711\n");
  Options options;
  std::vector<std::string> kafka;
  AddOptions(app, options, kafka);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  SetLogLevel(LogLevel::kError);
  if (const Status valid = ReadKafkaSettings(kafka, options); !valid.ok()) {
    fmt::print(stderr, "error: {}\n", MessageOf(valid));
    return 2;
  }
  const Status done = Replay(options);
  if (done.ok()) return 0;
  fmt::print(stderr, "error: {}\n", MessageOf(done));
  return 1;
}
