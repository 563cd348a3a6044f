// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "model/ids.h"

namespace spotter::dispatch {

// What was handed out, as a text that its holder gives back. It says all of it, so that an ack
// counts after a restart too, and carries a keyed hash, so that nobody can make one up.
struct LeaseToken {
  int64_t generation = 0;  // of the owner that handed it out
  uint64_t lease = 0;      // unique within the generation
  model::ProfileId profile;
  int64_t sequence = 0;
  uint8_t kind = 0;         // index in OutboxEntry::what
  model::ActionId action;   // zero for Void and MergedInto
  model::RecordKey anchor;  // of the action
  friend bool operator==(const LeaseToken&, const LeaseToken&) = default;
};

// `key` is the tenant's secret; `scope` says tenant and subscription.
std::string PrintToken(const LeaseToken& token, std::string_view key, std::string_view scope);
// InvalidArgument: not a token of this key and scope.
StatusOr<LeaseToken> ParseToken(std::string_view text, std::string_view key,
                                std::string_view scope);

}  // namespace spotter::dispatch
