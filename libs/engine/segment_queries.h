// SPDX-License-Identifier: Apache-2.0
//
// Read-only questions about segments and their members. Who asks several of them, or one that
// reads several rows, gives a view of the store (store::Store::View). Errors as in queries.h.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/queries.h"
#include "state/keys.h"

namespace spotter::engine {

// The state of a tenant that a view shows: after all records before `offset`, counted as the
// tenant's rows count them.
struct AsOf {
  int64_t offset = 0;
  int64_t log_offset = 0;  // the same in the shard's log
  EventTime shard_time;
};
StatusOr<AsOf> ReadAsOf(const store::Reader& view, const model::TenantId& tenant);

// nullopt: there is none of this id.
StatusOr<std::optional<model::SegmentDefinition>> FindSegment(const store::Reader& store,
                                                              const model::TenantId& tenant,
                                                              std::string_view id);

// How many members are decided under a definition. `decided_by` is when all will be, as it goes
// now; nullopt: all are, or nothing can be said yet.
struct WorkStatus {
  uint64_t decided = 0;
  uint64_t undecided = 0;  // at most: some of them may be
  std::optional<EventTime> decided_by;
};
WorkStatus WorkStatusOf(const state::TenantProgress& progress, uint64_t revision);

// nullopt: the segment does not exist, and has no members who are still to leave it.
StatusOr<std::optional<state::SegmentCount>> CountMembers(const store::Reader& store,
                                                          const model::TenantId& tenant,
                                                          std::string_view segment);
// How many members the segment had at the end of each of the last `days` days to `today`,
// ascending; from its first day on.
struct DayCount {
  int64_t day = 0;  // since 1970-01-01 UTC
  int64_t members = 0;
};
StatusOr<std::vector<DayCount>> ListDays(const store::Reader& view, const model::TenantId& tenant,
                                         std::string_view segment, EventTime today, int64_t days);

// Visits transitions from a place on, in order, until `visit` is false. FailedPrecondition: those
// of `from` are not kept any more.
using VisitTransition = std::function<bool(state::TransitionPlace, const state::TransitionRow&)>;
Status ScanTransitions(const store::Reader& view, const model::TenantId& tenant,
                       state::TransitionPlace from, const VisitTransition& visit);

// The segment's members at an offset, however long ago within what is kept of transitions: those of
// now, but for whom a transition since then says who she was before it. A page ascends by profile,
// behind `after`. FailedPrecondition: that is no longer kept.
struct MemberAt {
  model::ProfileId profile;
  EventTime since;
};
struct MembersAt {
  std::vector<MemberAt> members;
  std::string next;  // as of Page
  int64_t total = 0;
};
StatusOr<MembersAt> ListMembersAt(const store::Reader& view, const model::TenantId& tenant,
                                  std::string_view segment, int64_t offset, size_t limit,
                                  std::string_view after);

}  // namespace spotter::engine
