// SPDX-License-Identifier: Apache-2.0
#include "services/engine/moving.h"

#include "base/log_message.h"
#include "engine/queries.h"
#include "wire/wire.h"

namespace spotter::service {
namespace {

constexpr auto kTurn = std::chrono::milliseconds(50);
constexpr Duration kDrain = Seconds(5);
// Longer than two heartbeats, and than the log's end may be old.
constexpr Duration kHeartbeat = Seconds(5);
constexpr Duration kLook = std::chrono::milliseconds(100);

// Whether the records hold the sign of life of an owner.
bool HasHeartbeat(const std::vector<log::Record>& records) {
  for (const log::Record& record : records) {
    const StatusOr<model::LogRecord> decoded = wire::DecodeLogRecord(record.payload);
    if (!decoded.ok()) continue;
    const auto* claim = std::get_if<model::Claim>(&*decoded);
    if (claim != nullptr && claim->phase != model::ClaimPhase::kReleased) return true;
  }
  return false;
}

}  // namespace

Moving::Moving(std::shared_ptr<ShardHost> host, const Cluster& cluster,
               const ClusterSettings& settings, std::function<bool(int32_t shard)> owns_shard)
    : host_(std::move(host)),
      cluster_(cluster),
      settings_(settings),
      owns_shard_(std::move(owns_shard)),
      mover_(Ports()),
      thread_([this] { Run(); }) {}

Moving::~Moving() { Stop(); }

void Moving::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  const std::lock_guard joining(join_mutex_);
  if (thread_.joinable()) thread_.join();
}

engine::MoverPorts Moving::Ports() {
  return {
      .shard = host_->number(),
      .store = host_->store(),
      .log = *host_->log(),
      .directory = *cluster_.directory,
      .log_of = [this](int32_t shard) { return LogOf(shard); },
      .may_act = [this] { return MayAct(); },
      .generation = [this] { return host_->owner()->status().generation; },
      .hold = [this](const model::TenantId& tenant) { return host_->dispatcher().Hold(tenant); },
      .check_owner = [this](int32_t shard) { return CheckOwner(shard); },
      .drain = kDrain,
      .boot_clock = boot_clock_};
}

void Moving::Run() {
  std::string told;
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, kTurn, [&] { return stopping_; })) {
    lock.unlock();
    const Status stepped = mover_.Step();
    if (MessageOf(stepped) != told) {
      told = MessageOf(stepped);
      if (!stepped.ok())
        LogWarn("a tenant's move waits, shard={} reason=\"{}\"", host_->number(), told);
    }
    lock.lock();
  }
}

bool Moving::MayAct() const {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return false;
  }
  return host_->owner()->may_deliver();
}

StatusOr<std::shared_ptr<log::Log>> Moving::LogOf(int32_t shard) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = logs_.find(shard); found != logs_.end()) return found->second;
  }
  SPOTTER_ASSIGN_OR_RETURN(std::shared_ptr<log::Log> log,
                           log_kafka::KafkaLog::Open(cluster_.client, {.topic = settings_.log_topic,
                                                                       .partition = shard}));
  const std::lock_guard lock(mutex_);
  return logs_.emplace(shard, std::move(log)).first->second;
}

// What the directory says of an owner may be the last that one has said. Whether it lives, its
// heartbeats in the shard's log tell.
Status Moving::CheckOwner(int32_t shard) {
  const auto owner = cluster_.directory->OwnerOf(shard);
  if (!owner.has_value() || owner->address.empty()) {
    return Unavailable("shard {}: no engine owns it now", shard);
  }
  if (owns_shard_(shard)) return OkStatus();
  // A client of its own: a standby of that shard here reads its log already, or another move's
  // look.
  SPOTTER_ASSIGN_OR_RETURN(
      const auto client,
      log_kafka::KafkaClient::Create({.brokers = settings_.brokers, .settings = settings_.kafka}));
  SPOTTER_ASSIGN_OR_RETURN(
      const std::shared_ptr<log::Log> log,
      log_kafka::KafkaLog::Open(client, {.topic = settings_.log_topic, .partition = shard}));
  log::Offset next = log->durable_end();
  const EventTime began = boot_clock_.Now();
  while (boot_clock_.Now() - began < kHeartbeat && MayAct()) {
    std::vector<log::Record> records;
    (void)log->WaitReadable(next, kLook);
    SPOTTER_RETURN_IF_ERROR(log->Read(next, 1'000, 1 << 20, records));
    if (HasHeartbeat(records)) return OkStatus();
    if (!records.empty()) next = records.back().offset + 1;
  }
  if (!MayAct()) return Unavailable("shard {} may not deliver now", host_->number());
  return Unavailable("shard {}: its owner, last at {}, has not been heard of for {}", shard,
                     owner->address, FormatDuration(kHeartbeat));
}

StatusOr<api::TenantMoveInfo> Moving::Begin(const model::TenantId& tenant, int32_t to_shard) {
  SPOTTER_ASSIGN_OR_RETURN(const model::PlaceTenant place, mover_.Begin(tenant, to_shard));
  return api::TenantMoveInfo{.step = api::MoveStep::kClosing,
                             .revision = place.revision,
                             .from_shard = place.shard,
                             .to_shard = to_shard};
}

StatusOr<api::TenantMoveInfo> Moving::InfoOf(const model::TenantId& tenant) const {
  const auto place = cluster_.directory->PlacedAt(tenant);
  if (!place.has_value() || place->revision == 0) {
    SPOTTER_ASSIGN_OR_RETURN(const auto settings, engine::FindTenant(host_->store(), tenant));
    if (!settings.has_value()) return NotFound("tenant '{}' is not known", tenant.value());
    return api::TenantMoveInfo{.from_shard = host_->number(), .to_shard = host_->number()};
  }
  SPOTTER_ASSIGN_OR_RETURN(const auto move, engine::FindMove(host_->store(), tenant));
  if (place->move != model::MovePhase::kMoving) {
    api::TenantMoveInfo info{
        .step = place->note.empty() ? api::MoveStep::kMoved : api::MoveStep::kTakenBack,
        .revision = place->revision - 1,
        .from_shard = place->shard,
        .to_shard = place->shard,
        .note = place->note};
    if (!move.has_value() || !place->note.empty()) return info;
    info.from_shard = move->other;
    info.rows = move->rows;
    info.hash = Hex(move->hash.Total());
    return info;
  }
  api::TenantMoveInfo info{.step = api::MoveStep::kClosing,
                           .revision = place->revision,
                           .from_shard = place->shard,
                           .to_shard = place->to_shard};
  if (!move.has_value() || move->revision != place->revision ||
      move->state != state::MoveState::kFrozen) {
    return info;
  }
  const engine::TenantMover::Sent sent = mover_.SentOf(tenant);
  info.step = sent.is_all ? api::MoveStep::kArriving : api::MoveStep::kCopying;
  info.rows = sent.rows;
  info.note = sent.problem;
  return info;
}

}  // namespace spotter::service
