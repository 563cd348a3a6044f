// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profile/fold_event.h"

namespace spotter::profile {

// The entity an event addresses: what it names, else the usual one of its kind.
struct EntityAddress {
  std::string_view type;
  std::string_view id;
};
EntityAddress AddressOf(const model::MemberEvent& event);

}  // namespace spotter::profile
