// SPDX-License-Identifier: Apache-2.0
#include "services/spotter/program_operations.h"

#include "base/log_message.h"
#include "services/spotter/host.h"
#include "wire/wire.h"

namespace spotter::service {
namespace {

constexpr auto kSnapshotCheck = std::chrono::seconds(30);
constexpr Duration kCatchUp = Minutes(30);

api::SnapshotInfo InfoOf(const SnapshotManifest& manifest) {
  return {.name = manifest.name(),
          .path = manifest.path,
          .offset = manifest.offset,
          .logic_version = manifest.logic_version,
          .state_hash = manifest.state_hash,
          .taken_at = manifest.taken_at,
          .bytes = manifest.bytes};
}

}  // namespace

ProgramOperations::ProgramOperations(const Config& config, DataDirectory& directory,
                                     engine::Owner* owner, const Clock& wall,
                                     std::function<void()> on_clock_moved)
    : config_(config),
      directory_(directory),
      owner_(owner),
      wall_(wall),
      on_clock_moved_(std::move(on_clock_moved)) {
  const bool is_daily = owner_ != nullptr && directory_.virtual_clock == nullptr &&
                        config_.snapshot_interval > Duration(0);
  if (is_daily) daily_ = std::thread([this] { SnapshotDaily(); });
}

ProgramOperations::~ProgramOperations() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    stop_.notify_all();
  }
  if (daily_.joinable()) daily_.join();
}

StatusOr<api::SnapshotInfo> ProgramOperations::TakeSnapshot() {
  if (owner_ == nullptr) return Unavailable("the shard stands still: {}", problem());
  const std::lock_guard one(snapshot_mutex_);
  SPOTTER_ASSIGN_OR_RETURN(
      const SnapshotManifest manifest,
      WriteSnapshot(directory_.snapshots(), wall_.Now(),
                    [&](const std::string& state, SnapshotManifest& out) {
                      return owner_->BetweenBatches([&](const state::Meta& meta) -> Status {
                        out.offset = meta.next_offset;
                        out.logic_version = meta.logic_version;
                        out.state_hash = Hex(meta.hash.Total());
                        out.shard_time = meta.shard_time;
                        return directory_.store->Checkpoint(state);
                      });
                    }));
  SPOTTER_ASSIGN_OR_RETURN(
      const auto kept,
      PruneSnapshots(directory_.snapshots(), static_cast<size_t>(config_.snapshots_kept)));
  if (!kept.empty()) SPOTTER_RETURN_IF_ERROR(directory_.log().TrimBefore(kept.back().offset));
  LogInfo("snapshot taken, name={} offset={} bytes={}", manifest.name(), manifest.offset,
          manifest.bytes);
  return InfoOf(manifest);
}

StatusOr<std::vector<api::SnapshotInfo>> ProgramOperations::ListSnapshots() {
  SPOTTER_ASSIGN_OR_RETURN(const auto manifests, ListSnapshotFiles(directory_.snapshots()));
  std::vector<api::SnapshotInfo> snapshots;
  for (const SnapshotManifest& manifest : manifests) snapshots.push_back(InfoOf(manifest));
  return snapshots;
}

Status ProgramOperations::SkipOffset(int64_t offset, std::string reason) {
  const int64_t applied = owner_ == nullptr ? 0 : owner_->status().next_offset;
  if (offset < applied) {
    return FailedPrecondition("offset {} is applied already; the shard is at {}", offset, applied);
  }
  const model::ControlRecord record =
      model::SkipOffset{.offset = offset, .reason = std::move(reason)};
  SPOTTER_RETURN_IF_ERROR(log::AppendDurable(*directory_.control, wire::Encode(record)).status());
  LogInfo("offset will be skipped after the next start, offset={}", offset);
  return OkStatus();
}

StatusOr<bool> ProgramOperations::AdvanceTime(EventTime to) {
  if (directory_.virtual_clock == nullptr) {
    return FailedPrecondition(
        "the clock is the wall clock: it moves by itself (--time-lapse has "
        "one that is moved)");
  }
  if (owner_ == nullptr) return Unavailable("the shard stands still: {}", problem());
  const std::lock_guard one(advance_mutex_);
  directory_.virtual_clock->AdvanceTo(to);
  SPOTTER_RETURN_IF_ERROR(owner_->CatchUp(kCatchUp));
  on_clock_moved_();
  return directory_.virtual_clock->reached_wall();
}

StatusOr<std::string> ProgramOperations::ZoneRules(const std::string& zone) {
  return ReadZoneRules(zone);
}
std::string ProgramOperations::RandomBytes(size_t size) { return service::RandomBytes(size); }
std::string ProgramOperations::version() const { return SPOTTER_VERSION; }

std::string ProgramOperations::problem() const {
  if (!directory_.problem.empty()) return directory_.problem;
  if (owner_ == nullptr) return "";
  const engine::OwnerStatus status = owner_->status();
  return status.quarantine.empty() ? status.paused : status.quarantine;
}

void ProgramOperations::SnapshotDaily() {
  const EventTime started = wall_.Now();
  std::unique_lock lock(mutex_);
  while (!stop_.wait_for(lock, kSnapshotCheck, [&] { return stopping_; })) {
    lock.unlock();
    const auto manifests = ListSnapshotFiles(directory_.snapshots());
    EventTime last = started;
    if (manifests.ok()) {
      for (const SnapshotManifest& one : *manifests) last = std::max(last, one.taken_at);
    }
    if (wall_.Now() - last >= config_.snapshot_interval) {
      if (const auto taken = TakeSnapshot(); !taken.ok()) {
        LogWarn("snapshot not taken, error=\"{}\"", MessageOf(taken.status()));
      }
    }
    lock.lock();
  }
}

}  // namespace spotter::service
