// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/queries.h"
#include "spotter/v1/profile.pb.h"
#include "store/store.h"

namespace spotter::api {

// A stored member as the product shows one, at instant `now`.
StatusOr<v1::Profile> ViewOf(const store::Store& store, const model::TenantSettings& settings,
                             const engine::StoredMember& member, EventTime now);

// The event time of the member's newest fact; Min() without facts.
EventTime LastSeen(const engine::StoredMember& member);

}  // namespace spotter::api
