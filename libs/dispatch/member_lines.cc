// SPDX-License-Identifier: Apache-2.0
#include "dispatch/member_lines.h"

#include <algorithm>

namespace spotter::dispatch {
namespace {

void Release(Line& line) {
  line.attempts = 0;
  line.lease = 0;
  line.hidden_until = EventTime::Min();
}

}  // namespace

void MemberLines::Put(model::ProfileId profile, int64_t sequence, Waiting waiting) {
  Line& line = lines_[profile];
  const auto [it, inserted] = line.waiting.try_emplace(sequence, waiting);
  if (inserted) {
    entries_++;
  } else if (it->second == waiting) {
    return;  // heard twice: a lease goes on
  }
  it->second = waiting;
  // What is out is no longer what stands there, or no longer first.
  if (it == line.waiting.begin()) Release(line);
  Place(profile, line);
}

void MemberLines::Remove(model::ProfileId profile, int64_t sequence) {
  const auto found = lines_.find(profile);
  if (found == lines_.end()) return;
  Line& line = found->second;
  const auto it = line.waiting.find(sequence);
  if (it == line.waiting.end()) return;
  if (it == line.waiting.begin()) Release(line);
  line.waiting.erase(it);
  entries_--;
  Place(profile, line);
}

std::optional<model::ProfileId> MemberLines::Ready(EventTime now) const {
  if (order_.empty() || order_.begin()->first > now) return std::nullopt;
  return order_.begin()->second;
}

Line* MemberLines::Find(model::ProfileId profile) {
  const auto found = lines_.find(profile);
  return found == lines_.end() ? nullptr : &found->second;
}

void MemberLines::Hide(model::ProfileId profile, EventTime until, uint64_t lease) {
  Line* line = Find(profile);
  if (line == nullptr) return;
  line->hidden_until = until;
  line->lease = lease;
  Place(profile, *line);
}

size_t MemberLines::CountOut(EventTime now) const {
  return static_cast<size_t>(std::count_if(lines_.begin(), lines_.end(), [&](const auto& item) {
    return item.second.lease != 0 && item.second.hidden_until > now;
  }));
}

void MemberLines::Place(model::ProfileId profile, Line& line) {
  if (line.placed.has_value()) order_.erase({*line.placed, profile});
  if (line.waiting.empty()) {
    lines_.erase(profile);
    return;
  }
  line.placed = std::max(line.waiting.begin()->second.from, line.hidden_until);
  order_.emplace(*line.placed, profile);
}

}  // namespace spotter::dispatch
