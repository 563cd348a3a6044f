// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "model/action.h"

namespace spotter::dispatch {

// One entry that waits to be delivered: enough to order it; the entry itself stays in the store.
struct Waiting {
  EventTime from;    // may go out from then on
  uint8_t kind = 0;  // index in OutboxEntry::what
  friend bool operator==(const Waiting&, const Waiting&) = default;
};

// The entries of one member in one subscription. Only the first may be out.
struct Line {
  std::map<int64_t, Waiting> waiting;         // by sequence
  int32_t attempts = 0;                       // of the first
  uint64_t lease = 0;                         // of the newest attempt; 0: none is out
  EventTime hidden_until = EventTime::Min();  // a lease's deadline, a retry's delay
  std::optional<EventTime> placed;            // its key in the order of all lines
};

// The lines of one (tenant, subscription), in the order in which their first entries may go out.
// Invariant: a line is in the order exactly while it has entries.
// Thread safety: none.
class MemberLines {
 public:
  void Put(model::ProfileId profile, int64_t sequence, Waiting waiting);
  void Remove(model::ProfileId profile, int64_t sequence);

  // The line whose first entry may go out earliest, if that is at or before `now`.
  std::optional<model::ProfileId> Ready(EventTime now) const;
  Line* Find(model::ProfileId profile);
  // Hides the first entry of the line until `until`; `lease` 0: it is not out.
  void Hide(model::ProfileId profile, EventTime until, uint64_t lease);

  size_t entries() const { return entries_; }
  size_t CountOut(EventTime now) const;

 private:
  void Place(model::ProfileId profile, Line& line);

  std::map<model::ProfileId, Line> lines_;
  std::set<std::pair<EventTime, model::ProfileId>> order_;
  size_t entries_ = 0;
};

}  // namespace spotter::dispatch
