// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/assert.h"
#include "engine/ownership.h"
#include "engine/shard_impl.h"
#include "state/verify_hash.h"
#include "wire/wire.h"

namespace spotter::engine {

// A binary applies only what lies on its side of every barrier. `state_version` 0: an empty state.
static Status CheckBarriers(const Barriers& barriers, int64_t next_offset, uint32_t state_version,
                            uint32_t version) {
  for (const auto& [offset, needed] : barriers) {
    if (offset < next_offset && needed > version) {
      return FailedPrecondition(
          "the state stands at offset {}, past the barrier at {}: it needs logic version {}, this "
          "binary has {}",
          next_offset, offset, needed, version);
    }
    if (offset > next_offset && needed != 0 && needed <= version && state_version < needed) {
      return FailedPrecondition(
          "the state stands at offset {}, below the barrier at {}: an earlier logic version than "
          "{} "
          "must bring it there, or a snapshot taken at or after the barrier; this binary has {}",
          next_offset, offset, needed, version);
    }
  }
  return OkStatus();
}

Status Shard::Impl::Open(const Barriers& barriers) {
  const uint32_t version = options_.logic_version;
  StatusOr<state::Meta> meta = state::ReadMeta(store_);
  if (meta.ok()) {
    SPOTTER_RETURN_IF_ERROR(
        CheckBarriers(barriers, meta->next_offset, meta->logic_version, version));
    SPOTTER_ASSIGN_OR_RETURN(const std::optional<std::string> clean,
                             store_.Get(Family::kState, state::CleanStopKey()));
    const bool was_clean = clean.has_value() && *clean == "1";
    const auto barrier = barriers.find(meta->next_offset);
    const bool is_at_barrier =
        barrier != barriers.end() && barrier->second == version && meta->logic_version < version;
    if (meta->logic_version != version && !was_clean && !is_at_barrier) {
      return FailedPrecondition(
          "the state was left by an unclean stop of logic version {}; this binary has logic "
          "version {}: start a binary of version {} once and stop it cleanly first",
          meta->logic_version, version, meta->logic_version);
    }
    meta_ = *std::move(meta);
  } else if (meta.status().code() != StatusCode::kNotFound) {
    return meta.status();
  } else {
    SPOTTER_RETURN_IF_ERROR(CheckBarriers(barriers, 0, 0, version));
  }
  meta_.logic_version = version;
  newest_claim_ = {.generation = meta_.generation};  // of a state that kept no more of it
  SPOTTER_ASSIGN_OR_RETURN(const std::optional<std::string> claim,
                           store_.Get(Family::kState, state::ClaimKey()));
  if (claim.has_value()) {
    SPOTTER_ASSIGN_OR_RETURN(newest_claim_, state::DecodeClaim(*claim));
  }
  SPOTTER_RETURN_IF_ERROR(LoadMoves());
  SPOTTER_ASSIGN_OR_RETURN(const std::vector<std::string> tenants, state::ReadTenants(store_));
  for (const std::string& tenant : tenants) {
    const state::TenantMove* move = FindMove(tenant);
    if (move != nullptr && move->state != state::MoveState::kHere) continue;
    SPOTTER_RETURN_IF_ERROR(LoadTenant(tenant));
  }
  cursor_before_ = meta_.timer_cursor;

  store::WriteBatch batch;
  batch.Put(Family::kState, state::MetaKey(), state::EncodeRow(meta_));
  batch.Put(Family::kState, state::CleanStopKey(), "0");
  SPOTTER_RETURN_IF_ERROR(store_.Commit(batch));
  SPOTTER_RETURN_IF_ERROR(store_.Sync());
  return FindNextDue();
}

Status Shard::Impl::Close() {
  store::WriteBatch batch;
  batch.Put(Family::kState, state::CleanStopKey(), "1");
  SPOTTER_RETURN_IF_ERROR(store_.Commit(batch));
  return store_.Sync();
}

Status Shard::Impl::Apply(std::span<const log::Record> records) {
  effects_ = {};
  for (const log::Record& record : records) {
    Assert(record.offset == meta_.next_offset, "records are applied in order, none left out");
    const StatusOr<model::LogRecord> decoded = wire::DecodeLogRecord(record.payload);
    const bool is_first = &record == records.data();
    if (!is_first && decoded.ok() && BeginsBatch(*decoded)) break;
    SPOTTER_RETURN_IF_ERROR(ApplyRecord(record, decoded));
    meta_.next_offset = record.offset + 1;
  }
  return OkStatus();
}

StatusOr<Effects> Shard::Impl::Commit() {
  SPOTTER_RETURN_IF_ERROR(WriteBack());
  if (due_stale_) SPOTTER_RETURN_IF_ERROR(FindNextDue());
  Evict();
  counters_.members_undecided = 0;
  for (const auto& [id, tenant] : tenants_) counters_.members_undecided += tenant->Undecided();
  return std::move(effects_);
}

// These read rows of a whole tenant, and a tenant's rows are complete only in the store.
bool Shard::Impl::BeginsBatch(const model::LogRecord& record) {
  const auto* import = std::get_if<model::ImportTenant>(&record);
  return std::holds_alternative<model::FreezeTenant>(record) ||
         std::holds_alternative<model::DropTenant>(record) ||
         std::holds_alternative<model::ThawTenant>(record) ||
         (import != nullptr && import->end.has_value());
}

Status Shard::Impl::ApplyRecord(const log::Record& record,
                                const StatusOr<model::LogRecord>& decoded) {
  offset_ = record.offset;
  ordinal_ = 0;
  AdvanceTime(record.append_time);
  if (skips_.contains(record.offset)) {
    return PutDeadLetter("", "skipped", "skipped by an operator", record.payload);
  }
  if (!decoded.ok()) {
    return PutDeadLetter("", "undecodable", std::string(MessageOf(decoded.status())),
                         record.payload);
  }
  return ApplyInner(*decoded, record.payload);
}

Status Shard::Impl::ApplyInner(const model::LogRecord& record, std::string_view payload) {
  struct Apply {
    Impl& shard;
    std::string_view payload;
    Status operator()(const model::MemberEvent& event) { return shard.ApplyEvent(event, payload); }
    Status operator()(const model::Tick& tick) { return shard.ApplyTick(tick); }
    Status operator()(const model::Work& work) { return shard.ApplyWork(work); }
    Status operator()(const model::Claim& claim) { return shard.ApplyClaim(claim); }
    Status operator()(const model::Command& command) {
      return shard.ApplyCommand(command, payload);
    }
    Status operator()(const model::FreezeTenant& freeze) { return shard.ApplyFreeze(freeze); }
    Status operator()(const model::ImportTenant& import) { return shard.ApplyImport(import); }
    Status operator()(const model::DropTenant& drop) { return shard.ApplyDrop(drop); }
    Status operator()(const model::ThawTenant& thaw) { return shard.ApplyThaw(thaw); }
    Status operator()(const model::Forwarded& forwarded) {
      return shard.ApplyForwarded(forwarded, payload);
    }
    Status operator()(const model::ForgetForwarded& forget) { return shard.ApplyForget(forget); }
  };
  return std::visit(Apply{*this, payload}, record);
}

// Shard time is the largest append time seen; one that lies more than a minute ahead counts only
// once a later record confirms it, so a single wild clock cannot fire every timer there is.
void Shard::Impl::AdvanceTime(EventTime append_time) {
  if (append_time <= meta_.shard_time) return;
  const bool first = meta_.shard_time.ms == 0;
  const bool confirmed = meta_.time_candidate.ms != 0 && append_time >= meta_.time_candidate;
  if (first || confirmed || append_time - meta_.shard_time <= kTimeJumpMax) {
    meta_.shard_time = append_time;
    meta_.time_candidate = {};
  } else if (meta_.time_candidate.ms == 0 || append_time < meta_.time_candidate) {
    meta_.time_candidate = append_time;
  }
}

Status Shard::Impl::ApplyTick(const model::Tick& tick) {
  SPOTTER_RETURN_IF_ERROR(Sweep());
  SPOTTER_RETURN_IF_ERROR(SweepSubscriptions());
  const std::string end = state::TimerPrefix(meta_.shard_time + Duration(1));
  if (meta_.timer_cursor >= end) return OkStatus();
  if (next_due_ > meta_.shard_time) {  // the usual tick: nothing is due
    meta_.timer_cursor = end;
    return OkStatus();
  }
  std::vector<std::string> due;
  SPOTTER_RETURN_IF_ERROR(overlay_.Scan(Family::kTimers, meta_.timer_cursor, end,
                                        [&](std::string_view key, std::string_view) {
                                          due.emplace_back(key);
                                          return due.size() < tick.budget;
                                        }));
  due_stale_ = true;
  for (const std::string& key : due) {
    SPOTTER_ASSIGN_OR_RETURN(const state::Timer timer, state::ParseTimerKey(key));
    const auto tenant = tenants_.find(timer.tenant);
    if (tenant == tenants_.end()) continue;
    StatusOr<Member*> member = FindMember(*tenant->second, timer.profile);
    if (member.status().code() == StatusCode::kNotFound) continue;
    SPOTTER_RETURN_IF_ERROR(member.status());
    // A row that no longer stands for the member was left behind when its due time moved earlier.
    if ((*member)->profile.id != timer.profile || (*member)->profile.armed != timer.due) continue;
    counters_.timers_fired++;
    Change(*tenant->second, **member);
    (*member)->profile.armed = EventTime::Max();
    SPOTTER_RETURN_IF_ERROR(FireDue(*tenant->second, **member));
    Arm(*tenant->second, **member);  // even if nothing was due yet
  }
  // Nothing can be armed at or before shard time any more, so the range is done with for good.
  meta_.timer_cursor = due.size() < tick.budget ? end : due.back() + '\0';
  return OkStatus();
}

// Tenants take turns: a record's budget goes first to the one after the last that got some, so that
// much work of one does not hold up the others.
Status Shard::Impl::ApplyWork(const model::Work& work) {
  uint32_t budget = work.budget;
  // Moves have a budget of their own, so that neither kind of work waits for the other.
  uint32_t for_moves = work.budget;
  SPOTTER_RETURN_IF_ERROR(WorkOnMoves(for_moves));
  std::vector<Tenant*> turns;
  turns.reserve(tenants_.size());
  for (auto& [id, tenant] : tenants_) turns.push_back(tenant.get());
  std::ranges::rotate(turns, std::ranges::find_if(turns, [&](const Tenant* tenant) {
                        return IdOf(*tenant) > meta_.worked;
                      }));
  for (Tenant* tenant : turns) {
    if (budget == 0) break;
    if (!tenant->progress.work_pending) continue;
    meta_.worked = IdOf(*tenant);
    SPOTTER_RETURN_IF_ERROR(WorkOn(*tenant, budget));
  }
  return OkStatus();
}

Status Shard::Impl::WorkOn(Tenant& tenant, uint32_t& budget) {
  const std::string prefix = state::TablePrefix(IdOf(tenant), state::Table::kProfile);
  const std::string begin = prefix + tenant.progress.work_cursor;
  std::vector<model::ProfileId> profiles;
  SPOTTER_RETURN_IF_ERROR(overlay_.Scan(Family::kState, begin, store::PrefixEnd(prefix),
                                        [&](std::string_view key, std::string_view) {
                                          Decoder in(key.substr(prefix.size()));
                                          profiles.emplace_back(in.Hash());
                                          return profiles.size() < budget;
                                        }));
  for (const model::ProfileId profile : profiles) {
    SPOTTER_ASSIGN_OR_RETURN(Member * member, FindMember(tenant, profile));
    if (member->profile.id != profile) continue;  // a redirect
    tenant.progress.work_done++;
    if (member->profile.definitions == tenant.progress.definitions) continue;  // up to date
    SPOTTER_RETURN_IF_ERROR(FireDue(tenant, *member));
    SPOTTER_RETURN_IF_ERROR(Decide(tenant, *member, model::Cause::kDefinition));
  }
  const bool done = profiles.size() < budget;
  tenant.progress.work_pending = !done;
  tenant.progress.work_cursor = done ? "" : Encoder().Hash(profiles.back().value()).Take() + '\0';
  tenant.progress.work_at = meta_.shard_time;
  if (done) {
    tenant.progress.include_journeys.clear();
    tenant.progress.work_revision = tenant.progress.definitions;
  }
  budget -= static_cast<uint32_t>(profiles.size());
  return SaveProgress(tenant);
}

Status Shard::Impl::ApplyClaim(const model::Claim& claim) {
  const AppliedClaim applied = FoldClaim(offset_, claim, newest_claim_);
  effects_.claims.push_back(applied);
  if (!applied.in_force && !applied.is_heartbeat) return OkStatus();
  meta_.generation = claim.generation;
  overlay_.Put(Family::kState, state::ClaimKey(), state::EncodeRow(newest_claim_));
  return OkStatus();
}

Status Shard::Impl::PutDeadLetter(std::string_view tenant, std::string_view reason,
                                  std::string detail, std::string_view payload) {
  counters_.dead_letters++;
  const Tenant* known = FindTenant(model::TenantId(std::string(tenant)));
  const int64_t offset = known == nullptr ? offset_ : OffsetFor(*known);
  const state::DeadLetter letter{.offset = offset,
                                 .at = meta_.shard_time,
                                 .reason = std::string(reason),
                                 .detail = std::move(detail),
                                 .payload = std::string(payload)};
  std::string key = state::Key(tenant, state::Table::kDeadLetter,
                               Encoder().Fixed64(static_cast<uint64_t>(offset)).view());
  return overlay_.PutHashed(tenant, state::Element::kDeadLetter, Family::kState, std::move(key),
                            state::EncodeRow(letter));
}

Status Shard::Impl::Audit(Tenant& tenant, std::string_view principal, std::string what) {
  const int64_t offset = OffsetFor(tenant);
  const state::AuditRow row{.offset = offset,
                            .at = meta_.shard_time,
                            .principal = std::string(principal),
                            .what = std::move(what)};
  std::string key =
      state::Key(IdOf(tenant), state::Table::kAudit,
                 Encoder().Fixed64(static_cast<uint64_t>(offset)).Fixed32(ordinal_++).view());
  return overlay_.PutHashed(IdOf(tenant), state::Element::kAudit, Family::kState, std::move(key),
                            state::EncodeRow(row));
}

// One WriteBatch for everything that follows from the records, and the next offset with it.
Status Shard::Impl::WriteBack() {
  store::WriteBatch batch;
  if (meta_.timer_cursor > cursor_before_) {
    batch.DeleteRange(Family::kTimers, cursor_before_, meta_.timer_cursor);
    overlay_.ForgetBefore(Family::kTimers, meta_.timer_cursor);
  }
  // In the order of their keys, which the store inserts faster than any other.
  std::ranges::sort(dirty_records_, {}, [&](const auto& dirty) {
    return std::pair(IdOf(*dirty.first), dirty.second->stored.record.key);
  });
  for (auto& [tenant, record] : dirty_records_) {
    state::WriteRecord(IdOf(*tenant), record->stored, record->delta, batch);
    record->delta.Clear();
    record->dirty = false;
  }
  std::ranges::sort(dirty_anchors_, {}, [&](const auto& dirty) {
    return std::pair(IdOf(*dirty.first), dirty.second->stored.record.key);
  });
  for (auto& [tenant, record] : dirty_anchors_) {
    state::ChangeAnchorElements(IdOf(*tenant), record->anchor, true, meta_.hash);
    batch.Put(Family::kState, state::AnchorKey(IdOf(*tenant), record->anchor.record),
              state::EncodeRow(record->anchor));
    record->anchor_dirty = false;
  }
  for (auto& [tenant, member] : dirty_members_) {
    state::ChangeProfileElements(IdOf(*tenant), member->profile, true, meta_.hash);
    overlay_.Put(Family::kState, state::ProfileKey(IdOf(*tenant), member->profile.id),
                 state::EncodeRow(member->profile));
    member->dirty = false;
  }
  dirty_records_.clear();
  dirty_anchors_.clear();
  dirty_members_.clear();
  for (auto& [id, tenant] : tenants_) {
    if (std::exchange(tenant->progress_dirty, false)) {
      SPOTTER_RETURN_IF_ERROR(SaveProgress(*tenant));
    }
    SPOTTER_RETURN_IF_ERROR(SaveCounts(*tenant));
  }
  overlay_.Flush(batch);
  batch.Put(Family::kState, state::MetaKey(), state::EncodeRow(meta_));
  SPOTTER_RETURN_IF_ERROR(store_.Commit(batch));
  cursor_before_ = meta_.timer_cursor;
  return OkStatus();
}

Status Shard::Impl::FindNextDue() {
  next_due_ = EventTime::Max();
  due_stale_ = false;
  return store_.Scan(Family::kTimers, meta_.timer_cursor, "",
                     [&](std::string_view key, std::string_view) {
                       Decoder in(key);
                       next_due_ = in.OrderedTime();
                       return false;
                     });
}

// --- the public face --------------------------------------------------------------------------

Shard::Shard(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Shard::~Shard() = default;

StatusOr<std::unique_ptr<Shard>> Shard::Open(store::Store& store, const Options& options,
                                             std::set<int64_t> skips, const Barriers& barriers) {
  auto impl = std::make_unique<Impl>(store, options, std::move(skips));
  SPOTTER_RETURN_IF_ERROR(impl->Open(barriers));
  return std::unique_ptr<Shard>(new Shard(std::move(impl)));
}

StatusOr<Effects> Shard::ApplyBatch(std::span<const log::Record> records) {
  SPOTTER_RETURN_IF_ERROR(impl_->Apply(records));
  return impl_->Commit();
}
Status Shard::Apply(std::span<const log::Record> records) { return impl_->Apply(records); }
StatusOr<Effects> Shard::Commit() { return impl_->Commit(); }
Status Shard::Close() { return impl_->Close(); }
int64_t Shard::next_offset() const { return impl_->meta_.next_offset; }
EventTime Shard::shard_time() const { return impl_->meta_.shard_time; }
EventTime Shard::time_candidate() const { return impl_->meta_.time_candidate; }
EventTime Shard::next_due() const { return impl_->next_due_; }
bool Shard::has_due() const { return impl_->next_due_ <= impl_->meta_.shard_time; }
bool Shard::has_work() const {
  for (const auto& [id, tenant] : impl_->tenants_) {
    if (tenant->progress.work_pending) return true;
  }
  return std::ranges::any_of(impl_->moves_, [](const auto& one) {
    return one.second.is_arming || one.second.state == state::MoveState::kDropping;
  });
}
const model::Claim& Shard::newest_claim() const { return impl_->newest_claim_; }
const state::StateHash& Shard::state_hash() const { return impl_->meta_.hash; }
const Counters& Shard::counters() const { return impl_->counters_; }
void Shard::TakeTimerLateness(std::vector<double>& seconds) {
  seconds = std::exchange(impl_->counters_.timer_lateness_seconds, {});
}

}  // namespace spotter::engine
