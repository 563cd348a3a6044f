// SPDX-License-Identifier: Apache-2.0
#include "services/shard/shard_host.h"

#include "base/log_message.h"
#include "services/program/host.h"
#include "services/shard/guarded_log.h"

namespace spotter::service {
namespace {

constexpr Duration kReplayTurn = std::chrono::milliseconds(200);
constexpr Duration kClaimTimeout = Minutes(1);

}  // namespace

StatusOr<std::shared_ptr<ShardHost>> ShardHost::Open(ShardSettings settings, ShardParts parts,
                                                     const Clock& clock, const Clock& wall,
                                                     const ShardHistograms& histograms) {
  std::shared_ptr<ShardHost> host(new ShardHost(std::move(settings), std::move(parts)));
  SPOTTER_RETURN_IF_ERROR(host->Start(clock, wall, histograms));
  return host;
}

Status ShardHost::Start(const Clock& clock, const Clock& wall, const ShardHistograms& histograms) {
  open_problem_ = parts_.problem;
  log_ = std::make_shared<GuardedLog>(parts_.log, [host = weak_from_this()]() -> Status {
    const auto alive = host.lock();
    return alive == nullptr ? Unavailable("the shard was given up") : alive->standing();
  });
  dispatcher_ = std::make_unique<dispatch::Dispatcher>(
      *parts_.store, *log_, clock, dispatch::Options{.first_lease = Hash64Of(RandomBytes(8)) >> 1});
  dispatcher_->ObserveDelay(histograms.event_to_action_seconds);
  SPOTTER_RETURN_IF_ERROR(dispatcher_->Load());
  snapshots_ =
      std::make_unique<SnapshotTaker>(settings_.snapshots, *parts_.store, *parts_.log, wall);
  if (open_problem_.empty()) {
    engine::BarrierPlan barriers{
        .at = parts_.barriers(),
        .take_snapshot = [this](const state::Meta& meta) { return snapshots_->TakeHere(meta); }};
    StatusOr<std::unique_ptr<engine::Owner>> owner =
        engine::Owner::Start(*parts_.store, *parts_.log, clock, settings_.engine, parts_.skips,
                             dispatcher_.get(), histograms.engine, std::move(barriers));
    if (owner.ok()) {
      owner_ = *std::move(owner);
    } else if (owner.status().code() == StatusCode::kDataLoss) {
      open_problem_ = MessageOf(owner.status());
    } else {
      return owner.status();
    }
  }
  if (!open_problem_.empty()) {
    LogError("shard quarantined, shard={} reason=\"{}\"", number(), open_problem_);
  }
  if (owner_ != nullptr) {
    watch_ = std::make_unique<SegmentWatch>(*parts_.store, *owner_, settings_.self_check);
  }
  operations_ = std::make_unique<HostedOperations>(
      settings_.snapshots, HostedOperations::Parts{.store = *parts_.store,
                                                   .log = *parts_.log,
                                                   .owner = owner_.get(),
                                                   .wall = wall,
                                                   .skip = parts_.skip,
                                                   .is_damaged = parts_.is_damaged,
                                                   .snapshots = *snapshots_,
                                                   .barriers = parts_.barriers,
                                                   .put_barrier = parts_.put_barrier,
                                                   .problem = [this] { return problem(); }});
  ports_.reset(new api::ShardPorts{.number = number(),
                                   .store = *parts_.store,
                                   .log = *parts_.log,
                                   .owner = owner_.get(),
                                   .delivery = *dispatcher_,
                                   .operations = *operations_});
  return OkStatus();
}

ShardHost::~ShardHost() { (void)Stop(); }

Status ShardHost::standing() const {
  if (!open_problem_.empty()) return Unavailable("the shard is quarantined: {}", open_problem_);
  return owner_ == nullptr ? OkStatus() : owner_->Standing();
}

std::string ShardHost::problem() const {
  if (const Status stands = standing(); !stands.ok()) return std::string(MessageOf(stands));
  const std::string paused = owner_ == nullptr ? "" : owner_->status().paused;
  return paused.empty() ? "" : "the shard is paused: " + paused;
}

Status ShardHost::CatchUp(const Interrupted& interrupted) {
  if (owner_ == nullptr) return OkStatus();
  const log::Offset end = parts_.log->durable_end();
  const int64_t behind = end - owner_->status().next_offset;
  if (behind > 0) LogInfo("applying the log, shard={} records={}", number(), behind);
  while (end > 0 && problem().empty()) {
    if (owner_->WaitApplied(end - 1, kReplayTurn).ok()) break;
    if (interrupted()) return Status(StatusCode::kCancelled, "interrupted");
  }
  return OkStatus();
}

Status ShardHost::Claim() {
  if (owner_ == nullptr) return Unavailable("the shard stands still: {}", problem());
  SPOTTER_RETURN_IF_ERROR(owner_->status().is_standby ? owner_->Promote(kClaimTimeout)
                                                      : owner_->Claim(kClaimTimeout));
  return dispatcher_->Begin(*owner_);
}

void ShardHost::StopDelivery() { dispatcher_->Stop(); }

Status ShardHost::Stop() {
  if (dispatcher_ != nullptr) StopDelivery();
  if (watch_ != nullptr) watch_->Stop();
  if (operations_ != nullptr) operations_->Stop();
  return owner_ == nullptr ? OkStatus() : owner_->Stop();
}

}  // namespace spotter::service
