// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "profile/address_event.h"

namespace spotter::profile {

// The entity as its first known event tells it.
model::Entity FirstState(uint64_t id, std::string_view type, const model::MemberEvent& event);

// The entity after one more event, which may be older than what is known; nullopt: nothing new.
std::optional<model::Entity> NextState(const model::Entity& known, const model::MemberEvent& event);

}  // namespace spotter::profile
