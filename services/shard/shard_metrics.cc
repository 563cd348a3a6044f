// SPDX-License-Identifier: Apache-2.0
#include "services/shard/shard_metrics.h"

#include <algorithm>

#include "engine/queries.h"

namespace spotter::service {
namespace {

double Number(auto value) { return static_cast<double>(value); }

// Puts the shard's label on every sample.
class OfShard final : public exposition::Samples {
 public:
  OfShard(int number, exposition::Samples& out) : shard_(std::to_string(number)), out_(out) {}
  void Counter(std::string_view name, std::string_view help, double value,
               exposition::Labels labels = {}) override {
    labels.emplace_back("shard", shard_);
    out_.Counter(name, help, value, std::move(labels));
  }
  void Gauge(std::string_view name, std::string_view help, double value,
             exposition::Labels labels = {}) override {
    labels.emplace_back("shard", shard_);
    out_.Gauge(name, help, value, std::move(labels));
  }

 private:
  const std::string shard_;
  exposition::Samples& out_;
};

void AddEngine(const engine::OwnerStatus& status, EventTime now, OfShard& out) {
  const engine::Counters& counters = status.counters;
  for (size_t i = 1; i < counters.events_by_kind.size(); ++i) {
    const std::string_view kind = NameOf(static_cast<model::EventKind>(i));
    if (kind == "unknown") break;  // there are fewer kinds than places
    out.Counter("spotter_engine_events_total", "Events applied, by kind.",
                Number(counters.events_by_kind[i]), {{"kind", std::string(kind)}});
  }
  for (size_t i = 1; i <= static_cast<size_t>(model::Cause::kSplit); ++i) {
    out.Counter("spotter_engine_transitions_total", "Segment entries and exits, by cause.",
                Number(counters.transitions_by_cause[i]),
                {{"cause", std::string(NameOf(static_cast<model::Cause>(i)))}});
  }
  for (size_t i = 1; i <= model::kRefusalReasonMax; ++i) {
    out.Counter("spotter_engine_refusals_total", "Decisions not to send, by reason.",
                Number(counters.refusals_by_reason[i]),
                {{"reason", std::string(NameOf(static_cast<model::RefusalReason>(i)))}});
  }
  out.Counter("spotter_engine_rules_asked_total",
              "Evaluations of segments and journey entries to decide members.",
              Number(counters.rules_asked));
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
  out.Gauge("spotter_engine_owner", "1: this process owns the shard; 0: it follows it.",
            status.is_owner ? 1 : 0);
  out.Gauge("spotter_engine_delivers", "1: this process may hand out actions: owner, in its lease.",
            status.is_owner && status.not_delivering.empty() ? 1 : 0);
  out.Gauge("spotter_engine_generation", "Generation of this process's claim.",
            Number(status.generation));
  out.Gauge("spotter_engine_lag_records", "Durable records not applied yet.",
            Number(status.log_end - status.next_offset));
  out.Gauge("spotter_engine_lag_seconds", "Age of the newest applied record while there are more.",
            status.caught_up ? 0 : Number((now - status.last_append_time).count()) / 1000);
  out.Gauge("spotter_engine_orphans", "Events that wait for the thing they are about.",
            Number(counters.orphans_waiting));
  out.Gauge("spotter_engine_undecided_members",
            "Members whom changed segments and journeys have not reached yet, at most.",
            Number(counters.members_undecided));
}

void AddOwnership(ShardHost& shard, const engine::OwnerStatus& status, OfShard& out) {
  out.Counter("spotter_engine_heartbeats_total", "Own claims read back after the first.",
              Number(status.heartbeats));
  out.Gauge("spotter_engine_fenced", "1: another owner came after this one.",
            status.fenced ? 1 : 0);
  out.Gauge("spotter_engine_paused",
            "1 while the store cannot be written; tried again every second.",
            status.paused.empty() ? 0 : 1);
  const auto snapshots = shard.ports().operations.ListSnapshots();
  if (!snapshots.ok() || snapshots->empty()) return;
  out.Gauge("spotter_engine_last_snapshot_timestamp_seconds", "When the newest snapshot was taken.",
            Number(snapshots->front().taken_at.ms) / 1000);
}

void AddSegmentWatch(const SegmentWatch& watch, OfShard& out) {
  out.Counter("spotter_segment_checks_total", "Memberships that the self-check asked anew.",
              Number(watch.checks()));
  out.Counter("spotter_segment_divergences_total",
              "Memberships that differ from what the facts say; never, without a bug or damage.",
              Number(watch.divergences()));
}

void AddDispatch(const dispatch::Counts& counts, OfShard& out) {
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
  for (const auto& [reason, count] : {std::pair("expired", counts.expired),
                                      {"suppressed", counts.suppressed},
                                      {"halted", counts.halted}}) {
    out.Counter("spotter_dispatch_undeliverable_total",
                "Actions that could not go out when they should have, by reason.", Number(count),
                {{"reason", reason}});
  }
}

void AddState(const store::Store& store, OfShard& out) {
  const auto tenants = engine::ListTenants(store);
  if (!tenants.ok()) return;
  uint64_t profiles = 0;
  for (const model::TenantSettings& tenant : *tenants) {
    if (const auto row = engine::ReadProgress(store, tenant.id); row.ok()) {
      profiles += row->profiles;
    }
  }
  out.Gauge("spotter_engine_profiles", "Profiles kept.", Number(profiles));
  out.Gauge("spotter_engine_tenants", "Tenants kept.", Number(tenants->size()));
}

void AddMoves(const store::Store& store, EventTime now, OfShard& out) {
  const auto moves = engine::ReadMovesUnderWay(store);
  if (!moves.ok()) return;
  out.Gauge("spotter_engine_moving_tenants", "Tenants that stand still on their way, by direction.",
            Number(moves->leaving), {{"direction", "leaving"}});
  out.Gauge("spotter_engine_moving_tenants", "Tenants that stand still on their way, by direction.",
            Number(moves->arriving), {{"direction", "arriving"}});
  const Duration age = moves->frozen_since.ms == 0 ? Duration(0) : now - moves->frozen_since;
  out.Gauge("spotter_engine_move_age_seconds",
            "For how long the tenant has stood still that leaves the shard longest; 0: none does.",
            std::max(0.0, Number(age.count()) / 1000));
  out.Gauge("spotter_engine_kept_back_records",
            "Records of tenants that live elsewhere, not forwarded to there yet.",
            Number(moves->kept_back));
}

}  // namespace

ShardHistograms AddShardHistograms(exposition::Metrics& metrics) {
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
  exposition::Histogram& delay = metrics.AddHistogram(
      "spotter_dispatch_event_to_action_seconds",
      "From the append of the deciding record, or the opening of the action's window, to its "
      "first lease.",
      exposition::kLatencyBuckets);
  const auto observe = [](exposition::Histogram& histogram) {
    return [&histogram](double seconds) { histogram.Observe(seconds); };
  };
  return {.engine = {.apply_seconds = observe(apply),
                     .commit_seconds = observe(commit),
                     .sync_seconds = observe(sync),
                     .timer_lateness_seconds = observe(lateness)},
          .event_to_action_seconds = observe(delay)};
}

void AddShardSamples(ShardHost& shard, const Clock& clock, uint64_t fenced,
                     exposition::Samples& samples) {
  OfShard out(shard.number(), samples);
  out.Counter("spotter_engine_fenced_total", "Times that another's claim ended this process's own.",
              Number(fenced));
  const Status standing = shard.standing();
  out.Gauge("spotter_engine_quarantined", "1 while the shard stands still.", standing.ok() ? 0 : 1);
  if (!standing.ok()) {
    out.Gauge("spotter_engine_quarantine_info", "While it does: the label says why.", 1,
              {{"reason", std::string(MessageOf(standing))}});
  }
  if (shard.owner() != nullptr) {
    const engine::OwnerStatus status = shard.owner()->status();
    AddEngine(status, clock.Now(), out);
    AddOwnership(shard, status, out);
    AddSegmentWatch(*shard.segment_watch(), out);
  }
  AddDispatch(shard.dispatcher().counts(), out);
  AddState(shard.store(), out);
  AddMoves(shard.store(), clock.Now(), out);
}

}  // namespace spotter::service
