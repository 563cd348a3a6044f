// SPDX-License-Identifier: Apache-2.0
#include "services/spotter/metric_sources.h"

#include "engine/queries.h"

namespace spotter::service {
namespace {

using exposition::Samples;

double Number(auto value) { return static_cast<double>(value); }

void AddEngine(const engine::OwnerStatus& status, EventTime now, Samples& out) {
  const engine::Counters& counters = status.counters;
  for (size_t i = 1; i < counters.events_by_kind.size(); ++i) {
    if (counters.events_by_kind[i] == 0) continue;
    out.Counter("spotter_engine_events_total", "Events applied, by kind.",
                Number(counters.events_by_kind[i]),
                {{"kind", std::string(NameOf(static_cast<model::EventKind>(i)))}});
  }
  for (size_t i = 1; i <= static_cast<size_t>(model::Cause::kSplit); ++i) {
    out.Counter("spotter_engine_transitions_total", "Segment entries and exits, by cause.",
                Number(counters.transitions_by_cause[i]),
                {{"cause", std::string(NameOf(static_cast<model::Cause>(i)))}});
  }
  for (size_t i = 1; i <= static_cast<size_t>(model::RefusalReason::kPaused); ++i) {
    out.Counter("spotter_engine_refusals_total", "Decisions not to send, by reason.",
                Number(counters.refusals_by_reason[i]),
                {{"reason", std::string(NameOf(static_cast<model::RefusalReason>(i)))}});
  }
  out.Counter("spotter_engine_actions_total", "Actions decided.", Number(counters.actions));
  out.Counter("spotter_engine_duplicates_total", "Events that changed nothing.",
              Number(counters.duplicates));
  out.Counter("spotter_engine_dead_letters_total", "Records the shard could not apply.",
              Number(counters.dead_letters));
  out.Counter("spotter_engine_merges_total", "Profiles merged.", Number(counters.merges));
  out.Counter("spotter_engine_splits_total", "Profiles split.", Number(counters.splits));
  out.Counter("spotter_engine_settled_total", "Outbox entries settled.", Number(counters.settled));
  out.Counter("spotter_engine_timers_fired_total", "Timers fired.", Number(counters.timers_fired));
  out.Counter("spotter_engine_records_total", "Log records applied.", Number(status.records));
  out.Gauge("spotter_engine_lag_records", "Durable records not applied yet.",
            Number(status.log_end - status.next_offset));
  out.Gauge("spotter_engine_lag_seconds", "Age of the newest applied record while there are more.",
            status.caught_up ? 0 : Number((now - status.last_append_time).count()) / 1000);
  out.Gauge("spotter_engine_orphans", "Events that wait for the thing they are about.",
            Number(counters.orphans_waiting));
}

void AddDispatch(const dispatch::Counts& counts, Samples& out) {
  out.Gauge("spotter_dispatch_outbox_entries", "Outbox entries not settled.",
            Number(counts.pending));
  out.Gauge("spotter_dispatch_leased_entries", "Outbox entries on lease.",
            Number(counts.outstanding));
  out.Counter("spotter_dispatch_leases_total", "Entries handed out.", Number(counts.leases));
  out.Counter("spotter_dispatch_redeliveries_total", "Entries handed out again.",
              Number(counts.redeliveries));
  for (const auto& [outcome, count] : {std::pair("ack", counts.acks),
                                       {"reject", counts.rejects},
                                       {"retry", counts.retries},
                                       {"extend", counts.extensions},
                                       {"refused", counts.refused_settlements}}) {
    out.Counter("spotter_dispatch_settlements_total", "Settlements, by outcome.", Number(count),
                {{"outcome", outcome}});
  }
  for (const auto& [reason, count] :
       {std::pair("expired", counts.expired), {"suppressed", counts.suppressed}}) {
    out.Counter("spotter_dispatch_undeliverable_total",
                "Actions that could not go out when they should have, by reason.", Number(count),
                {{"reason", reason}});
  }
}

void AddIntake(const intake::Counters& counters, Samples& out) {
  for (size_t i = 1; i < counters.accepted.size(); ++i) {
    const int64_t count = counters.accepted[i].load();
    if (count == 0) continue;
    out.Counter("spotter_intake_events_total", "Events appended to the log, by kind.",
                Number(count), {{"kind", std::string(NameOf(static_cast<model::EventKind>(i)))}});
  }
  for (const auto& [reason, count] : counters.rejected.Values()) {
    out.Counter("spotter_intake_dead_letters_total", "Bodies that could not be read, by reason.",
                Number(count), {{"reason", reason}});
  }
  for (const auto& [type, count] : counters.ignored.Values()) {
    out.Counter("spotter_intake_ignored_total", "Bodies of types that are not read, by type.",
                Number(count), {{"type", type}});
  }
  for (const auto& [reason, count] : counters.refused.Values()) {
    out.Counter("spotter_intake_refused_total", "Requests refused whole, by reason.", Number(count),
                {{"reason", reason}});
  }
  out.Counter("spotter_intake_clamped_total", "Event times ahead of ours, moved.",
              Number(counters.clamped.load()));
  out.Counter("spotter_intake_bytes_total", "Bytes appended to the log.",
              Number(counters.bytes.load()));
}

}  // namespace

engine::Observers AddEngineHistograms(exposition::Metrics& metrics) {
  exposition::Histogram& apply =
      metrics.AddHistogram("spotter_engine_apply_seconds", "Applying one batch of records.",
                           exposition::kLatencyBuckets);
  exposition::Histogram& commit =
      metrics.AddHistogram("spotter_engine_commit_seconds", "Committing one batch of records.",
                           exposition::kLatencyBuckets);
  exposition::Histogram& sync = metrics.AddHistogram(
      "spotter_engine_sync_seconds", "Syncing the state store.", exposition::kLatencyBuckets);
  exposition::Histogram& lateness = metrics.AddHistogram(
      "spotter_engine_timer_lateness_seconds",
      "Shard time when a timer fired, less the instant it was due.", exposition::kLatenessBuckets);
  return {.apply_seconds = [&apply](double seconds) { apply.Observe(seconds); },
          .commit_seconds = [&commit](double seconds) { commit.Observe(seconds); },
          .sync_seconds = [&sync](double seconds) { sync.Observe(seconds); },
          .timer_lateness_seconds = [&lateness](double seconds) { lateness.Observe(seconds); }};
}

void AddSources(exposition::Metrics& metrics, const MetricSources& sources) {
  if (sources.dispatcher != nullptr) {
    exposition::Histogram& delay = metrics.AddHistogram(
        "spotter_dispatch_event_to_action_seconds",
        "From the append of the deciding record, or the opening of the action's window, to its "
        "first lease.",
        exposition::kLatencyBuckets);
    sources.dispatcher->ObserveDelay([&delay](double seconds) { delay.Observe(seconds); });
  }
  exposition::Histogram* fsync = nullptr;
  if (sources.log != nullptr) {
    fsync = &metrics.AddHistogram("spotter_log_fsync_seconds", "Group commits of the log.",
                                  exposition::kLatencyBuckets);
  }
  metrics.AddSource([sources, fsync](Samples& out) {
    out.Gauge(
        "spotter_build_info", "Always 1; the labels say what runs.", 1,
        {{"version", SPOTTER_VERSION}, {"logic_version", std::to_string(engine::kLogicVersion)}});
    const Status standing = sources.standing ? sources.standing() : OkStatus();
    out.Gauge("spotter_engine_quarantined", "1 while the shard stands still.",
              standing.ok() ? 0 : 1);
    if (!standing.ok()) {
      out.Gauge("spotter_engine_quarantine_info", "While it does: the label says why.", 1,
                {{"reason", std::string(MessageOf(standing))}});
    }
    if (sources.owner != nullptr) AddEngine(sources.owner->status(), sources.clock->Now(), out);
    if (sources.dispatcher != nullptr) AddDispatch(sources.dispatcher->counts(), out);
    if (sources.intake != nullptr) AddIntake(sources.intake->counters(), out);
    if (sources.log != nullptr) {
      for (const double seconds : sources.log->TakeFsyncSeconds()) fsync->Observe(seconds);
      out.Gauge("spotter_log_records", "Records kept in the log.",
                Number(sources.log->durable_end() - sources.log->start()));
      const log_local::RepairReport repair = sources.log->repair();
      out.Gauge("spotter_log_repaired_bytes", "Bytes of a torn tail cut at the last start.",
                Number(repair.bytes_dropped));
      out.Gauge("spotter_log_lost_records",
                "Damaged records of the newest file that an operator let pass.",
                Number(repair.records_lost));
    }
    if (sources.gate != nullptr) {
      for (const auto& [call, count] : sources.gate->counts()) {
        out.Counter("spotter_api_calls_total", "RPCs served, by method and status code.",
                    Number(count),
                    {{"method", call.first},
                     {"code", absl::StatusCodeToString(static_cast<StatusCode>(call.second))}});
      }
    }
    if (sources.store != nullptr) {
      if (const auto tenants = engine::ListTenants(*sources.store); tenants.ok()) {
        uint64_t profiles = 0;
        for (const model::TenantSettings& tenant : *tenants) {
          if (const auto row = engine::ReadProgress(*sources.store, tenant.id); row.ok()) {
            profiles += row->profiles;
          }
        }
        out.Gauge("spotter_engine_profiles", "Profiles kept.", Number(profiles));
        out.Gauge("spotter_engine_tenants", "Tenants kept.", Number(tenants->size()));
      }
    }
  });
}

}  // namespace spotter::service
