// SPDX-License-Identifier: Apache-2.0
#include "engine/segment_queries.h"

#include <algorithm>
#include <unordered_map>

#include "base/codec.h"
#include "state/verify_hash.h"

namespace spotter::engine {
namespace {

using state::Table;
using store::Family;

constexpr int64_t kDayMs = Days(1).count();
// A list is read to its end in minutes; a page that has to undo more than this is not.
constexpr size_t kUndoneMax = 1'000'000;

Status ScanRows(const store::Reader& store, std::string_view prefix, std::string_view begin,
                const std::function<StatusOr<bool>(std::string_view, std::string_view)>& take) {
  Status status;
  SPOTTER_RETURN_IF_ERROR(store.Scan(Family::kState, begin, store::PrefixEnd(prefix),
                                     [&](std::string_view key, std::string_view value) {
                                       const StatusOr<bool> more = take(key, value);
                                       status = more.status();
                                       return more.ok() && *more;
                                     }));
  return status;
}

}  // namespace

StatusOr<AsOf> ReadAsOf(const store::Reader& view, const model::TenantId& tenant) {
  SPOTTER_ASSIGN_OR_RETURN(const state::Meta meta, state::ReadMeta(view));
  SPOTTER_ASSIGN_OR_RETURN(const auto move, FindMove(view, tenant));
  const int64_t base = move.has_value() ? move->offset_base : 0;
  return AsOf{.offset = meta.next_offset + base,
              .log_offset = meta.next_offset,
              .shard_time = meta.shard_time};
}

StatusOr<std::optional<model::SegmentDefinition>> FindSegment(const store::Reader& store,
                                                              const model::TenantId& tenant,
                                                              std::string_view id) {
  SPOTTER_ASSIGN_OR_RETURN(
      const auto bytes, store.Get(Family::kState, state::Key(tenant.value(), Table::kSegment, id)));
  if (!bytes.has_value()) return std::optional<model::SegmentDefinition>();
  SPOTTER_ASSIGN_OR_RETURN(model::SegmentDefinition definition,
                           state::DecodeSegmentDefinition(*bytes));
  return std::optional(std::move(definition));
}

WorkStatus WorkStatusOf(const state::TenantProgress& progress, uint64_t revision) {
  if (!progress.work_pending || revision <= progress.work_revision) {
    return {.decided = progress.profiles};
  }
  WorkStatus status;
  status.decided = std::min(progress.work_done, progress.profiles);
  status.undecided = progress.profiles - status.decided;
  const Duration took = progress.work_at - progress.work_begun;
  if (status.undecided > 0 && progress.work_done > 0 && took.count() > 0) {
    const double each = static_cast<double>(took.count()) / static_cast<double>(progress.work_done);
    status.decided_by =
        progress.work_at +
        Duration(static_cast<int64_t>(each * static_cast<double>(status.undecided)));
  }
  return status;
}

// --- counts -------------------------------------------------------------------------------------

StatusOr<std::optional<state::SegmentCount>> CountMembers(const store::Reader& store,
                                                          const model::TenantId& tenant,
                                                          std::string_view segment) {
  SPOTTER_ASSIGN_OR_RETURN(
      const auto bytes,
      store.Get(Family::kState, state::Key(tenant.value(), Table::kSegmentCount, segment)));
  if (!bytes.has_value()) return std::optional<state::SegmentCount>();
  SPOTTER_ASSIGN_OR_RETURN(const state::SegmentCount count, state::DecodeSegmentCount(*bytes));
  return std::optional(count);
}

StatusOr<std::vector<DayCount>> ListDays(const store::Reader& view, const model::TenantId& tenant,
                                         std::string_view segment, EventTime today, int64_t days) {
  std::vector<state::SegmentCount> changes;
  const std::string prefix = state::SegmentDayPrefix(tenant.value(), segment);
  SPOTTER_RETURN_IF_ERROR(
      ScanRows(view, prefix, prefix, [&](std::string_view, std::string_view row) -> StatusOr<bool> {
        SPOTTER_ASSIGN_OR_RETURN(changes.emplace_back(), state::DecodeSegmentCount(row));
        return true;
      }));
  SPOTTER_ASSIGN_OR_RETURN(const auto count, CountMembers(view, tenant, segment));
  if (count.has_value()) changes.push_back(*count);
  std::vector<DayCount> listed;
  if (changes.empty()) return listed;
  const int64_t last = today.ms / kDayMs;
  int64_t day = last - days + 1;
  // Before the first change that is kept: what it says was there before it, if that was anything.
  if (changes.front().before == 0) day = std::max(day, changes.front().day);
  size_t next = 0;
  int64_t members = changes.front().before;
  for (; day <= last; ++day) {
    while (next < changes.size() && changes[next].day <= day) members = changes[next++].members;
    listed.push_back({.day = day, .members = members});
  }
  return listed;
}

// --- transitions --------------------------------------------------------------------------------

Status ScanTransitions(const store::Reader& view, const model::TenantId& tenant,
                       state::TransitionPlace from, const VisitTransition& visit) {
  SPOTTER_ASSIGN_OR_RETURN(const state::TenantProgress progress, ReadProgress(view, tenant));
  if (from.offset < progress.transitions_from) {
    return FailedPrecondition(
        "transitions before offset {} are not kept any more, offset {} was asked for: list the "
        "members anew and go on from the offset of that list",
        progress.transitions_from, from.offset);
  }
  const std::string prefix = state::TablePrefix(tenant.value(), Table::kTransition);
  return ScanRows(view, prefix, state::TransitionKey(tenant.value(), from.offset, from.ordinal),
                  [&](std::string_view key, std::string_view value) -> StatusOr<bool> {
                    SPOTTER_ASSIGN_OR_RETURN(const state::TransitionRow row,
                                             state::DecodeTransitionRow(value));
                    return visit(state::ParseTransitionKey(tenant.value(), key), row);
                  });
}

StatusOr<MembersAt> ListMembersAt(const store::Reader& view, const model::TenantId& tenant,
                                  std::string_view segment, int64_t offset, size_t limit,
                                  std::string_view after) {
  MembersAt listed;
  SPOTTER_ASSIGN_OR_RETURN(const auto count, CountMembers(view, tenant, segment));
  listed.total = count.has_value() ? count->members : 0;
  // Who was what at the offset is what the first transition since then turned round.
  struct Before {
    bool is_member;
    EventTime since;
  };
  std::unordered_map<Hash128, Before> before;
  size_t seen = 0;
  SPOTTER_RETURN_IF_ERROR(ScanTransitions(
      view, tenant, {.offset = offset},
      [&](state::TransitionPlace, const state::TransitionRow& row) {
        if (++seen > kUndoneMax) return false;
        if (row.segment != segment) return true;
        if (before.empty()) listed.total = row.members + (row.entered ? -1 : 1);
        before.try_emplace(row.profile.value(),
                           Before{.is_member = !row.entered, .since = row.before_since});
        return true;
      }));
  if (seen > kUndoneMax) {
    return FailedPrecondition(
        "the list of offset {} is too old: more than {} members entered or left since then; begin "
        "again at its first page",
        offset, kUndoneMax);
  }
  const std::string prefix = state::TablePrefix(tenant.value(), Table::kProfile);
  std::string begin = prefix + std::string(after);
  if (!after.empty()) begin += '\0';
  std::string last;
  SPOTTER_RETURN_IF_ERROR(ScanRows(
      view, prefix, begin, [&](std::string_view key, std::string_view value) -> StatusOr<bool> {
        SPOTTER_ASSIGN_OR_RETURN(const state::Profile profile, state::DecodeProfile(value));
        Before at{.is_member = false, .since = {}};
        if (const auto found = before.find(profile.id.value()); found != before.end()) {
          at = found->second;
        } else {
          const auto membership = std::ranges::lower_bound(profile.memberships, segment, {},
                                                           &model::Membership::segment);
          if (membership != profile.memberships.end() && membership->segment == segment) {
            at = {.is_member = membership->is_member, .since = membership->since};
          }
        }
        if (!at.is_member) return true;
        if (listed.members.size() == limit) {
          listed.next = last;
          return false;
        }
        listed.members.push_back({.profile = profile.id, .since = at.since});
        last = key.substr(prefix.size());
        return true;
      }));
  return listed;
}

}  // namespace spotter::engine
