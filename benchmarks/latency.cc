// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/latency.h"

#include <atomic>
#include <thread>

#include "base/clock.h"
#include "benchmarks/measure.h"
#include "benchmarks/workload.h"
#include "engine/owner.h"
#include "store_rocksdb/rocksdb_store.h"
#include "wire/wire.h"

namespace spotter::benchmarks {
namespace {

// Notes when each action was heard, and the offset of the record that decided it.
class Listener final : public engine::EffectListener {
 public:
  struct Heard {
    int64_t offset;
    double at;
  };
  void OnOutbox(std::span<const engine::OutboxChange> changes) override {
    const double now = WallSeconds();
    for (const engine::OutboxChange& change : changes) {
      if (change.removed || !std::holds_alternative<model::Action>(change.entry.what)) continue;
      heard_.push_back({change.entry.decided_offset, now});
    }
  }
  const std::vector<Heard>& heard() const { return heard_; }  // once the owner has stopped

 private:
  std::vector<Heard> heard_;
};

// The same event, as if everything in it had happened later by `by`.
void MoveBy(Duration by, model::MemberEvent& event) {
  event.event_time = event.event_time + by;
  if (event.entity.update_time.ms != 0) event.entity.update_time = event.entity.update_time + by;
  const model::AttributeSet attributes = event.attributes;
  for (const auto& [id, value] : attributes.items()) {
    if (const auto* time = std::get_if<EventTime>(&value)) event.attributes.Set(id, *time + by);
  }
}

constexpr double kGroupSeconds = 0.001;  // events of a millisecond are appended together

}  // namespace

StatusOr<Latency> RunLatency(const std::string& directory, const std::string& blueprints,
                             const synthetic::Options& life, double rate) {
  SPOTTER_ASSIGN_OR_RETURN(const std::vector<std::string> definitions,
                           MakeDefinitions(life.tenant, blueprints));
  std::vector<synthetic::Delivery> deliveries = synthetic::MakeStudioLife(life);
  const SystemClock clock;
  // Encoded beforehand, for the moment at which each will be appended.
  const EventTime begin = clock.Now() + Seconds(5);
  std::vector<std::string> payloads;
  payloads.reserve(deliveries.size());
  for (synthetic::Delivery& delivery : deliveries) {
    const auto after = static_cast<int64_t>(1000.0 * static_cast<double>(payloads.size()) / rate);
    MoveBy(begin + Duration(after) - delivery.at, delivery.event);
    payloads.push_back(wire::Encode(model::LogRecord(std::move(delivery.event))));
  }
  deliveries.clear();

  SPOTTER_ASSIGN_OR_RETURN(
      const auto log, log_local::LocalLog::Open(
                          {.directory = directory + "-log", .retention_age = Duration(0)}, clock));
  SPOTTER_ASSIGN_OR_RETURN(const auto store,
                           store_rocksdb::Open({.directory = directory + "-state"}, true));
  Listener listener;
  SPOTTER_ASSIGN_OR_RETURN(
      const auto owner,
      engine::Owner::Start(*store, *log, clock, engine::Options(), {}, &listener));
  for (const std::string& definition : definitions) {
    SPOTTER_ASSIGN_OR_RETURN(const log::Offset offset, log::AppendDurable(*log, definition));
    SPOTTER_RETURN_IF_ERROR(owner->WaitApplied(offset, Seconds(30)));
  }
  while (clock.Now() < begin) std::this_thread::sleep_for(Duration(1));
  (void)log->TakeFsyncSeconds();

  struct Appended {
    log::Offset first;
    size_t count;
    double at;
  };
  std::vector<Appended> groups;
  std::vector<std::string_view> group;
  const double start = WallSeconds();
  for (size_t next = 0; next < payloads.size();) {
    const double elapsed = WallSeconds() - start;
    const auto due = std::min(payloads.size(), static_cast<size_t>(elapsed * rate) + 1);
    if (due > next) {
      group.assign(payloads.begin() + static_cast<int64_t>(next),
                   payloads.begin() + static_cast<int64_t>(due));
      const double at = WallSeconds();
      SPOTTER_ASSIGN_OR_RETURN(const log::Offset first, log->Append(group));
      groups.push_back({first, group.size(), at});
      next = due;
    }
    std::this_thread::sleep_for(std::chrono::duration<double>(kGroupSeconds));
  }
  Latency latency{.rate = rate,
                  .reached_rate = static_cast<double>(payloads.size()) / (WallSeconds() - start)};
  SPOTTER_RETURN_IF_ERROR(owner->WaitApplied(log->end() - 1, Seconds(120)));
  latency.fsync_seconds = log->TakeFsyncSeconds();
  SPOTTER_RETURN_IF_ERROR(owner->Stop());

  // Actions that a tick decided have no event to be measured from.
  for (const auto& [offset, at] : listener.heard()) {
    auto appended = std::ranges::upper_bound(groups, offset, {}, &Appended::first);
    if (appended == groups.begin()) continue;
    --appended;
    if (offset < appended->first + static_cast<int64_t>(appended->count)) {
      latency.seconds.push_back(at - appended->at);
    }
  }
  return latency;
}

}  // namespace spotter::benchmarks
