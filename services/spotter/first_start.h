// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control/directory.h"
#include "engine/owner.h"
#include "store/store.h"

namespace spotter::service {

// At the first start of a directory: tenant `studio` and the rules of its zone.
Status CreateStudio(engine::Owner& owner, const store::Store& store, const std::string& zone);

// Tenants that the control log does not know yet: those of a directory made before it held them.
Status AnnounceTenants(const store::Store& store, control::Directory& directory);

}  // namespace spotter::service
