// SPDX-License-Identifier: Apache-2.0
//
// spotter-bench: the whole engine on a real log and a real store, beside the roofline of both.
// Prints one JSON object per line; benchmarks/README.md says what each row means.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/log_message.h"
#include "benchmarks/latency.h"
#include "benchmarks/measure.h"
#include "benchmarks/report.h"
#include "benchmarks/segments.h"
#include "benchmarks/throughput.h"

namespace {

using namespace spotter;              // NOLINT(google-build-using-namespace): a program
using namespace spotter::benchmarks;  // NOLINT(google-build-using-namespace)

struct Options {
  std::string commit = "unknown";
  std::string machine = "unknown";
  std::string blueprints = SPOTTER_BLUEPRINTS;
  int members = 5000;
  int days = 60;
  int runs = 5;
  double latency_seconds = 10;
  int segment_members = 1'000'000;
  bool segments = false;
  bool quick = false;
};

synthetic::Options LifeOf(int members, int days) {
  synthetic::Options life;
  life.members = members;
  life.days = days;
  life.start = *ParseTime("2026-01-05T00:00:00Z");
  return life;
}

// Engine and roofline take turns on the same log, so that neither has the machine's better minutes.
// Returns the events per second of wall time, of which the latency is taken at half.
StatusOr<double> MeasureThroughput(const Options& options, const Report& report,
                                   const TemporaryDirectory& directory) {
  SPOTTER_ASSIGN_OR_RETURN(Workload workload, WriteLog(directory / "log", options.blueprints,
                                                       LifeOf(options.members, options.days)));
  const auto events = static_cast<double>(workload.events);
  const auto members = static_cast<double>(workload.members);
  std::vector<double> engine;
  std::vector<double> engine_wall;
  std::vector<double> roofline;
  Pass last;
  for (int run = 0; run < options.runs; ++run) {
    SPOTTER_ASSIGN_OR_RETURN(const Pass bare,
                             RunRoofline(workload, directory / fmt::format("roofline-{}", run)));
    SPOTTER_ASSIGN_OR_RETURN(last, RunEngine(workload, directory / fmt::format("engine-{}", run)));
    roofline.push_back(events / bare.cpu_seconds);
    engine.push_back(events / last.cpu_seconds);
    engine_wall.push_back(events / last.wall_seconds);
    std::filesystem::remove_all(directory / fmt::format("roofline-{}", run));
    std::filesystem::remove_all(directory / fmt::format("engine-{}", run));
  }
  const double median = Quantile(engine, 0.5);
  report.Row("engine_throughput", median, "events/s");
  report.Row("engine_throughput_lowest", Quantile(engine, 0), "events/s");
  report.Row("engine_throughput_highest", Quantile(engine, 1), "events/s");
  const double wall = Quantile(engine_wall, 0.5);
  report.Row("engine_throughput_wall", wall, "events/s");
  report.Row("roofline_throughput", Quantile(roofline, 0.5), "events/s");
  report.Row("roofline_share", median / Quantile(roofline, 0.5), "1");
  report.Row("runs", options.runs, "1");
  report.Row("events", events, "1");
  report.Row("events_per_member", events / members, "1");
  report.Row("transitions", static_cast<double>(last.transitions), "1");
  report.Row("actions", static_cast<double>(last.actions), "1");
  report.Row("member_memory", static_cast<double>(last.memory_bytes) / members, "bytes");
  report.Row("member_disk", static_cast<double>(last.disk_bytes) / members, "bytes");
  report.Row("event_log_bytes", static_cast<double>(workload.event_bytes) / events, "bytes");
  return wall;
}

Status MeasureLatency(const Options& options, const Report& report,
                      const TemporaryDirectory& directory, double rate) {
  // A member lives through some 40 events in 60 days; as many members as the seconds need.
  const int members = std::max(50, static_cast<int>(rate * options.latency_seconds / 40));
  SPOTTER_ASSIGN_OR_RETURN(
      const Latency latency,
      RunLatency(directory / "latency", options.blueprints, LifeOf(members, 60), rate));
  report.Row("latency_load", latency.reached_rate, "events/s");
  report.Row("latency_actions", static_cast<double>(latency.seconds.size()), "1");
  report.Row("event_to_action_p50", 1000 * Quantile(latency.seconds, 0.5), "ms");
  report.Row("event_to_action_p99", 1000 * Quantile(latency.seconds, 0.99), "ms");
  report.Row("log_fsync_p50", 1000 * Quantile(latency.fsync_seconds, 0.5), "ms");
  report.Row("log_fsync_p99", 1000 * Quantile(latency.fsync_seconds, 0.99), "ms");
  return OkStatus();
}

Status MeasureSegments(const Options& options, const Report& report,
                       const TemporaryDirectory& directory) {
  SPOTTER_ASSIGN_OR_RETURN(const auto audiences, EvaluateAudiences(options.runs));
  std::vector<double> all;
  for (const auto& [name, nanoseconds] : audiences) {
    report.Row("segment_evaluation_" + name, nanoseconds, "ns");
    all.push_back(nanoseconds);
  }
  report.Row("segment_evaluation", Quantile(all, 0.5), "ns");
  SPOTTER_ASSIGN_OR_RETURN(const std::vector<double> event,
                           EventAmongSegments(options.runs, options.quick ? 500 : 5000));
  report.Row("event_among_100_segments", Quantile(event, 0.5), "ns");
  report.Row("event_among_100_segments_lowest", Quantile(event, 0), "ns");
  report.Row("event_among_100_segments_highest", Quantile(event, 1), "ns");

  const int members = options.segment_members;
  SPOTTER_ASSIGN_OR_RETURN(const Crossing crossing, CrossWindows(directory, members));
  report.Row("windows_closed", crossing.members_per_second, "members/s per core");
  report.Row("windows_closed_cached", crossing.members_per_second_cached, "members/s per core");
  report.Row("windows_closed_roofline", crossing.roofline_per_second, "members/s per core");
  report.Row("windows_closed_share", crossing.members_per_second / crossing.roofline_per_second,
             "1");
  report.Row("windows_closed_cached_share",
             crossing.members_per_second_cached / crossing.roofline_per_second, "1");
  report.Row("windows_closed_lateness_max", 1000 * crossing.lateness_max, "ms");
  SPOTTER_ASSIGN_OR_RETURN(const Definition definition, DefineSegment(directory, members));
  report.Row("segment_definition", definition.members_per_second, "members/s");
  report.Row("segment_definition_event_p50", 1000 * Quantile(definition.event_seconds, 0.5), "ms");
  report.Row("segment_definition_event_p99", 1000 * Quantile(definition.event_seconds, 0.99), "ms");
  report.Row("segment_definition_quiet_event_p50", 1000 * Quantile(definition.quiet_seconds, 0.5),
             "ms");
  report.Row("segment_definition_quiet_event_p99", 1000 * Quantile(definition.quiet_seconds, 0.99),
             "ms");
  report.Row("segment_members", members, "1");
  return OkStatus();
}

Status Run(const Options& options) {
  const Report report(options.commit, options.machine);
  const TemporaryDirectory directory;
  if (options.segments) return MeasureSegments(options, report, directory);
  SPOTTER_ASSIGN_OR_RETURN(const double throughput, MeasureThroughput(options, report, directory));
  if (options.latency_seconds <= 0) return OkStatus();
  return MeasureLatency(options, report, directory, throughput / 2);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Measures the engine from log to committed state, and from event to action, on a temporary "
      "log and store under $TMPDIR. One JSON object per line: name, value, unit, commit, machine.",
      "spotter-bench");
  Options options;
  app.add_option("--commit", options.commit, "printed in each row");
  app.add_option("--machine", options.machine, "printed in each row");
  app.add_option("--blueprints", options.blueprints, "directory of the two journeys")
      ->capture_default_str();
  app.add_option("--members", options.members, "members of the studio")->capture_default_str();
  app.add_option("--days", options.days, "days of its life")->capture_default_str();
  app.add_option("--runs", options.runs, "passes; medians are reported")->capture_default_str();
  app.add_option("--latency-seconds", options.latency_seconds, "0: no latency run")
      ->capture_default_str();
  app.add_flag("--segments", options.segments, "what segments cost, instead");
  app.add_option("--segment-members", options.segment_members, "whose windows close")
      ->capture_default_str();
  app.add_flag("--quick", options.quick, "small and short: shows that it works, not how fast");
  CLI11_PARSE(app, argc, argv);
  if (options.quick) {
    options.members = 300;
    options.days = 20;
    options.runs = 1;
    options.segment_members = 5000;
    options.latency_seconds = std::min(options.latency_seconds, 1.0);
  }
  SetLogLevel(LogLevel::kError);
  const Status done = Run(options);
  if (done.ok()) return 0;
  fmt::print(stderr, "error: {}\n", MessageOf(done));
  return 1;
}
