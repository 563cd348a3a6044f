// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "model/source_record.h"

namespace spotter::profile {

// Traits are, over all entities of a record, the value set last (ties: the larger entity id).
std::vector<model::Trait> TraitsOf(const model::Timeline& timeline);

// The same after one entity changed; returns the ids whose value changed, ascending.
std::vector<model::AttributeId> UpdateTraits(const model::Entity& entity,
                                             const model::Timeline& timeline,
                                             std::vector<model::Trait>& traits);

// The tags whose latest tag entity does not remove them, ascending.
std::vector<std::string> TagsOf(const model::Timeline& timeline);

}  // namespace spotter::profile
