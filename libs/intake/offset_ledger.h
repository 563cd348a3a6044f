// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace spotter::intake {

// Of each source partition the messages that were read and are not durable yet, so that the offset
// below which everything is durable is known however the messages overtake each other: those of a
// tenant that waits must not hold up the rest.
// Thread safety: none.
class OffsetLedger {
 public:
  using Partition = std::pair<std::string, int32_t>;

  void Take(const Partition& partition, int64_t offset);
  // Its events are in the log, or it is a dead letter, or there is nothing to keep of it. The last
  // offset up to which all taken are done, where that has moved.
  std::optional<int64_t> Done(const Partition& partition, int64_t offset);
  void Forget() { partitions_.clear(); }

 private:
  struct Row {
    std::set<int64_t> open;
    int64_t next = 0;  // one past the newest taken
  };
  std::map<Partition, Row> partitions_;
};

}  // namespace spotter::intake
