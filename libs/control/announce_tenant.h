// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control/directory.h"
#include "model/definition.h"

namespace spotter::control {

// Makes a tenant known to intake, and fixes its placement where it has none yet. Appends only what
// the directory does not say already. Call it once the tenant's shard has the tenant, so that no
// event can reach the shard before it.
Status AnnounceTenant(Directory& directory, const model::TenantSettings& settings);

}  // namespace spotter::control
