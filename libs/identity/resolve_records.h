// SPDX-License-Identifier: Apache-2.0
//
// Which source records are one person: a pure function of the set of live records and the human
// assertions; arrival order cannot matter. First rules: the same customer id within a source is
// the same record; e-mail + name and phone + name link records, so that a family on one phone is
// not one person; a mentor's clients are anchored to the e-mail used and never linked otherwise.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "model/definition.h"
#include "model/source_record.h"

namespace spotter::identity {

// A value that links the records that carry it. Hash of (rule, values).
struct LinkKey {
  Hash128 hash;
  uint8_t tier = 2;  // 2: e-mail + name, 3: phone + name
  friend auto operator<=>(const LinkKey&, const LinkKey&) = default;
};

// The link keys of a record, ascending. Only current identifiers with a normalised value count.
std::vector<LinkKey> LinkKeysOf(const model::SourceRecord& record, model::TenantKind kind);

// A human decision, by record keys, so that it survives every re-clustering.
struct Assertion {
  bool same = true;    // false: different persons
  model::RecordKey a;  // a < b
  model::RecordKey b;
  friend auto operator<=>(const Assertion&, const Assertion&) = default;
};

struct Node {
  model::RecordKey key;
  std::vector<LinkKey> links;
};

// Why two records stand together, strongest first: for explanations.
struct Edge {
  model::RecordKey a;
  model::RecordKey b;
  uint8_t tier = 0;      // 0: a human said so
  bool refused = false;  // would have joined two clusters that must stay apart
};

struct Partition {
  std::vector<std::vector<model::RecordKey>> clusters;  // each ascending; ascending by first key
  std::vector<Edge> edges;  // those that joined or were refused, in the order of consideration
};

// Clusters `nodes` (a closed set: every record that shares a link key or a `same` assertion with
// one of them is among them). Kruskal over edges by (tier, key, key): a union that would put two
// records that are asserted different into one cluster is refused.
Partition ResolveRecords(std::span<const Node> nodes, std::span<const Assertion> assertions);

// Which profile id each cluster keeps: the old profile with the largest record overlap, ties to
// the oldest founder, then to the cluster with the smallest key; a cluster that keeps none gets a
// new id founded on its oldest record. One assignment per cluster, in the partition's order.
struct OldProfile {
  model::ProfileId id;
  int64_t founded_offset = 0;
  std::vector<model::RecordKey> records;  // ascending
};
struct Assignment {
  std::vector<model::RecordKey> records;
  model::ProfileId keeps;  // zero: mint a new id
  // Old profiles that no cluster keeps and of whose records most (ties: smallest key) went here.
  std::vector<model::ProfileId> absorbs;  // ascending
};
std::vector<Assignment> AssignProfiles(const Partition& partition, std::span<const OldProfile> old);

}  // namespace spotter::identity
