// SPDX-License-Identifier: Apache-2.0
#include "services/program/metric_sources.h"

#include "engine/options.h"

namespace spotter::service {
namespace {

using exposition::Samples;

double Number(auto value) { return static_cast<double>(value); }

// A counter that appears with its first event has no rate at that event: what is usual is there
// from the start.
std::map<std::string, int64_t> WithZeros(const intake::NamedCounts& counts,
                                         std::initializer_list<const char*> usual) {
  std::map<std::string, int64_t> values = counts.Values();
  for (const char* name : usual) values.try_emplace(name, 0);
  return values;
}

void AddIntake(const intake::Counters& counters, Samples& out) {
  for (size_t i = 1; i < counters.accepted.size(); ++i) {
    const std::string_view kind = NameOf(static_cast<model::EventKind>(i));
    if (kind == "unknown") break;  // there are fewer kinds than places
    out.Counter("spotter_intake_events_total", "Events appended to the log, by kind.",
                Number(counters.accepted[i].load()), {{"kind", std::string(kind)}});
  }
  for (const auto& [reason, count] :
       WithZeros(counters.rejected,
                 {"bad_time", "malformed_json", "missing_field", "no_member", "unknown_value"})) {
    out.Counter("spotter_intake_dead_letters_total", "Bodies that could not be read, by reason.",
                Number(count), {{"reason", reason}});
  }
  for (const auto& [type, count] : WithZeros(counters.ignored, {"other"})) {
    out.Counter("spotter_intake_ignored_total", "Bodies of types that are not read, by type.",
                Number(count), {{"type", type}});
  }
  for (const auto& [reason, count] :
       WithZeros(counters.refused, {"too_large", "unauthenticated", "unavailable"})) {
    out.Counter("spotter_intake_refused_total", "Requests refused whole, by reason.", Number(count),
                {{"reason", reason}});
  }
  for (const auto& [pair, at] : counters.last_events.Values()) {
    out.Gauge("spotter_ingest_source_last_event_timestamp_seconds",
              "When a source last sent an event that was taken, in Unix time.",
              Number(at.ms) / 1000, {{"tenant", pair.first}, {"source", pair.second}});
  }
  out.Counter("spotter_intake_clamped_total", "Event times ahead of ours, moved.",
              Number(counters.clamped.load()));
  out.Counter("spotter_intake_bytes_total", "Bytes appended to the log.",
              Number(counters.bytes.load()));
}

}  // namespace

void AddProgramSources(exposition::Metrics& metrics, intake::Intake* intake, api::Gate* gate) {
  metrics.AddSource([intake, gate](Samples& out) {
    out.Gauge(
        "spotter_build_info", "Always 1; the labels say what runs.", 1,
        {{"version", SPOTTER_VERSION}, {"logic_version", std::to_string(engine::kLogicVersion)}});
    if (intake != nullptr) AddIntake(intake->counters(), out);
    if (gate == nullptr) return;
    for (const auto& [call, count] : gate->counts()) {
      out.Counter("spotter_api_calls_total", "RPCs served, by method and status code.",
                  Number(count),
                  {{"method", call.first},
                   {"code", absl::StatusCodeToString(static_cast<StatusCode>(call.second))}});
    }
  });
}

}  // namespace spotter::service
