// SPDX-License-Identifier: Apache-2.0
//
// The shadow of the engine: stored members are asked anew, from their facts alone, whether they are
// in the segments that they are said to be in. What differs is a bug or damage, never a matter of
// time: members whom the engine is about to decide are left out, and so are segments that stand
// still.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "model/ids.h"
#include "store/store.h"

namespace spotter::api {

struct Divergence {
  std::string segment;
  uint64_t revision = 0;
  model::ProfileId profile;
  bool is_stored = false;  // said to be in it; found: the opposite
  EventTime at;
};

struct SelfCheck {
  int64_t members = 0;  // who were asked
  int64_t checks = 0;   // memberships among them
  std::vector<Divergence> divergences;
  std::string next;  // where the next look begins; "": at the first member again
};

// Looks at up to `members` members of the tenant behind `after`, in the order of their ids, which
// are hashes. `view` shows one state.
StatusOr<SelfCheck> CheckMembers(const store::Reader& view, const model::TenantId& tenant,
                                 const std::string& after, size_t members);

}  // namespace spotter::api
