// SPDX-License-Identifier: Apache-2.0
#include "api/self_check.h"

#include <algorithm>
#include <set>

#include "api/explain.h"
#include "engine/segment_queries.h"

namespace spotter::api {
namespace {

// Those in quarantine and those that read them: they stand still, and are not asked.
std::set<std::string> StandingStill(const std::vector<model::SegmentDefinition>& segments) {
  std::set<std::string> still;
  for (const model::SegmentDefinition& segment : segments) {
    if (!segment.quarantine.empty()) still.insert(segment.id);
  }
  for (size_t before = 0; !still.empty() && before != still.size();) {
    before = still.size();
    for (const model::SegmentDefinition& segment : segments) {
      const auto expression =
          segment::Expression::Compile(segment.expression, segment::Scope::kSegment);
      if (!expression.ok()) continue;
      for (const std::string& read : expression->dependencies().segments) {
        if (still.contains(read)) still.insert(segment.id);
      }
    }
  }
  return still;
}

}  // namespace

StatusOr<SelfCheck> CheckMembers(const store::Reader& view, const model::TenantId& tenant,
                                 const std::string& after, size_t members) {
  SPOTTER_ASSIGN_OR_RETURN(const engine::AsOf as_of, engine::ReadAsOf(view, tenant));
  SPOTTER_ASSIGN_OR_RETURN(const auto progress, engine::ReadProgress(view, tenant));
  SPOTTER_ASSIGN_OR_RETURN(const auto segments, engine::ListSegments(view, tenant));
  SPOTTER_ASSIGN_OR_RETURN(Evaluator evaluator, Evaluator::Make(view, tenant));
  SPOTTER_ASSIGN_OR_RETURN(const auto page, engine::ListProfiles(view, tenant, members, after));
  const std::set<std::string> still = StandingStill(segments);
  SelfCheck check{.next = page.next};
  for (const state::Profile& profile : page.rows) {
    // Not decided under all definitions yet, or due and not woken yet.
    if (profile.definitions < progress.definitions || profile.armed <= as_of.shard_time) continue;
    SPOTTER_ASSIGN_OR_RETURN(const auto member, engine::LoadMember(view, tenant, profile.id));
    check.members++;
    for (const model::SegmentDefinition& segment : segments) {
      if (still.contains(segment.id)) continue;
      const bool is_stored = std::ranges::any_of(profile.memberships, [&](const auto& one) {
        return one.segment == segment.id && one.is_member;
      });
      check.checks++;
      if (evaluator.Ask(segment.id, member, as_of.shard_time) == is_stored) continue;
      check.divergences.push_back({.segment = segment.id,
                                   .revision = segment.revision,
                                   .profile = profile.id,
                                   .is_stored = is_stored,
                                   .at = as_of.shard_time});
    }
  }
  return check;
}

}  // namespace spotter::api
