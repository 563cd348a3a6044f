// SPDX-License-Identifier: Apache-2.0
#include "services/engine/shard_slot.h"

#include <filesystem>

#include "base/log_message.h"
#include "services/shard/broken_log.h"
#include "state/verify_hash.h"

namespace spotter::service {
namespace {

constexpr Duration kOwnerLease = Seconds(5);
constexpr auto kWatch = std::chrono::milliseconds(200);
constexpr Duration kAnnounce = Seconds(5);

}  // namespace

ShardSlot::ShardSlot(int32_t shard, bool standby, const EngineParts& parts)
    : shard_(shard), parts_(parts), standby_(standby) {
  thread_ = std::thread([this] { Run(); });
}

ShardSlot::~ShardSlot() { Close(); }

std::shared_ptr<ShardHost> ShardSlot::host() const {
  const std::lock_guard lock(mutex_);
  return host_;
}

std::shared_ptr<Moving> ShardSlot::moving() const {
  const std::lock_guard lock(mutex_);
  return moving_;
}

SlotStatus ShardSlot::status() const {
  const std::lock_guard lock(mutex_);
  SlotStatus status = status_;
  if (host_ != nullptr && status.problem.empty()) status.problem = host_->problem();
  if (mirror_ != nullptr) status.mirrored = mirror_->mirrored();
  return status;
}

bool ShardSlot::IsStopping() const {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

void ShardSlot::Set(SlotState state, std::string problem) {
  const std::lock_guard lock(mutex_);
  status_.state = state;
  status_.problem = std::move(problem);
  changed_.notify_all();
}

void ShardSlot::Promote() {
  const std::lock_guard lock(mutex_);
  if (!std::exchange(standby_, false)) return;
  if (status_.state == SlotState::kStandby) status_.state = SlotState::kOpening;
  changed_.notify_all();
}

void ShardSlot::StopDelivery() {
  if (const auto open = host()) open->StopDelivery();
}

void ShardSlot::BeginClose() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  changed_.notify_all();
}

void ShardSlot::Close() {
  BeginClose();
  const std::lock_guard joining(join_mutex_);
  if (thread_.joinable()) thread_.join();
}

SlotStatus ShardSlot::WaitSettled(Duration timeout) const {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, timeout, [&] { return status_.state != SlotState::kOpening; });
  return status_;
}

void ShardSlot::Run() {
  const Status opened = OpenAndOwn();
  if (!opened.ok() && opened.code() != StatusCode::kCancelled) {
    LogError("shard not served, shard={} reason=\"{}\"", shard_, MessageOf(opened));
    Set(SlotState::kStopped, std::string(MessageOf(opened)));
  }
  Watch();
  std::shared_ptr<ShardHost> closing;
  std::shared_ptr<Moving> stopping;
  std::unique_ptr<api::ActionMirror> mirror;
  {
    const std::lock_guard lock(mutex_);
    closing = std::exchange(host_, nullptr);
    stopping = std::exchange(moving_, nullptr);
    mirror = std::exchange(mirror_, nullptr);
  }
  if (stopping != nullptr) stopping->Stop();
  mirror.reset();  // it uses what the shard's end takes away
  if (closing == nullptr) return;
  const bool was_owner = closing->owner() != nullptr && closing->owner()->status().is_owner;
  const int64_t generation =
      closing->owner() == nullptr ? 0 : closing->owner()->status().generation;
  if (const Status stopped = closing->Stop(); !stopped.ok()) {
    LogWarn("shard not closed cleanly, shard={} reason=\"{}\"", shard_, MessageOf(stopped));
  }
  if (!was_owner) return;
  const Status told = parts_.cluster.directory->Append(
      model::ShardOwner{
          .shard = shard_, .generation = generation, .owner = parts_.directory.name()},
      kAnnounce);
  if (!told.ok()) LogWarn("directory not told, shard={} reason=\"{}\"", shard_, MessageOf(told));
}

Status ShardSlot::OpenAndOwn() {
  SPOTTER_ASSIGN_OR_RETURN(ShardParts opened, OpenParts());
  engine::Options options;
  options.owner = parts_.directory.name();
  options.owner_lease = kOwnerLease;
  options.standby = standby_;
  const SnapshotSettings snapshots{
      .folder = fmt::format("{}/shard-{}", parts_.config.snapshots, shard_),
      .interval = standby_ ? Duration(0) : parts_.config.snapshot_interval,
      .kept = parts_.config.snapshots_kept};
  SPOTTER_ASSIGN_OR_RETURN(
      const std::shared_ptr<ShardHost> host,
      ShardHost::Open({.number = shard_, .snapshots = snapshots, .engine = options},
                      std::move(opened), parts_.clock, parts_.clock, parts_.histograms));
  {
    const std::lock_guard lock(mutex_);
    host_ = host;
  }
  SPOTTER_RETURN_IF_ERROR(host->CatchUp([this] { return IsStopping(); }));
  if (!host->problem().empty()) return Unavailable("{}", host->problem());
  std::unique_lock lock(mutex_);
  if (standby_) {
    lock.unlock();
    SPOTTER_RETURN_IF_ERROR(Announce(/*serves=*/true));
    Set(SlotState::kStandby, "");
    LogInfo("shard followed, shard={}", shard_);
    lock.lock();
    changed_.wait(lock, [&] { return stopping_ || !standby_; });
  }
  if (stopping_) return Status(StatusCode::kCancelled, "closing");
  lock.unlock();
  // A broker that is away, or an owner that claims against us, is not the end of it: ask again.
  while (true) {
    const Status claimed = host->Claim();
    if (claimed.ok()) break;
    if (claimed.code() != StatusCode::kUnavailable &&
        claimed.code() != StatusCode::kDeadlineExceeded) {
      return claimed;
    }
    if (IsStopping()) return Status(StatusCode::kCancelled, "closing");
    LogWarn("shard not claimed yet, shard={} reason=\"{}\"", shard_, MessageOf(claimed));
  }
  SPOTTER_RETURN_IF_ERROR(Announce(/*serves=*/true));
  {
    const std::lock_guard moving_lock(mutex_);
    moving_ =
        std::make_shared<Moving>(host, parts_.cluster, parts_.config.cluster, parts_.owns_shard);
  }
  if (!parts_.actions.empty()) {
    auto mirror =
        std::make_unique<api::ActionMirror>(host->ports(), parts_.actions, api::MirrorOptions());
    lock.lock();
    mirror_ = std::move(mirror);
    lock.unlock();
  }
  Set(SlotState::kOwner, "");
  LogInfo("shard owned, shard={} generation={}", shard_, host->owner()->status().generation);
  return OkStatus();
}

StatusOr<ShardParts> ShardSlot::OpenParts() {
  const std::string state = parts_.directory.StateOf(shard_);
  if (!std::filesystem::exists(state)) {
    SPOTTER_ASSIGN_OR_RETURN(
        const auto restored,
        RestoreNewest(fmt::format("{}/shard-{}", parts_.config.snapshots, shard_), state));
    if (restored.has_value()) {
      LogInfo("snapshot restored, shard={} name={} offset={}", shard_, restored->name(),
              restored->offset);
    }
  }
  ShardParts opened;
  SPOTTER_ASSIGN_OR_RETURN(opened.store,
                           store_rocksdb::Open({.directory = state, .memory = parts_.memory},
                                               /*create_if_missing=*/true));
  const StatusOr<state::Meta> meta = state::ReadMeta(*opened.store);
  if (!meta.ok() && meta.status().code() != StatusCode::kNotFound) return meta.status();
  const int64_t stored = meta.ok() ? meta->next_offset : 0;
  opened.skips = parts_.cluster.directory->Skips(shard_);
  // A record that was skipped moved no time.
  std::optional<EventTime> newest;
  if (stored > 0 && !opened.skips.contains(stored - 1)) {
    newest = std::max(meta->shard_time, meta->time_candidate);
  }
  Waiting waiting;
  Status found = WaitForBrokers(
      fmt::format("shard {}", shard_), [this] { return IsStopping(); }, waiting,
      [&]() -> Status {
        SPOTTER_ASSIGN_OR_RETURN(
            opened.log, log_kafka::KafkaLog::Open(parts_.cluster.client,
                                                  {.topic = parts_.config.cluster.log_topic,
                                                   .partition = shard_,
                                                   .stored_offset = stored,
                                                   .newest_append_time = newest}));
        return OkStatus();
      });
  if (found.code() == StatusCode::kCancelled) return found;
  if (!found.ok()) {
    // The log is not what the state was made of: it stands still, and what it has can be read.
    opened.problem = MessageOf(found);
    opened.log = std::make_shared<BrokenLog>(opened.problem);
  }
  opened.barriers = [&parts = parts_, shard = shard_] {
    return parts.cluster.directory->Barriers(shard);
  };
  opened.put_barrier = [&parts = parts_, shard = shard_](int64_t offset, uint32_t logic_version) {
    return parts.cluster.directory->Append(
        model::Barrier{.offset = offset, .logic_version = logic_version, .shard = shard});
  };
  opened.skip = [&parts = parts_, shard = shard_](int64_t offset, std::string reason) {
    return parts.cluster.directory->Append(
        model::SkipOffset{.offset = offset, .reason = std::move(reason), .shard = shard});
  };
  return opened;
}

Status ShardSlot::Announce(bool serves) {
  const engine::OwnerStatus status = host()->owner()->status();
  const model::ShardOwner record{.shard = shard_,
                                 .generation = status.generation,
                                 .owner = parts_.directory.name(),
                                 .address = serves ? parts_.address : "",
                                 .is_standby = status.is_standby};
  while (true) {
    const Status told = parts_.cluster.directory->Append(record, kAnnounce);
    if (told.ok()) return told;
    LogWarn("directory not told, shard={} reason=\"{}\"", shard_, MessageOf(told));
    if (IsStopping()) return Status(StatusCode::kCancelled, "closing");
  }
}

// Until the shard is closed here or another engine has it.
void ShardSlot::Watch() {
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, kWatch, [&] { return stopping_; })) {
    if (host_ == nullptr || host_->owner() == nullptr) continue;
    const engine::OwnerStatus status = host_->owner()->status();
    if (!status.fenced) continue;
    LogWarn("shard given up, shard={} reason=\"taken by {}\"", shard_, status.fenced_by);
    status_.fenced++;
    status_.problem = "taken by " + status.fenced_by;
    break;
  }
  if (status_.state != SlotState::kStopped || !stopping_) status_.state = SlotState::kGivenUp;
  changed_.notify_all();
}

}  // namespace spotter::service
