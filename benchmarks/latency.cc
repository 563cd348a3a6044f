// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/latency.h"

#include <algorithm>
#include <array>
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

// Somebody new who signs up and may be written to: the welcome journey answers with an e-mail.
std::array<model::MemberEvent, 2> MakeSignUp(const model::TenantId& tenant, size_t number,
                                             EventTime time) {
  using model::AttributeId;
  model::MemberEvent consent;
  consent.tenant = tenant;
  consent.source = "form";
  consent.source_event_id = fmt::format("consent-{}", number);
  consent.kind = model::EventKind::consent_changed;
  consent.event_time = time;
  consent.customer_id = fmt::format("customer-{}", number);
  const std::string email = fmt::format("customer-{}@example.org", number);
  consent.identifiers = {{model::IdentifierType::kEmail, email, email, 1}};
  model::MemberEvent sign_up = consent;
  consent.attributes = {{AttributeId::channel, std::string("email")},
                        {AttributeId::purpose, std::string("marketing")},
                        {AttributeId::consent_state, std::string("granted")}};
  sign_up.source_event_id = fmt::format("sign-up-{}", number);
  sign_up.kind = model::EventKind::member_created;
  sign_up.attributes = {{AttributeId::given_name, std::string("Maria")},
                        {AttributeId::joined_at, time}};
  return {std::move(consent), std::move(sign_up)};
}

constexpr size_t kSignUpEvery = 100;     // events of the studio's life
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
  const auto add = [&](model::MemberEvent event) {
    payloads.push_back(wire::Encode(model::LogRecord(std::move(event))));
  };
  for (size_t i = 0; i < deliveries.size(); ++i) {
    const double after = static_cast<double>(payloads.size()) / rate;
    const EventTime moment = begin + Duration(static_cast<int64_t>(1000 * after));
    MoveBy(moment - deliveries[i].at, deliveries[i].event);
    add(std::move(deliveries[i].event));
    if (i % kSignUpEvery != 0) continue;
    for (model::MemberEvent& event : MakeSignUp(life.tenant, i, moment)) add(std::move(event));
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
      SPOTTER_ASSIGN_OR_RETURN(const std::vector<log::Offset> offsets, log->Append(group));
      groups.push_back({offsets.front(), group.size(), at});
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
