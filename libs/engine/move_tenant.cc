// SPDX-License-Identifier: Apache-2.0
//
// Tenants that leave the shard or come to it (docs/adr/0030-tenant-moves.md). A tenant that is not
// here is not in memory either: no timer, no work, no delivery finds it, and its records are kept
// back. What must be decided about a move is decided here, by the order of this shard's log; who
// appends these records only carries (tenant_mover.h).
#include <algorithm>

#include "engine/shard_impl.h"
#include "state/tenant_rows.h"
#include "state/verify_hash.h"
#include "wire/wire.h"

namespace spotter::engine {
namespace {

using state::MoveState;
using state::TenantMove;

constexpr size_t kDropBytes = 4u << 20;  // of rows read for one Work record

void RefuseMove(TenantMove& move, int64_t revision, std::string why) {
  move.refused = revision;
  move.refusal = std::move(why);
  if (move.state == MoveState::kArriving) move.state = MoveState::kRefused;
}

}  // namespace

Status Shard::Impl::LoadMoves() {
  const std::string prefix = state::TablePrefix("", state::Table::kMove);
  Status status;
  SPOTTER_RETURN_IF_ERROR(store_.Scan(
      Family::kState, prefix, store::PrefixEnd(prefix),
      [&](std::string_view key, std::string_view value) {
        StatusOr<TenantMove> move = state::DecodeTenantMove(value);
        status = move.status();
        if (!status.ok()) return false;
        moves_.insert_or_assign(std::string(key.substr(prefix.size())), *std::move(move));
        return true;
      }));
  return status;
}

TenantMove* Shard::Impl::FindMove(std::string_view tenant) {
  const auto it = moves_.find(tenant);
  return it == moves_.end() ? nullptr : &it->second;
}

Status Shard::Impl::SaveMove(std::string_view tenant, const TenantMove& move) {
  return overlay_.PutHashed("", state::Element::kProgress, Family::kState, state::MoveKey(tenant),
                            state::EncodeRow(move));
}

Status Shard::Impl::BeginResidence(const std::string& tenant, std::string_view why) {
  effects_.residences.push_back({.tenant = model::TenantId(tenant), .is_here = true});
  return Audit(*tenants_.at(tenant), "", std::string(why));
}

void Shard::Impl::EndResidence(Tenant& tenant) {
  effects_.residences.push_back({.tenant = tenant.settings.id, .is_here = false});
  counters_.orphans_waiting -= tenant.progress.orphans;
  members_ -= tenant.members.size();
  tenants_.erase(tenant.settings.id.value());
}

// --- leaving ------------------------------------------------------------------------------------

// One that repeats, or comes late from an owner that is no longer, changes nothing.
Status Shard::Impl::ApplyFreeze(const model::FreezeTenant& freeze) {
  const std::string& id = freeze.tenant.value();
  Tenant* tenant = FindTenant(freeze.tenant);
  const TenantMove* before = FindMove(id);
  if (tenant == nullptr) return OkStatus();
  if (before != nullptr && (before->revision >= freeze.revision || before->kept_back > 0)) {
    return OkStatus();
  }
  TenantMove move{.revision = freeze.revision,
                  .state = MoveState::kFrozen,
                  .other = freeze.to_shard,
                  .offset_base = tenant->offset_base,
                  .is_counted = true,
                  .next_offset = OffsetFor(*tenant) + 1,
                  .frozen_at = meta_.shard_time};
  SPOTTER_RETURN_IF_ERROR(Audit(*tenant, "", fmt::format("leaves for shard {}", freeze.to_shard)));
  EndResidence(*tenant);
  SPOTTER_RETURN_IF_ERROR(SaveMove(id, move));
  moves_.insert_or_assign(id, std::move(move));
  return OkStatus();
}

Status Shard::Impl::ApplyThaw(const model::ThawTenant& thaw) {
  TenantMove* move = FindMove(thaw.tenant.value());
  if (move == nullptr || move->revision != thaw.revision || move->state != MoveState::kFrozen) {
    return OkStatus();
  }
  move->state = MoveState::kHere;
  move->is_arming = true;
  move->cursor.clear();
  SPOTTER_RETURN_IF_ERROR(LoadTenant(thaw.tenant.value()));
  SPOTTER_RETURN_IF_ERROR(BeginResidence(thaw.tenant.value(), "stays: its move was taken back"));
  return SaveMove(thaw.tenant.value(), *move);
}

Status Shard::Impl::ApplyDrop(const model::DropTenant& drop) {
  TenantMove* move = FindMove(drop.tenant.value());
  if (move == nullptr || move->revision != drop.revision) return OkStatus();
  if (move->state != MoveState::kFrozen && move->state != MoveState::kArriving &&
      move->state != MoveState::kRefused) {
    return OkStatus();
  }
  move->state = MoveState::kDropping;
  move->cursor.clear();
  return SaveMove(drop.tenant.value(), *move);
}

// --- arriving -----------------------------------------------------------------------------------

Status Shard::Impl::ApplyImport(const model::ImportTenant& import) {
  const std::string& id = import.tenant.value();
  TenantMove* move = FindMove(id);
  if (move != nullptr && std::max(move->revision, move->refused) > import.revision) {
    return OkStatus();
  }
  if (move == nullptr || move->revision < import.revision) {
    if (import.part != 0 || (move != nullptr && move->refused == import.revision)) {
      return OkStatus();
    }
    const bool lives_here = FindTenant(import.tenant) != nullptr;
    const bool is_clear =
        move == nullptr || (move->state == MoveState::kGone && move->kept_back == 0);
    if (move == nullptr) move = &moves_[id];
    if (lives_here || !is_clear) {
      RefuseMove(*move, import.revision,
                 lives_here ? fmt::format("tenant '{}' lives in the other shard already", id)
                            : "the other shard is not done yet with an earlier move of the tenant: "
                              "try again in a few seconds");
      return SaveMove(id, *move);
    }
    *move = {.revision = import.revision,
             .state = MoveState::kArriving,
             .other = import.from_shard,
             .attempt = import.attempt};
  }
  if (move->state != MoveState::kArriving || import.attempt < move->attempt) return OkStatus();
  if (import.attempt > move->attempt) {  // the rows come again, the same as before
    if (import.part != 0) return OkStatus();
    move->attempt = import.attempt;
    move->next_part = 0;
    move->rows = 0;
    move->hash = {};
  }
  if (import.part != move->next_part) return OkStatus();
  move->next_part++;
  if (!import.abandoned.empty()) {
    RefuseMove(*move, import.revision, import.abandoned);
  } else if (const Status taken = TakeRows(import, *move); !taken.ok()) {
    RefuseMove(*move, import.revision, std::string(MessageOf(taken)));
  } else if (import.end.has_value()) {
    return FinishImport(import, *move);
  }
  return SaveMove(id, *move);
}

// They count in the shard's hash only once the tenant lives here.
Status Shard::Impl::TakeRows(const model::ImportTenant& import, TenantMove& move) {
  if (import.end.has_value() && !import.rows.empty()) {
    return InvalidArgument("the end of an import comes with {} rows, expected none",
                           import.rows.size());
  }
  for (const model::TenantRow& row : import.rows) {
    const auto family = static_cast<store::Family>(row.family);
    SPOTTER_ASSIGN_OR_RETURN(const state::StateHash hash,
                             state::HashOfRow(import.tenant.value(), family, row.key, row.value));
    move.hash.Add(hash);
    move.rows++;
    overlay_.Put(family, row.key, row.value);
  }
  return OkStatus();
}

Status Shard::Impl::FinishImport(const model::ImportTenant& import, TenantMove& move) {
  const std::string& id = import.tenant.value();
  const model::ImportEnd& end = *import.end;
  state::StateHash expected;
  const bool is_whole = end.hash.size() == expected.sums().size();
  if (is_whole) std::ranges::copy(end.hash, expected.sums().begin());
  AdvanceTime(end.shard_time);  // the tenant's time never goes back
  std::string wrong;
  if (!is_whole || expected != move.hash) {
    wrong = fmt::format("what arrived has another state hash than what left, table '{}'",
                        state::StateHash::FirstDifference(expected, move.hash));
  } else if (end.rows != move.rows) {
    wrong = fmt::format("{} rows arrived, {} left", move.rows, end.rows);
  } else if (meta_.shard_time < end.shard_time) {
    wrong = fmt::format("the clock of the other shard's log is behind: {} there, {} here",
                        FormatTime(meta_.shard_time), FormatTime(end.shard_time));
  }
  move.offset_base = std::max<int64_t>(0, end.next_offset - offset_);
  if (wrong.empty()) {  // what left another version of this program may be nothing that loads here
    Status loaded = LoadTenant(id);
    if (loaded.code() == StatusCode::kUnavailable) return loaded;
    wrong = std::string(MessageOf(loaded));
  }
  if (!wrong.empty()) {
    RefuseMove(move, import.revision, std::move(wrong));
    return SaveMove(id, move);
  }
  move.state = MoveState::kHere;
  move.is_counted = true;
  move.is_arming = true;
  meta_.hash.Add(move.hash);
  overlay_.Put(Family::kState, state::Key("", state::Table::kSettings, id), "");
  SPOTTER_RETURN_IF_ERROR(SaveMove(id, move));
  return BeginResidence(id, fmt::format("came from shard {}", import.from_shard));
}

// --- records that come to the wrong shard -------------------------------------------------------

Status Shard::Impl::KeepBack(std::string_view tenant, TenantMove& move, std::string_view payload) {
  SPOTTER_RETURN_IF_ERROR(overlay_.PutHashed("", state::Element::kOrphan, Family::kState,
                                             state::KeptBackKey(tenant, offset_),
                                             std::string(payload)));
  move.kept_back++;
  counters_.kept_back++;
  return SaveMove(tenant, move);
}

// One by one, not by the highest offset: where a tenant went there and back, what took the longer
// way comes behind what was kept back later.
Status Shard::Impl::ApplyForwarded(const model::Forwarded& forwarded, std::string_view payload) {
  const std::string& id = forwarded.tenant.value();
  Tenant* tenant = FindTenant(forwarded.tenant);
  if (tenant == nullptr) {
    if (TenantMove* move = FindMove(id)) return KeepBack(id, *move, payload);
    return PutDeadLetter("", "unknown_tenant", fmt::format("tenant '{}' does not exist", id),
                         payload);
  }
  std::string key = state::ForwardedSeenKey(id, forwarded.from_shard, forwarded.offset);
  SPOTTER_ASSIGN_OR_RETURN(const auto seen, overlay_.Get(Family::kState, key));
  if (seen.has_value()) return OkStatus();
  SPOTTER_RETURN_IF_ERROR(overlay_.PutHashed(id, state::Element::kProgress, Family::kState,
                                             std::move(key),
                                             Encoder().Time(meta_.shard_time).Take()));
  StatusOr<model::LogRecord> inner = wire::DecodeLogRecord(forwarded.record);
  if (!inner.ok()) {
    return PutDeadLetter(id, "undecodable", std::string(MessageOf(inner.status())),
                         forwarded.record);
  }
  if (auto* command = std::get_if<model::Command>(&*inner)) {
    // Generations are those of a shard's owners: here it is one of an older owner, as any other.
    if (auto* settle = std::get_if<model::Settle>(&command->what)) settle->generation = 0;
  }
  return ApplyInner(*inner, forwarded.record);
}

Status Shard::Impl::ApplyForget(const model::ForgetForwarded& forget) {
  const std::string& id = forget.tenant.value();
  TenantMove* move = FindMove(id);
  if (move == nullptr || move->revision != forget.revision) return OkStatus();
  std::vector<std::string> keys;
  SPOTTER_RETURN_IF_ERROR(overlay_.Scan(Family::kState, state::KeptBackPrefix(id),
                                        state::KeptBackKey(id, forget.offset + 1),
                                        [&](std::string_view key, std::string_view) {
                                          keys.emplace_back(key);
                                          return true;
                                        }));
  move->kept_back -= keys.size();
  for (std::string& key : keys) {
    SPOTTER_RETURN_IF_ERROR(
        overlay_.DeleteHashed("", state::Element::kOrphan, Family::kState, std::move(key)));
  }
  return SaveMove(id, *move);
}

// --- bulk work ----------------------------------------------------------------------------------

Status Shard::Impl::WorkOnMoves(uint32_t& budget) {
  for (auto& [id, move] : moves_) {
    if (budget == 0) break;
    if (move.state == MoveState::kDropping) {
      SPOTTER_RETURN_IF_ERROR(DropRows(id, move, budget));
    } else if (move.is_arming && move.state == MoveState::kHere) {
      SPOTTER_RETURN_IF_ERROR(ArmTimers(*tenants_.at(id), move, budget));
    }
  }
  return OkStatus();
}

// The timer rows of a tenant stay behind: they are those of the shard's timers. Whoever an event
// touches before is decided at its instants all the same.
Status Shard::Impl::ArmTimers(Tenant& tenant, TenantMove& move, uint32_t& budget) {
  const std::string prefix = state::TablePrefix(IdOf(tenant), state::Table::kProfile);
  std::vector<model::ProfileId> profiles;
  SPOTTER_RETURN_IF_ERROR(overlay_.Scan(Family::kState, prefix + move.cursor,
                                        store::PrefixEnd(prefix),
                                        [&](std::string_view key, std::string_view) {
                                          Decoder in(key.substr(prefix.size()));
                                          profiles.emplace_back(in.Hash());
                                          return profiles.size() < budget;
                                        }));
  for (const model::ProfileId id : profiles) {
    SPOTTER_ASSIGN_OR_RETURN(Member * member, FindMember(tenant, id));
    const EventTime armed = member->profile.armed;
    if (member->profile.id != id || armed == EventTime::Max()) continue;
    if (armed > meta_.shard_time) {
      overlay_.Put(Family::kTimers, state::TimerKey(armed, IdOf(tenant), id), "");
      next_due_ = std::min(next_due_, armed);
      continue;
    }
    counters_.timers_fired++;
    Change(tenant, *member);
    member->profile.armed = EventTime::Max();
    SPOTTER_RETURN_IF_ERROR(FireDue(tenant, *member));
    Arm(tenant, *member);
  }
  const bool is_done = profiles.size() < budget;
  move.is_arming = !is_done;
  move.cursor = is_done ? "" : Encoder().Hash(profiles.back().value()).Take() + '\0';
  budget -= static_cast<uint32_t>(profiles.size());
  return SaveMove(IdOf(tenant), move);
}

// Of a tenant that is not here every row is in the store, and none is written any more.
Status Shard::Impl::DropRows(std::string_view tenant, TenantMove& move, uint32_t& budget) {
  SPOTTER_ASSIGN_OR_RETURN(state::TenantRows found,
                           state::ReadTenantRows(store_, tenant, move.cursor, budget, kDropBytes));
  for (state::TenantRow& row : found.rows) {
    if (move.is_counted) {
      SPOTTER_ASSIGN_OR_RETURN(const state::StateHash hash,
                               state::HashOfRow(tenant, row.family, row.key, row.value));
      meta_.hash.Subtract(hash);
    }
    const std::string record = row.key.substr(0, row.key.size() - sizeof(uint32_t));
    for (uint32_t delta = 1; delta <= row.deltas; ++delta) {
      overlay_.Delete(row.family, record + Encoder().Fixed32(delta).Take());
    }
    overlay_.Delete(row.family, std::move(row.key));
  }
  budget -= std::min(budget, static_cast<uint32_t>(found.rows.size()));
  move.cursor = std::move(found.cursor);
  if (move.cursor.empty()) {
    if (move.is_counted) {
      overlay_.Delete(Family::kState, state::Key("", state::Table::kSettings, tenant));
    }
    move.is_counted = false;
    move.state = MoveState::kGone;
  }
  return SaveMove(tenant, move);
}

}  // namespace spotter::engine
