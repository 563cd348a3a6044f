// SPDX-License-Identifier: Apache-2.0
#include "engine/tenant_mover.h"

#include "base/log_message.h"
#include "engine/queries.h"
#include "state/tenant_rows.h"
#include "wire/wire.h"

namespace spotter::engine {
namespace {

using model::MovePhase;
using state::MoveState;

constexpr size_t kPartBytes = 256u << 10;  // far below what a log takes in one record
constexpr size_t kPartRows = 2'000;
constexpr size_t kForwardedAtOnce = 100;
constexpr Duration kAppendAgain = Seconds(10);  // an own record that is not applied yet
constexpr Duration kDirectoryTimeout = Seconds(5);
constexpr int kAttemptBits = 20;  // attempts of one owner, below its generation

Status Append(log::Log& log, const model::LogRecord& record) {
  return log::AppendDurable(log, wire::Encode(record)).status();
}

}  // namespace

Status TenantMover::Step() {
  Status first;
  const auto keep = [&](const Status& status) {
    if (first.ok()) first = status;
  };
  if (!ports_.may_act()) return OkStatus();
  for (const model::PlaceTenant& place : ports_.directory.Moving()) {
    if (place.shard == ports_.shard) keep(Leave(place));
  }
  SPOTTER_ASSIGN_OR_RETURN(const auto moves, ListMoves(ports_.store));
  for (const auto& [tenant, move] : moves) {
    if (!ports_.may_act()) break;
    keep(Answer(tenant, move));
    keep(ClearUp(tenant, move));
    keep(Forward(tenant, move));
  }
  return first;
}

TenantMover::Sent TenantMover::SentOf(const TenantId& tenant) const {
  const std::lock_guard lock(mutex_);
  const auto found = sent_.find(tenant);
  return found == sent_.end() ? Sent() : found->second;
}

void TenantMover::Note(const TenantId& tenant, const std::function<void(Sent&)>& change) {
  const std::lock_guard lock(mutex_);
  change(sent_[tenant]);
}

StatusOr<model::PlaceTenant> TenantMover::Begin(const TenantId& tenant, int32_t to_shard) {
  const std::lock_guard one_at_a_time(begin_mutex_);
  const std::string& id = tenant.value();
  const int32_t shards = ports_.directory.Shards().value_or(model::ShardCount()).partitions;
  if (to_shard < 0 || to_shard >= shards) {
    return InvalidArgument("shard {}: there are {}, from 0", to_shard, shards);
  }
  SPOTTER_ASSIGN_OR_RETURN(const auto settings, FindTenant(ports_.store, tenant));
  if (!settings.has_value()) return NotFound("tenant '{}' is not known", id);
  model::PlaceTenant place = ports_.directory.PlacedAt(tenant).value_or(
      model::PlaceTenant{.tenant = tenant, .shard = ports_.shard});
  if (place.move == MovePhase::kMoving) {
    return FailedPrecondition("tenant '{}' is on its way from shard {} to shard {} already", id,
                              place.shard, place.to_shard);
  }
  if (place.shard == to_shard) {
    return FailedPrecondition("tenant '{}' lives on shard {} already", id, to_shard);
  }
  SPOTTER_ASSIGN_OR_RETURN(const auto before, FindMove(ports_.store, tenant));
  if (before.has_value() && (before->state != MoveState::kHere || before->kept_back > 0)) {
    return FailedPrecondition(
        "tenant '{}': shard {} is not done yet with its move before: try again in a few seconds",
        id, ports_.shard);
  }
  if (ports_.check_owner) SPOTTER_RETURN_IF_ERROR(ports_.check_owner(to_shard));
  if (!ports_.may_act()) return Unavailable("shard {} may not deliver now", ports_.shard);
  place.revision++;
  place.move = MovePhase::kMoving;
  place.to_shard = to_shard;
  place.note.clear();
  SPOTTER_RETURN_IF_ERROR(ports_.directory.Append(place));
  LogInfo("tenant begins to move, tenant={} from={} to={} revision={}", id, place.shard, to_shard,
          place.revision);
  return place;
}

// --- the shard that it leaves -------------------------------------------------------------------

Status TenantMover::Leave(const model::PlaceTenant& place) {
  const TenantId& tenant = place.tenant;
  SPOTTER_ASSIGN_OR_RETURN(const auto move, FindMove(ports_.store, tenant));
  if (move.has_value() && move->revision == place.revision && move->state == MoveState::kFrozen) {
    if (move->other != place.to_shard) SPOTTER_RETURN_IF_ERROR(Correct(place, *move));
    const Sent sent = SentOf(tenant);
    return sent.revision == place.revision && sent.is_all ? OkStatus() : Export(tenant, *move);
  }
  if (move.has_value() && (move->revision >= place.revision || move->state != MoveState::kHere)) {
    return OkStatus();
  }
  const EventTime now = ports_.boot_clock.Now();
  const EventTime since = held_since_.try_emplace(tenant, now).first->second;
  if (ports_.hold(tenant) > 0 && now - since < ports_.drain) return OkStatus();
  SPOTTER_RETURN_IF_ERROR(
      AppendOwn(tenant, place.revision,
                model::FreezeTenant{
                    .tenant = tenant, .revision = place.revision, .to_shard = place.to_shard}));
  return OkStatus();
}

// Two owners can begin a move under one number: one that was paused appends its placement behind
// the other's. Where the tenant goes is what this shard's log says, which froze it for that.
Status TenantMover::Correct(model::PlaceTenant place, const Move& move) {
  LogWarn("placement corrected, tenant={} revision={} to={} found={}", place.tenant.value(),
          place.revision, move.other, place.to_shard);
  place.to_shard = move.other;
  return ports_.directory.Append(place, kDirectoryTimeout);
}

// Waits until it is durable, and does not repeat it before it can have been applied.
Status TenantMover::AppendOwn(const TenantId& tenant, int64_t revision,
                              const model::LogRecord& record) {
  const EventTime now = ports_.boot_clock.Now();
  const auto found = own_.find(tenant);
  if (found != own_.end() && found->second.kind == record.index() &&
      found->second.revision == revision && now - found->second.at < kAppendAgain) {
    return OkStatus();
  }
  SPOTTER_RETURN_IF_ERROR(Append(ports_.log, record));
  own_[tenant] = {.kind = record.index(), .revision = revision, .at = now};
  return OkStatus();
}

// The tenant is frozen: its rows are the same whenever and by whomever they are read. An export
// that did not come to its end is begun anew; the rows that came before come once more.
Status TenantMover::Export(const TenantId& tenant, const Move& move) {
  held_since_.erase(tenant);
  SPOTTER_ASSIGN_OR_RETURN(const auto log, ports_.log_of(move.other));
  model::ImportTenant part{.tenant = tenant,
                           .revision = move.revision,
                           .from_shard = ports_.shard,
                           .attempt = (ports_.generation() << kAttemptBits) + ++attempts_};
  Note(tenant, [&](Sent& sent) { sent = {.revision = move.revision}; });
  Status exported = ExportRows(tenant, move, *log, part);
  if (exported.code() == StatusCode::kInvalidArgument || exported.code() == StatusCode::kDataLoss) {
    // A row that the log does not take, or that cannot be read: the tenant stays where it is.
    part.rows.clear();
    part.end.reset();
    part.abandoned = MessageOf(exported);
    exported = Append(*log, part);
  }
  Note(tenant, [&](Sent& sent) {
    sent.is_all = exported.ok();
    sent.problem = MessageOf(exported);
  });
  return exported;
}

Status TenantMover::ExportRows(const TenantId& tenant, const Move& move, log::Log& log,
                               model::ImportTenant& part) {
  state::StateHash hash;
  uint64_t rows = 0;
  std::string cursor;
  do {
    if (!ports_.may_act()) return Unavailable("shard {} may not deliver now", ports_.shard);
    SPOTTER_ASSIGN_OR_RETURN(
        state::TenantRows found,
        state::ReadTenantRows(ports_.store, tenant.value(), cursor, kPartRows, kPartBytes));
    part.rows.clear();
    for (state::TenantRow& row : found.rows) {
      SPOTTER_ASSIGN_OR_RETURN(const state::StateHash one,
                               state::HashOfRow(tenant.value(), row.family, row.key, row.value));
      hash.Add(one);
      part.rows.push_back({.family = static_cast<uint8_t>(row.family),
                           .key = std::move(row.key),
                           .value = std::move(row.value)});
    }
    SPOTTER_RETURN_IF_ERROR(Append(log, part));
    rows += part.rows.size();
    part.part++;
    cursor = std::move(found.cursor);
    Note(tenant, [&](Sent& sent) { sent.rows = rows; });
  } while (!cursor.empty());
  part.rows.clear();
  part.end = {.rows = rows,
              .hash = {hash.sums().begin(), hash.sums().end()},
              .shard_time = move.frozen_at,
              .next_offset = move.next_offset};
  return Append(log, part);
}

// --- the shard that it comes to -----------------------------------------------------------------

// Tells the directory what became of it. Whoever does so again, and however late, says the same.
Status TenantMover::Answer(const TenantId& tenant, const Move& move) {
  const auto place = ports_.directory.PlacedAt(tenant);
  if (!place.has_value() || place->move != MovePhase::kMoving || place->to_shard != ports_.shard) {
    return OkStatus();
  }
  const bool is_here = move.revision == place->revision && move.state == MoveState::kHere;
  const bool is_refused = move.refused == place->revision;
  if (!is_here && !is_refused) return OkStatus();
  SPOTTER_RETURN_IF_ERROR(
      ports_.directory.Append(model::PlaceTenant{.tenant = tenant,
                                                 .shard = is_here ? ports_.shard : place->shard,
                                                 .revision = place->revision + 1,
                                                 .note = is_here ? "" : move.refusal},
                              kDirectoryTimeout));
  if (is_here) {
    LogInfo("tenant has moved here, tenant={} from={} to={} rows={} hash={}", tenant.value(),
            place->shard, ports_.shard, move.rows, Hex(move.hash.Total()));
  } else {
    LogWarn("tenant refused, tenant={} from={} to={} reason=\"{}\"", tenant.value(), place->shard,
            ports_.shard, move.refusal);
  }
  return OkStatus();
}

// --- afterwards ---------------------------------------------------------------------------------

Status TenantMover::ClearUp(const TenantId& tenant, const Move& move) {
  const bool is_open = move.state == MoveState::kFrozen || move.state == MoveState::kArriving ||
                       move.state == MoveState::kRefused;
  if (!is_open) return OkStatus();
  const auto place = ports_.directory.PlacedAt(tenant);
  if (!place.has_value() || place->revision <= move.revision) return OkStatus();
  if (place->shard != ports_.shard) {
    return AppendOwn(tenant, move.revision, model::DropTenant{tenant, move.revision});
  }
  if (move.state != MoveState::kFrozen) return OkStatus();
  return AppendOwn(tenant, move.revision, model::ThawTenant{tenant, move.revision});
}

// In order, and behind each other: only once all are in the other log are they forgotten here.
Status TenantMover::Forward(const TenantId& tenant, const Move& move) {
  const bool is_decided = move.state == MoveState::kHere || move.state == MoveState::kGone ||
                          move.state == MoveState::kDropping;
  if (!is_decided || move.kept_back == 0) return OkStatus();
  SPOTTER_ASSIGN_OR_RETURN(const auto waiting,
                           ListKeptBack(ports_.store, tenant, kForwardedAtOnce));
  if (waiting.empty()) return OkStatus();
  const int64_t last = waiting.back().first;
  const std::pair done{move.revision, last};
  if (const auto found = forwarded_.find(tenant);
      found == forwarded_.end() || found->second != done) {
    std::shared_ptr<log::Log> other;
    if (move.state != MoveState::kHere) {
      SPOTTER_ASSIGN_OR_RETURN(other, ports_.log_of(move.other));
    }
    log::Log& log = other == nullptr ? ports_.log : *other;
    for (const auto& [offset, record] : waiting) {
      SPOTTER_RETURN_IF_ERROR(Append(log, model::Forwarded{.tenant = tenant,
                                                           .revision = move.revision,
                                                           .from_shard = ports_.shard,
                                                           .offset = offset,
                                                           .record = record}));
    }
    forwarded_[tenant] = done;
    own_.erase(tenant);
  }
  return AppendOwn(tenant, move.revision, model::ForgetForwarded{tenant, move.revision, last});
}

}  // namespace spotter::engine
