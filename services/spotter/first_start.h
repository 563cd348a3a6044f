// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/owner.h"
#include "store/store.h"

namespace spotter::service {

// At the first start of a directory: tenant `studio` and the rules of its zone.
Status CreateStudio(engine::Owner& owner, const store::Store& store, const std::string& zone);

}  // namespace spotter::service
