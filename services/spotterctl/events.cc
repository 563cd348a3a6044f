// SPDX-License-Identifier: Apache-2.0
#include <google/protobuf/util/json_util.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <iostream>
#include <memory>

#include "services/spotterctl/commands.h"
#include "services/spotterctl/print.h"
#include "spotter/v1/ingest_service.grpc.pb.h"

namespace spotter::ctl {
namespace {

constexpr int kBatch = 500;
constexpr size_t kBatchBytes = 1 << 20;
constexpr int64_t kComplaintsMax = 10;
constexpr auto kProgressInterval = std::chrono::milliseconds(250);

struct Options {
  std::string file = "-";
  bool backfill = false;
};

struct Totals {
  int64_t lines = 0;
  int64_t accepted = 0;
  int64_t ignored = 0;
  int64_t dead_letters = 0;
  int64_t unreadable = 0;
};

// Progress on a terminal, nothing in a pipe.
class Progress {
 public:
  explicit Progress(int64_t bytes_total)
      : bytes_total_(bytes_total), is_shown_(isatty(STDERR_FILENO) != 0) {}

  void Show(int64_t bytes, int64_t lines, bool last) {
    const auto now = std::chrono::steady_clock::now();
    if (!is_shown_ || (!last && now - shown_ < kProgressInterval)) return;
    shown_ = now;
    const double seconds = std::chrono::duration<double>(now - begun_).count();
    const double share =
        bytes_total_ > 0 ? static_cast<double>(bytes) / static_cast<double>(bytes_total_) : 0;
    const double left = share > 0 ? seconds / share - seconds : 0;
    const auto filled = static_cast<size_t>(share * 30);
    fmt::print(stderr, "\r[{}{}] {:3.0f}%  {} events  {:.0f}/s  {:.0f} s left  ",
               std::string(filled, '#'), std::string(30 - std::min<size_t>(filled, 30), '.'),
               share * 100, lines, seconds > 0 ? static_cast<double>(lines) / seconds : 0, left);
    if (last) fmt::print(stderr, "\n");
  }

 private:
  const int64_t bytes_total_;
  const bool is_shown_;
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point shown_;
};

// What is wrong with lines: the first ones in words, the rest by number.
class Complaints {
 public:
  void Add(int64_t line, const std::string& what) {
    if (count_++ < kComplaintsMax) fmt::print(stderr, "line {}: {}\n", line, OneLine(what));
  }
  void Close() const {
    if (count_ > kComplaintsMax) fmt::print(stderr, "and {} more\n", count_ - kComplaintsMax);
  }

 private:
  int64_t count_ = 0;
};

// Events on their way, and the lines they stand in.
struct Batch {
  v1::PublishRequest request;
  std::vector<int64_t> lines;
  size_t bytes = 0;
};

Status Send(const Client& client, Batch& batch, Totals& totals, Complaints& complaints) {
  if (batch.lines.empty()) return OkStatus();
  batch.request.set_request_id(NewRequestId());
  SPOTTER_ASSIGN_OR_RETURN(
      const v1::PublishResponse response,
      client.Call<v1::IngestService>(&v1::IngestService::Stub::Publish, batch.request));
  for (int i = 0; i < response.results_size(); ++i) {
    const v1::PublishResult& result = response.results(i);
    switch (result.outcome()) {
      case v1::PublishResult::OUTCOME_ACCEPTED:
        totals.accepted++;
        break;
      case v1::PublishResult::OUTCOME_IGNORED:
        totals.ignored++;
        break;
      default:
        totals.dead_letters++;
        complaints.Add(i < static_cast<int>(batch.lines.size()) ? batch.lines[i] : 0,
                       fmt::format("dead letter {}: {}", result.dead_letter(), result.reason()));
    }
  }
  batch = Batch();
  return OkStatus();
}

// One spotter.v1.MemberEvent in protobuf's JSON mapping a line. A line that cannot be read is
// told and left out. Sent again the file changes nothing, so an import that broke off is resumed
// by starting it again.
Status PublishLines(const Client& client, const Options& options, std::istream& in,
                    int64_t bytes_total) {
  Totals totals;
  Progress progress(bytes_total);
  Complaints complaints;
  Batch batch;
  int64_t bytes = 0;
  std::string line;
  while (std::getline(in, line)) {
    totals.lines++;
    bytes += static_cast<int64_t>(line.size()) + 1;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    v1::MemberEvent event;
    const auto parsed = google::protobuf::util::JsonStringToMessage(line, &event);
    if (!parsed.ok()) {
      totals.unreadable++;
      complaints.Add(totals.lines, std::string(parsed.message()));
      continue;
    }
    if (options.backfill) event.set_backfill(true);
    batch.bytes += event.ByteSizeLong();
    batch.lines.push_back(totals.lines);
    *batch.request.add_events() = std::move(event);
    if (batch.request.events_size() == kBatch || batch.bytes >= kBatchBytes) {
      SPOTTER_RETURN_IF_ERROR(Send(client, batch, totals, complaints));
    }
    progress.Show(bytes, totals.lines, false);
  }
  SPOTTER_RETURN_IF_ERROR(Send(client, batch, totals, complaints));
  progress.Show(bytes, totals.lines, true);
  complaints.Close();
  if (client.json()) {
    fmt::print(R"({{"lines":{},"accepted":{},"ignored":{},"dead_letters":{},"unreadable":{}}})"
               "\n",
               totals.lines, totals.accepted, totals.ignored, totals.dead_letters,
               totals.unreadable);
  } else {
    fmt::print("lines={} accepted={} ignored={} dead_letters={} unreadable={}\n", totals.lines,
               totals.accepted, totals.ignored, totals.dead_letters, totals.unreadable);
  }
  if (totals.unreadable + totals.dead_letters == 0) return OkStatus();
  return InvalidArgument("{} of {} lines could not be read",
                         totals.unreadable + totals.dead_letters, totals.lines);
}

Status Publish(const Client& client, const Options& options) {
  if (options.file == "-") return PublishLines(client, options, std::cin, 0);
  std::ifstream file(options.file, std::ios::binary | std::ios::ate);
  if (!file) return InvalidArgument("file '{}' cannot be read", options.file);
  const int64_t size = file.tellg();
  file.seekg(0);
  return PublishLines(client, options, file, size);
}

}  // namespace

void AddEventCommands(CLI::App& app, Run& run) {
  const auto options = std::make_shared<Options>();
  CLI::App* publish = app.add_subcommand(
      "publish", "publish events: one JSON object (spotter.v1.MemberEvent) a line");
  publish->add_option("file", options->file, "NDJSON file; - or nothing: stdin");
  publish->add_flag("--backfill", options->backfill,
                    "past events: nothing is sent because of them");
  publish->callback([&run, options] {
    run = [options](const Client& client) { return Publish(client, *options); };
  });
  CLI::App* import = app.add_subcommand(
      "import", "publish a file of past events (backfill), with progress; safe to repeat");
  import->add_option("file", options->file, "NDJSON file; - is stdin")->required();
  import->callback([&run, options] {
    options->backfill = true;
  run = [options](const Client& client) { return Publish(client, *options); };
});
}  // namespace spotter::ctl

}  // namespace spotter::ctl
