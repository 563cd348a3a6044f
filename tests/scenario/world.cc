// SPDX-License-Identifier: Apache-2.0
#include "scenario/world.h"

#include "base/assert.h"
#include "state/verify_hash.h"
#include "wire/wire.h"

namespace spotter::scenario {
namespace {

// Far more than any scenario needs; an owner that never comes to rest is a bug.
constexpr int kTicksMax = 100'000;

void AddTo(engine::Counters& sum, const engine::Counters& more) {
  for (size_t i = 0; i < sum.events_by_kind.size(); ++i) {
    sum.events_by_kind[i] += more.events_by_kind[i];
  }
  for (size_t i = 0; i < sum.transitions_by_cause.size(); ++i) {
    sum.transitions_by_cause[i] += more.transitions_by_cause[i];
    sum.refusals_by_reason[i] += more.refusals_by_reason[i];
  }
  sum.duplicates += more.duplicates;
  sum.dead_letters += more.dead_letters;
  sum.orphans_waiting = more.orphans_waiting;
  sum.merges += more.merges;
  sum.splits += more.splits;
  sum.actions += more.actions;
  sum.settled += more.settled;
}

}  // namespace

World::World(Plan plan) : plan_(std::move(plan)), clock_(EventTime{}), log_(clock_) {
  Assert(Open().ok(), "an empty store can be opened");
}

Status World::Open() {
  const engine::Options options{.members_cached_max = plan_.members_cached};
  SPOTTER_ASSIGN_OR_RETURN(shard_, engine::Shard::Open(store_, options, skips_));
  return OkStatus();
}

Status World::Append(const model::LogRecord& record) { return AppendBytes(wire::Encode(record)); }

Status World::AppendBytes(std::string_view payload) {
  if (is_replaying_) return OkStatus();
  const std::string_view payloads[] = {payload};
  SPOTTER_RETURN_IF_ERROR(log_.Append(payloads).status());
  return Apply();
}

Status World::Apply() {
  while (shard_->next_offset() < log_.end()) {
    std::vector<log::Record> records;
    SPOTTER_RETURN_IF_ERROR(
        log_.Read(shard_->next_offset(), plan_.batch_records, size_t{1} << 30, records));
    SPOTTER_ASSIGN_OR_RETURN(const engine::Effects effects, shard_->ApplyBatch(records));
    for (const engine::OutboxChange& change : effects.outbox) {
      if (!change.removed) happenings.push_back({change.tenant, change.entry});
    }
    for (const engine::CommandAnswer& given : effects.answers) {
      answers.insert_or_assign(given.request_id, given.answer);
    }
  }
  return OkStatus();
}

Status World::Tick() { return Append(model::Tick{}); }

// What the owner appends by itself: ticks until shard time is the clock's and nothing is due, then
// work until none is pending.
Status World::CatchUp() {
  for (int i = 0; i < kTicksMax; ++i) {
    const bool is_behind = shard_->shard_time() < now() || shard_->time_candidate().ms != 0;
    if (is_behind || shard_->next_due() <= now() || shard_->has_due()) {
      SPOTTER_RETURN_IF_ERROR(Tick());
    } else if (shard_->has_work()) {
      SPOTTER_RETURN_IF_ERROR(Append(model::Work{}));
    } else {
      return OkStatus();
    }
  }
  return Internal("the shard does not come to rest at {}", FormatTime(now()));
}

Status World::JumpTo(EventTime time) {
  if (time < now()) return InvalidArgument("the clock stands at {} already", FormatTime(now()));
  clock_.AdvanceTo(time);
  return CatchUp();
}

Status World::AdvanceTo(EventTime time) {
  SPOTTER_RETURN_IF_ERROR(CatchUp());
  while (shard_->next_due() < time) SPOTTER_RETURN_IF_ERROR(JumpTo(shard_->next_due()));
  return JumpTo(time);
}

Status World::Restart() {
  const state::StateHash before = shard_->state_hash();
  AddTo(before_, shard_->counters());
  SPOTTER_RETURN_IF_ERROR(shard_->Close());
  shard_.reset();
  SPOTTER_RETURN_IF_ERROR(Open());
  if (shard_->state_hash() == before) return CheckHash();
  return Internal("the state hash changed by a restart");
}

Status World::SkipNext() {
  skips_.insert(shard_->next_offset());
  return Restart();
}

Status World::CheckHash() const {
  SPOTTER_ASSIGN_OR_RETURN(const state::StateHash scanned, state::HashByScan(store_));
  if (scanned == shard_->state_hash()) return OkStatus();
  return Internal("the running hash differs from the rows in '{}'",
                  state::StateHash::FirstDifference(scanned, shard_->state_hash()));
}

Status World::Replay(const Recording& recording, const Recording::Mark& mark) {
  is_replaying_ = true;
  while (log_.end() < mark.end) {
    const log::Record& record = recording.records[static_cast<size_t>(log_.end())];
    clock_.AdvanceTo(record.append_time);
    const std::string_view payloads[] = {record.payload};
    SPOTTER_RETURN_IF_ERROR(log_.Append(payloads).status());
  }
  clock_.AdvanceTo(mark.now);
  return OkStatus();
}

Recording World::TakeRecording(std::vector<Recording::Mark> marks) {
  Recording recording{.records = {}, .marks = std::move(marks)};
  Assert(log_.Read(0, size_t{1} << 30, size_t{1} << 30, recording.records).ok(),
         "a log in memory can be read");
  return recording;
}

engine::Counters World::counters() const {
  engine::Counters sum = before_;
  AddTo(sum, shard_->counters());
  return sum;
}

StatusOr<model::ProfileId> World::ProfileOf(std::string_view ref) const {
  if (ref.starts_with('$')) {
    const auto it = profiles.find(std::string(ref.substr(1)));
    if (it == profiles.end()) return InvalidArgument("'{}' has not been remembered", ref);
    return it->second;
  }
  const size_t at = ref.rfind('@');
  if (at == std::string_view::npos) {
    return InvalidArgument("'{}': expected CUSTOMER@SOURCE or $name", ref);
  }
  return engine::FindProfileByRecord(store_, settings.id, ref.substr(at + 1), ref.substr(0, at));
}

StatusOr<engine::StoredMember> World::MemberOf(std::string_view ref) const {
  SPOTTER_ASSIGN_OR_RETURN(const model::ProfileId profile, ProfileOf(ref));
  return engine::LoadMember(store_, settings.id, profile);
}

StatusOr<bool> World::IsOf(std::string_view ref, model::ProfileId profile) const {
  SPOTTER_ASSIGN_OR_RETURN(const model::ProfileId wanted, ProfileOf(ref));
  if (wanted == profile || ref.starts_with('$')) return wanted == profile;
  SPOTTER_ASSIGN_OR_RETURN(const engine::StoredMember member,
                           engine::LoadMember(store_, settings.id, profile));
  return member.profile.id == wanted;
}

}  // namespace spotter::scenario
