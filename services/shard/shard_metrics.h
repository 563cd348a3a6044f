// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "services/shard/shard_host.h"

namespace spotter::service {

// What is scraped of a shard, each sample with the label `shard`. `fenced`: how often another
// process took it from this one.
void AddShardSamples(ShardHost& shard, const Clock& clock, uint64_t fenced,
                     exposition::Samples& out);

}  // namespace spotter::service
