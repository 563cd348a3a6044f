// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/owner.h"
#include "log/log.h"
#include "store/store.h"

namespace spotter::service {

// At the first start of a directory: tenant `studio` and the rules of its zone.
Status CreateStudio(engine::Owner& owner, const store::Store& store, const std::string& zone);

// Announces this process as the shard's owner: a new generation, in force when this returns.
Status ClaimShard(engine::Owner& owner, const store::Store& store, log::Log& log);

}  // namespace spotter::service
