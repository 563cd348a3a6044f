// SPDX-License-Identifier: Apache-2.0
#include "services/spotter/program_operations.h"

#include <algorithm>

#include "base/log_message.h"
#include "services/spotter/host.h"
#include "state/verify_hash.h"

namespace spotter::service {
namespace {

constexpr Duration kSnapshotCheck = Seconds(30);
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
  SPOTTER_ASSIGN_OR_RETURN(const bool is_damaged, IsDamaged(offset));
  const StatusOr<state::Meta> meta = state::ReadMeta(*directory_.store);
  const int64_t applied = meta.ok() ? meta->next_offset : 0;
  if (offset < applied && !is_damaged) {
    return FailedPrecondition("offset {} is applied already; the shard is at {}", offset, applied);
  }
  if (offset < applied) {
    LogWarn("the state keeps what a damaged record did, a replay will not, offset={}", offset);
  }
  SPOTTER_RETURN_IF_ERROR(
      directory_.control->Append(model::SkipOffset{.offset = offset, .reason = std::move(reason)}));
  LogInfo("offset will be skipped after the next start, offset={}", offset);
  return OkStatus();
}

// Whether the record is one of those that keep the log from being opened.
StatusOr<bool> ProgramOperations::IsDamaged(int64_t offset) const {
  if (directory_.local_log != nullptr) return false;
  SPOTTER_ASSIGN_OR_RETURN(const auto tail, log_local::ScanTail(directory_.path + "/log"));
  return std::any_of(tail.holes.begin(), tail.holes.end(), [&](const log_local::Hole& hole) {
    return hole.first <= offset && offset < std::max(hole.end, hole.first + 1);
  });
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
std::string ProgramOperations::Sha256Hex(std::string_view bytes) {
  return service::Sha256Hex(bytes);
}
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
  const Duration check = std::min(kSnapshotCheck, config_.snapshot_interval);
  while (!stop_.wait_for(lock, check, [&] { return stopping_; })) {
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
