// SPDX-License-Identifier: Apache-2.0
//
// What time alone makes superfluous leaves the state in rounds over its rows, a bounded number of
// rows per Tick: what goes when is a function of the log, at any batch size. One round looks for
// what nobody fetches from the outbox, the other for history that has been kept long enough.
#include <algorithm>

#include "engine/shard_impl.h"
#include "state/verify_hash.h"

namespace spotter::engine {
namespace {

using state::Table;

// Before every key.
const std::string kFirstKey(1, '\0');

// A round begins when it is due; whether one is under way.
bool IsUnderWay(state::Sweep& sweep, Duration interval, EventTime now) {
  if (!sweep.cursor.empty()) return true;
  if (now < sweep.next) return false;
  sweep.next = now + interval;
  sweep.cursor = kFirstKey;
  return true;
}

struct Kept {
  Table table;
  Duration keep;
  bool is_in_order;  // of time, so that the first young row ends the search
};
// Ascending by table, as their keys are.
constexpr Kept kHistory[] = {
    {Table::kSegmentDay, kHistoryKeep, false},  {Table::kTransition, kTransitionKeep, true},
    {Table::kAnswer, kAnswerKeep, false},       {Table::kAudit, kHistoryKeep, true},
    {Table::kRefusal, kHistoryKeep, false},     {Table::kForwardedSeen, kForwardedKeep, false},
    {Table::kDeadLetter, kDeadLetterKeep, true}};

StatusOr<EventTime> TimeOf(Table table, std::string_view row) {
  if (table == Table::kAnswer) {
    SPOTTER_ASSIGN_OR_RETURN(const state::Answer answer, state::DecodeAnswer(row));
    return answer.at;
  }
  if (table == Table::kAudit) {
    SPOTTER_ASSIGN_OR_RETURN(const state::AuditRow audit, state::DecodeAuditRow(row));
    return audit.at;
  }
  if (table == Table::kRefusal) {
    SPOTTER_ASSIGN_OR_RETURN(const model::Refusal refusal, state::DecodeRefusal(row));
    return refusal.decided_at;
  }
  if (table == Table::kForwardedSeen) {
    Decoder in(row);
    const EventTime at = in.Time();
    SPOTTER_RETURN_IF_ERROR(in.Done("forwarded record"));
    return at;
  }
  if (table == Table::kTransition) {
    SPOTTER_ASSIGN_OR_RETURN(const state::TransitionRow transition,
                             state::DecodeTransitionRow(row));
    return transition.at;
  }
  if (table == Table::kSegmentDay) {
    SPOTTER_ASSIGN_OR_RETURN(const state::SegmentCount count, state::DecodeSegmentCount(row));
    return EventTime{count.day * Days(1).count()};
  }
  SPOTTER_ASSIGN_OR_RETURN(const state::DeadLetter letter, state::DecodeDeadLetter(row));
  return letter.at;
}

}  // namespace

Status Shard::Impl::Sweep() {
  if (IsUnderWay(meta_.outbox_sweep, kOutboxSweepInterval, meta_.shard_time)) {
    SPOTTER_RETURN_IF_ERROR(SweepOutbox(meta_.outbox_sweep.cursor));
  }
  if (IsUnderWay(meta_.history_sweep, kHistorySweepInterval, meta_.shard_time)) {
    SPOTTER_RETURN_IF_ERROR(SweepHistory(meta_.history_sweep.cursor));
  }
  return OkStatus();
}

// --- the outbox ---------------------------------------------------------------------------------

Status Shard::Impl::SweepOutbox(std::string& cursor) {
  std::vector<std::pair<std::string, model::OutboxEntry>> found;  // by tenant
  std::string last;
  Status status = OkStatus();
  SPOTTER_RETURN_IF_ERROR(
      overlay_.Scan(Family::kOutbox, cursor, "", [&](std::string_view key, std::string_view value) {
        StatusOr<model::OutboxEntry> entry = state::DecodeOutboxEntry(value);
        status = entry.status();
        if (!status.ok()) return false;
        found.emplace_back(Decoder(key).Terminated(), *std::move(entry));
        last = key;
        return found.size() < kSweepRowsPerTick;
      }));
  SPOTTER_RETURN_IF_ERROR(status);
  cursor = found.size() < kSweepRowsPerTick ? "" : last + '\0';
  for (auto& [id, entry] : found) {
    const auto tenant = tenants_.find(id);
    if (tenant == tenants_.end()) continue;
    SPOTTER_RETURN_IF_ERROR(SweepEntry(*tenant->second, std::move(entry)));
  }
  return OkStatus();
}

Status Shard::Impl::SweepEntry(Tenant& tenant, model::OutboxEntry entry) {
  const EventTime now = meta_.shard_time;
  const auto subscription = tenant.subscriptions.find(entry.subscription);
  if (subscription == tenant.subscriptions.end()) return OkStatus();
  model::Subscription& reader = subscription->second;
  const bool is_old = now - entry.decided_at >= kSubscriptionKeep;
  // Somebody who reads would have settled this entry; who has nothing to settle is not judged.
  if (!reader.has_expired() && reader.id != "default" && is_old &&
      now - reader.active_at >= kSubscriptionKeep) {
    reader.expired_at = now;
    SPOTTER_RETURN_IF_ERROR(SaveSubscription(tenant, reader));
    SPOTTER_RETURN_IF_ERROR(Audit(tenant, "",
                                  fmt::format("subscription {} expired: nothing settled since {}",
                                              reader.id, FormatTime(reader.active_at))));
  }
  const auto* waiting = std::get_if<model::Action>(&entry.what);
  if (reader.has_expired()) return DropExpired(tenant, reader, entry);
  if (waiting == nullptr) return is_old ? RemoveOutbox(tenant, entry) : OkStatus();
  const model::Action action = *waiting;
  if (now - action.proposal.expires_at < kExpiryGrace) return OkStatus();
  SPOTTER_RETURN_IF_ERROR(
      Refuse(tenant, entry.profile,
             model::Refusal{.proposal = action.proposal,
                            .action = action.id,
                            .reason = model::RefusalReason::kExpired,
                            .detail = fmt::format("not settled in '{}' by {}", entry.subscription,
                                                  FormatTime(action.proposal.expires_at)),
                            .decided_at = now}));
  return VoidEntry(tenant, std::move(entry), NameOf(model::RefusalReason::kExpired));
}

Status Shard::Impl::DropExpired(Tenant& tenant, const model::Subscription& reader,
                                const model::OutboxEntry& entry) {
  if (const auto* action = std::get_if<model::Action>(&entry.what)) {
    SPOTTER_RETURN_IF_ERROR(Refuse(
        tenant, entry.profile,
        model::Refusal{
            .proposal = action->proposal,
            .action = action->id,
            .reason = model::RefusalReason::kSubscriptionExpired,
            .detail = fmt::format("subscription '{}' expired at {}: its copy is not delivered",
                                  reader.id, FormatTime(reader.expired_at)),
            .decided_at = meta_.shard_time}));
  }
  return RemoveOutbox(tenant, entry);
}

// --- history ------------------------------------------------------------------------------------

Status Shard::Impl::SweepHistory(std::string& cursor) {
  std::vector<std::string> owners = {""};  // what has no known tenant
  for (const auto& [id, tenant] : tenants_) owners.push_back(id);
  size_t budget = kSweepRowsPerTick;
  for (const std::string& owner : owners) {
    for (const Kept& kept : kHistory) {
      // Beside dead letters stand the shard's own rows there, and no table of a tenant.
      if (owner.empty() && kept.table != Table::kDeadLetter) continue;
      const std::string prefix = state::TablePrefix(owner, kept.table);
      const std::string end = store::PrefixEnd(prefix);
      if (end <= cursor) continue;
      const std::string begin = std::max(cursor, prefix);
      budget--;  // to look into a table is work too
      SPOTTER_ASSIGN_OR_RETURN(
          cursor, SweepTable(owner, kept.table, kept.keep, kept.is_in_order, begin, end, budget));
      if (budget == 0) return OkStatus();
    }
  }
  cursor.clear();
  return OkStatus();
}

// Removes old rows of [begin, end), looking at no more than `budget`; where to go on.
StatusOr<std::string> Shard::Impl::SweepTable(std::string_view owner, Table table, Duration keep,
                                              bool is_in_order, const std::string& begin,
                                              const std::string& end, size_t& budget) {
  std::vector<std::string> old;
  std::string next = end;
  Status status = OkStatus();
  SPOTTER_RETURN_IF_ERROR(
      overlay_.Scan(Family::kState, begin, end, [&](std::string_view key, std::string_view row) {
        if (budget == 0) {
          next = key;
          return false;
        }
        budget--;
        const StatusOr<EventTime> at = TimeOf(table, row);
        status = at.status();
        if (!status.ok()) return false;
        if (meta_.shard_time - *at >= keep) {
          old.emplace_back(key);
        } else if (is_in_order) {
          return false;
        }
        return true;
      }));
  SPOTTER_RETURN_IF_ERROR(status);
  if (table == Table::kTransition && !old.empty()) {
    Tenant& tenant = *tenants_.at(std::string(owner));
    tenant.progress.transitions_from = state::ParseTransitionKey(owner, old.back()).offset + 1;
    tenant.progress_dirty = true;
  }
  for (std::string& key : old) {
    const state::RowKind kind = state::KindOfStateRow(owner, key);
    SPOTTER_RETURN_IF_ERROR(
        overlay_.DeleteHashed(owner, kind.element, Family::kState, std::move(key)));
  }
  return next;
}

}  // namespace spotter::engine
