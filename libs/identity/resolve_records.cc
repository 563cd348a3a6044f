// SPDX-License-Identifier: Apache-2.0
#include "identity/resolve_records.h"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace spotter::identity {
namespace {

using model::RecordKey;

// Records as positions in the ascending list of keys.
struct Pair {
  size_t a = 0;
  size_t b = 0;
  friend auto operator<=>(const Pair&, const Pair&) = default;
};

// Disjoint sets whose union is refused where it would join two records that must stay apart.
class Clusters {
 public:
  Clusters(size_t size, std::vector<Pair> apart) : parent_(size), apart_(std::move(apart)) {
    std::iota(parent_.begin(), parent_.end(), size_t{0});
  }

  size_t RootOf(size_t record) {
    while (parent_[record] != record) {
      parent_[record] = parent_[parent_[record]];
      record = parent_[record];
    }
    return record;
  }

  // False: refused.
  bool Join(size_t a, size_t b) {
    const size_t root_a = RootOf(a);
    const size_t root_b = RootOf(b);
    for (const Pair& pair : apart_) {
      const size_t left = RootOf(pair.a);
      const size_t right = RootOf(pair.b);
      if ((left == root_a && right == root_b) || (left == root_b && right == root_a)) return false;
    }
    parent_[std::max(root_a, root_b)] = std::min(root_a, root_b);
    return true;
  }

 private:
  std::vector<size_t> parent_;  // a root is the smallest of its set
  std::vector<Pair> apart_;
};

struct Candidate {
  Pair pair;
  uint8_t tier = 0;
};

std::vector<RecordKey> AscendingKeys(std::span<const Node> nodes) {
  std::vector<RecordKey> keys;
  keys.reserve(nodes.size());
  for (const Node& node : nodes) keys.push_back(node.key);
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

// The assertions whose records are both here.
std::vector<Pair> PairsOf(std::span<const Assertion> assertions, bool same,
                          const std::vector<RecordKey>& keys) {
  std::vector<Pair> pairs;
  for (const Assertion& assertion : assertions) {
    if (assertion.same != same) continue;
    const auto a = std::lower_bound(keys.begin(), keys.end(), assertion.a);
    const auto b = std::lower_bound(keys.begin(), keys.end(), assertion.b);
    if (a == keys.end() || *a != assertion.a || b == keys.end() || *b != assertion.b) continue;
    const auto first = static_cast<size_t>(a - keys.begin());
    const auto second = static_cast<size_t>(b - keys.begin());
    pairs.push_back({std::min(first, second), std::max(first, second)});
  }
  return pairs;
}

// Pairs of records that share a link key. Where no union can be refused, a star from the smallest
// record joins what all pairs would; else a pair may still join what a refused one did not.
void AddLinked(std::span<const Node> nodes, const std::vector<RecordKey>& keys, bool all_pairs,
               std::vector<Candidate>& candidates) {
  std::vector<std::pair<LinkKey, size_t>> carriers;
  for (const Node& node : nodes) {
    const auto at = std::lower_bound(keys.begin(), keys.end(), node.key);
    for (const LinkKey& link : node.links) {
      carriers.emplace_back(link, static_cast<size_t>(at - keys.begin()));
    }
  }
  std::sort(carriers.begin(), carriers.end());
  for (auto group = carriers.begin(); group != carriers.end();) {
    const auto end = std::find_if(
        group, carriers.end(), [&](const auto& carrier) { return carrier.first != group->first; });
    const auto last_center = all_pairs ? end : group + 1;
    for (auto a = group; a != last_center; ++a) {
      for (auto b = a + 1; b != end; ++b) {
        candidates.push_back({{a->second, b->second}, group->first.tier});
      }
    }
    group = end;
  }
}

// Strongest first; a pair that is linked twice is considered once, by its strongest link.
void PutInOrder(std::vector<Candidate>& candidates) {
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return std::tie(a.pair, a.tier) < std::tie(b.pair, b.tier);
  });
  candidates.erase(
      std::unique(candidates.begin(), candidates.end(),
                  [](const Candidate& a, const Candidate& b) { return a.pair == b.pair; }),
      candidates.end());
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return std::tie(a.tier, a.pair) < std::tie(b.tier, b.pair);
  });
}

}  // namespace

Partition ResolveRecords(std::span<const Node> nodes, std::span<const Assertion> assertions) {
  const std::vector<RecordKey> keys = AscendingKeys(nodes);
  const std::vector<Pair> apart = PairsOf(assertions, false, keys);
  std::vector<Candidate> candidates;
  for (const Pair& pair : PairsOf(assertions, true, keys)) candidates.push_back({pair, 0});
  AddLinked(nodes, keys, !apart.empty(), candidates);
  PutInOrder(candidates);

  Partition partition;
  Clusters clusters(keys.size(), apart);
  for (const auto& [pair, tier] : candidates) {
    if (clusters.RootOf(pair.a) == clusters.RootOf(pair.b)) continue;
    const bool joined = clusters.Join(pair.a, pair.b);
    partition.edges.push_back({keys[pair.a], keys[pair.b], tier, !joined});
  }

  // A root is the smallest of its set, so clusters come in the order of their first keys.
  std::vector<size_t> place(keys.size());
  for (size_t record = 0; record < keys.size(); ++record) {
    const size_t root = clusters.RootOf(record);
    if (root == record) {
      place[record] = partition.clusters.size();
      partition.clusters.emplace_back();
    }
    partition.clusters[place[root]].push_back(keys[record]);
  }
  return partition;
}

}  // namespace spotter::identity
