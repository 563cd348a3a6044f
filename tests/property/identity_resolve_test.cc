// SPDX-License-Identifier: Apache-2.0
//
// Laws of the partition: guarantees OrderFree and Reversible. mission: C10 D2
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>

#include "identity/resolve_records.h"

namespace spotter::identity {
namespace {

using model::ProfileId;
using model::RecordKey;

constexpr uint64_t kRecords = 8;

RecordKey Key(uint64_t number) { return RecordKey(Hash128{0, number}); }

struct Scene {
  std::vector<Node> nodes;
  std::vector<Assertion> assertions;
};

// Few records and few values, so that links, refusals and chains are common.
rc::Gen<Scene> AnyScene(bool with_apart = true) {
  return rc::gen::exec([with_apart] {
    Scene scene;
    const auto records = *rc::gen::inRange<uint64_t>(1, kRecords + 1);
    for (uint64_t record = 0; record < records; ++record) {
      Node node{Key(record), {}};
      for (const uint64_t value : *rc::gen::unique<std::vector<uint64_t>>(
               *rc::gen::inRange<size_t>(0, 3), rc::gen::inRange<uint64_t>(0, 6))) {
        node.links.push_back({Hash128{1, value}, static_cast<uint8_t>(value % 2 == 0 ? 2 : 3)});
      }
      scene.nodes.push_back(node);
    }
    const auto assertions = *rc::gen::inRange(0, 5);
    for (int i = 0; i < assertions && records > 1; ++i) {
      const auto a = *rc::gen::inRange<uint64_t>(0, records - 1);
      const auto b = *rc::gen::inRange<uint64_t>(a + 1, records);
      const bool same = !with_apart || *rc::gen::arbitrary<bool>();
      scene.assertions.push_back({same, Key(a), Key(b)});
    }
    return scene;
  });
}

template <typename T>
std::vector<T> Shuffled(std::vector<T> items) {
  for (size_t i = items.size(); i > 1; --i) {
    std::swap(items[i - 1], items[*rc::gen::inRange<size_t>(0, i)]);
  }
  return items;
}

std::map<RecordKey, size_t> ClusterOf(const Partition& partition) {
  std::map<RecordKey, size_t> of;
  for (size_t i = 0; i < partition.clusters.size(); ++i) {
    for (const RecordKey key : partition.clusters[i]) of[key] = i;
  }
  return of;
}

RC_GTEST_PROP(ResolveRecords, DoesNotDependOnTheOrderOfArrival, ()) {
  const Scene scene = *AnyScene();
  const Partition expected = ResolveRecords(scene.nodes, scene.assertions);
  const Partition shuffled = ResolveRecords(Shuffled(scene.nodes), Shuffled(scene.assertions));
  RC_ASSERT(shuffled.clusters == expected.clusters);
}

RC_GTEST_PROP(ResolveRecords, KeepsApartWhatAHumanKeptApartAndDropsNobody, ()) {
  const Scene scene = *AnyScene();
  const Partition partition = ResolveRecords(scene.nodes, scene.assertions);
  auto cluster_of = ClusterOf(partition);
  RC_ASSERT(cluster_of.size() == scene.nodes.size());
  for (const Assertion& assertion : scene.assertions) {
    if (!assertion.same) RC_ASSERT(cluster_of[assertion.a] != cluster_of[assertion.b]);
  }
}

// Without refusals the clusters are the connected components, found here by flooding.
RC_GTEST_PROP(ResolveRecords, WithoutRefusalsFindsTheConnectedComponents, ()) {
  const Scene scene = *AnyScene(false);
  auto cluster_of = ClusterOf(ResolveRecords(scene.nodes, scene.assertions));
  std::map<RecordKey, size_t> component;
  for (size_t i = 0; i < scene.nodes.size(); ++i) component[scene.nodes[i].key] = i;
  const auto linked = [&](const Node& a, const Node& b) {
    for (const LinkKey& link : a.links) {
      if (std::find(b.links.begin(), b.links.end(), link) != b.links.end()) return true;
    }
    return std::any_of(scene.assertions.begin(), scene.assertions.end(), [&](const Assertion& one) {
      return (one.a == a.key && one.b == b.key) || (one.a == b.key && one.b == a.key);
    });
  };
  for (size_t round = 0; round < scene.nodes.size(); ++round) {
    for (const Node& a : scene.nodes) {
      for (const Node& b : scene.nodes) {
        if (linked(a, b)) component[a.key] = std::min(component[a.key], component[b.key]);
      }
    }
  }
  for (const Node& a : scene.nodes) {
    for (const Node& b : scene.nodes) {
      RC_ASSERT((component[a.key] == component[b.key]) == (cluster_of[a.key] == cluster_of[b.key]));
    }
  }
}

RC_GTEST_PROP(ResolveRecords, AMergeTakenBackRestoresThePartition, ()) {
  const Scene scene = *AnyScene();
  RC_PRE(scene.nodes.size() > 1U);
  const Partition before = ResolveRecords(scene.nodes, scene.assertions);
  std::vector<Assertion> merged = scene.assertions;
  merged.push_back({true, scene.nodes.front().key, scene.nodes.back().key});
  ResolveRecords(scene.nodes, merged);
  merged.pop_back();
  RC_ASSERT(ResolveRecords(scene.nodes, merged).clusters == before.clusters);
}

// A merge by hand and then a split by hand along the old line: the later decisions are added to
// the earlier ones, as the log has them, and the records are grouped as at first.
RC_GTEST_PROP(ResolveRecords, AMergeThenASplitByHandRestoresTwoStrangers, ()) {
  const auto links_left = *rc::gen::inRange<uint64_t>(1, 4);
  const auto links_right = *rc::gen::inRange<uint64_t>(1, 4);
  std::vector<Node> nodes;
  for (uint64_t i = 0; i < links_left; ++i) nodes.push_back({Key(i), {{Hash128{1, 1}, 2}}});
  for (uint64_t i = 0; i < links_right; ++i) nodes.push_back({Key(100 + i), {{Hash128{1, 2}, 2}}});
  std::vector<Assertion> assertions = {{true, Key(0), Key(100)}};
  RC_ASSERT(ResolveRecords(nodes, assertions).clusters.size() == 1U);
  for (uint64_t i = 0; i < links_left; ++i) {
    for (uint64_t j = 0; j < links_right; ++j) assertions.push_back({false, Key(i), Key(100 + j)});
  }
  const Partition split = ResolveRecords(nodes, assertions);
  RC_ASSERT(split.clusters == ResolveRecords(nodes, {}).clusters);
}

RC_GTEST_PROP(AssignProfiles, EveryOldProfileIsKeptOnceOrAbsorbedOnce, ()) {
  const Scene scene = *AnyScene();
  const Partition partition = ResolveRecords(scene.nodes, scene.assertions);
  const Scene before = *AnyScene();
  std::vector<OldProfile> old;
  for (const auto& cluster : ResolveRecords(before.nodes, before.assertions).clusters) {
    const auto number = static_cast<uint64_t>(old.size() + 1);
    old.push_back({ProfileId(Hash128{9, number}), static_cast<int64_t>(number % 3), cluster});
  }
  const auto cluster_of = ClusterOf(partition);
  std::map<ProfileId, int> ends;
  for (const Assignment& assignment : AssignProfiles(partition, old)) {
    if (assignment.keeps != ProfileId()) ++ends[assignment.keeps];
    for (const ProfileId lost : assignment.absorbs) ++ends[lost];
    RC_ASSERT(assignment.keeps != ProfileId() || assignment.absorbs.empty());
  }
  for (const OldProfile& profile : old) {
    const bool is_here = std::any_of(profile.records.begin(), profile.records.end(),
                                     [&](RecordKey key) { return cluster_of.contains(key); });
    RC_ASSERT(ends[profile.id] == (is_here ? 1 : 0));
  }
}

}  // namespace
}  // namespace spotter::identity
