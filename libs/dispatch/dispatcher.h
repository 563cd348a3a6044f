// SPDX-License-Identifier: Apache-2.0
//
// Hands decided actions to subscribers: at least once, in order per member, each inside its window.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "base/clock.h"
#include "dispatch/lease_token.h"
#include "dispatch/member_lines.h"
#include "engine/delivery.h"
#include "engine/owner.h"
#include "engine/queries.h"
#include "log/log.h"

namespace spotter::dispatch {

struct Options {
  Duration ack_deadline = Seconds(60);  // of a pull that names none
  Duration ack_deadline_min = Seconds(10);
  Duration ack_deadline_max = Minutes(10);
  Duration retry_delay_max = Hours(24);  // while it is put off, an entry cannot expire
  size_t pull_max = 1000;                // entries in one answer
  Duration submit_timeout = Seconds(30);
  uint64_t first_lease = 1;  // a random number: leases of two runs never meet
};

struct Counts {
  uint64_t leases = 0;
  uint64_t redeliveries = 0;
  uint64_t acks = 0;
  uint64_t rejects = 0;
  uint64_t retries = 0;
  uint64_t extensions = 0;
  uint64_t refused_settlements = 0;
  uint64_t expired = 0;     // found outside their window
  uint64_t suppressed = 0;  // found opted out since the decision
  uint64_t halted = 0;      // found of a journey that was paused since
  size_t pending = 0;       // a level: entries not settled
  size_t outstanding = 0;   // a level: entries on lease
};

// The outbox in the store is the truth; in memory are only its order and the leases, which end
// with the process: what was out is delivered again. An ack of an earlier process still counts.
// Thread safety: all methods from any thread. Invariant: of a member at most one entry is out.
class Dispatcher final : public engine::Delivery, public engine::EffectListener {
 public:
  // `store`, `log` and `clock` outlive it.
  Dispatcher(const store::Store& store, log::Log& log, const Clock& clock, Options options);

  // Reads what waits in the store. Call once, before the owner starts.
  Status Load();
  // Deliveries begin: the shard has applied everything that the log held at start, so nothing
  // that was acked can go out again. Call it once the owner's claim is in force, and again after
  // another claim. `owner` outlives Stop(); it is asked at every delivery attempt whether it may
  // deliver, and where it may not, only acks are taken.
  Status Begin(engine::Owner& owner);
  // Ends waits and refuses further calls.
  void Stop();
  // Nothing more of the tenant goes out, because it is about to leave the shard; what is out can be
  // settled. Returns how many entries are.
  size_t Hold(const model::TenantId& tenant);
  // The clock was moved: waiting pulls look again.
  void Wake();
  // Seconds from when an action was decided, or may first go out, to its first lease.
  void ObserveDelay(std::function<void(double)> observer);

  Counts counts() const;

  void OnOutbox(std::span<const engine::OutboxChange> changes) override;
  void OnResidence(std::span<const engine::Residence> changes) override;
  StatusOr<std::vector<engine::Lease>> Pull(const model::TenantId& tenant,
                                            std::string_view subscription, size_t max,
                                            Duration ack_deadline, Duration wait) override;
  StatusOr<std::vector<engine::SettleResult>> Settle(
      const model::TenantId& tenant, std::string_view subscription, std::string_view principal,
      std::span<const engine::SettleRequest> requests) override;
  engine::QueueStatus StatusOf(const model::TenantId& tenant,
                               std::string_view subscription) const override;

 private:
  using Scope = std::pair<model::TenantId, std::string>;  // tenant, subscription
  struct Taken {
    std::vector<engine::Lease> leases;
    std::vector<model::Undeliverable> undeliverable;
  };

  Status LoadTenant(const model::TenantId& tenant);
  void ForgetTenant(const model::TenantId& tenant);
  Status CheckHere(const model::TenantId& tenant) const;
  StatusOr<std::string> KeyOf(const model::TenantId& tenant) const;
  StatusOr<Taken> TakeReady(const Scope& scope, const std::string& key, size_t max,
                            Duration ack_deadline);
  StatusOr<bool> TakeFirst(const Scope& scope, const std::string& key, model::ProfileId profile,
                           EventTime now, Duration ack_deadline, Taken& taken);
  StatusOr<std::optional<model::RefusalReason>> WhyNot(const model::TenantId& tenant,
                                                       const std::string& key,
                                                       const model::Action& action,
                                                       EventTime now) const;
  void AppendUndeliverable(const Scope& scope, const std::vector<model::Undeliverable>& found);
  std::string RefusalOf(const LeaseToken& token, MemberLines& lines, EventTime now) const;
  std::string SettleOne(const Scope& scope, const engine::SettleRequest& request,
                        const LeaseToken& token, std::map<int64_t, model::Settle>& settles);
  Status SubmitSettles(const Scope& scope, std::string_view principal,
                       std::span<const engine::SettleRequest> requests,
                       const std::map<int64_t, model::Settle>& settles);

  const store::Store& store_;
  log::Log& log_;
  const Clock& clock_;
  const Options options_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<Scope, MemberLines> lines_;
  std::set<model::TenantId> held_;  // about to leave the shard
  std::set<model::TenantId> away_;  // have left it, or are arriving
  engine::Owner* owner_ = nullptr;
  bool stopped_ = false;
  int64_t generation_ = 0;
  uint64_t next_lease_;
  Counts counts_;
  std::function<void(double)> observe_delay_;
};

}  // namespace spotter::dispatch
