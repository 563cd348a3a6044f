// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <tuple>

#include "identity/resolve_records.h"

namespace spotter::identity {
namespace {

using model::ProfileId;
using model::RecordKey;

struct Claim {
  size_t overlap = 0;
  size_t old = 0;
  size_t cluster = 0;
};

size_t CountCommon(const std::vector<RecordKey>& a, const std::vector<RecordKey>& b) {
  size_t common = 0;
  for (auto left = a.begin(), right = b.begin(); left != a.end() && right != b.end();) {
    if (*left == *right) ++common;
    const bool left_is_behind = *left <= *right;
    const bool right_is_behind = *right <= *left;
    if (left_is_behind) ++left;
    if (right_is_behind) ++right;
  }
  return common;
}

// Every old profile's share in every cluster, the strongest claim first.
std::vector<Claim> RankedClaims(const Partition& partition, std::span<const OldProfile> old) {
  std::vector<Claim> claims;
  for (size_t cluster = 0; cluster < partition.clusters.size(); ++cluster) {
    for (size_t i = 0; i < old.size(); ++i) {
      const size_t overlap = CountCommon(partition.clusters[cluster], old[i].records);
      if (overlap > 0) claims.push_back({overlap, i, cluster});
    }
  }
  std::sort(claims.begin(), claims.end(), [&](const Claim& a, const Claim& b) {
    const OldProfile& old_a = old[a.old];
    const OldProfile& old_b = old[b.old];
    return std::tie(b.overlap, old_a.founded_offset, old_a.id, a.cluster) <
           std::tie(a.overlap, old_b.founded_offset, old_b.id, b.cluster);
  });
  return claims;
}

}  // namespace

std::vector<Assignment> AssignProfiles(const Partition& partition,
                                       std::span<const OldProfile> old) {
  std::vector<Assignment> assignments;
  assignments.reserve(partition.clusters.size());
  for (const auto& cluster : partition.clusters) assignments.push_back({cluster, {}, {}});
  std::vector<bool> cluster_keeps(partition.clusters.size());
  std::vector<bool> old_is_kept(old.size());

  const std::vector<Claim> claims = RankedClaims(partition, old);
  for (const auto& [overlap, i, cluster] : claims) {
    if (cluster_keeps[cluster] || old_is_kept[i]) continue;
    cluster_keeps[cluster] = true;
    old_is_kept[i] = true;
    assignments[cluster].keeps = old[i].id;
  }
  // What is left has lost every cluster it claimed; its strongest claim comes first.
  for (const auto& [overlap, i, cluster] : claims) {
    if (old_is_kept[i]) continue;
    old_is_kept[i] = true;
    assignments[cluster].absorbs.push_back(old[i].id);
  }
  for (Assignment& assignment : assignments) {
    std::sort(assignment.absorbs.begin(), assignment.absorbs.end());
  }
  return assignments;
}

}  // namespace spotter::identity
