// SPDX-License-Identifier: Apache-2.0
#include "intake/offset_ledger.h"

#include <algorithm>

namespace spotter::intake {

void OffsetLedger::Take(const Partition& partition, int64_t offset) {
  Row& row = partitions_[partition];
  row.open.insert(offset);
  row.next = std::max(row.next, offset + 1);
}

std::optional<int64_t> OffsetLedger::Done(const Partition& partition, int64_t offset) {
  const auto found = partitions_.find(partition);
  if (found == partitions_.end()) return std::nullopt;
  Row& row = found->second;
  const bool was_first = !row.open.empty() && *row.open.begin() == offset;
  row.open.erase(offset);
  if (!was_first) return std::nullopt;
  // All between this one and the next open one were done before it, or never there.
  return (row.open.empty() ? row.next : *row.open.begin()) - 1;
}

}  // namespace spotter::intake
