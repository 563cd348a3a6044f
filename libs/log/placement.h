// SPDX-License-Identifier: Apache-2.0
//
// Which partition a key belongs to, as Java's Kafka clients compute it, so that any producer of a
// platform puts a tenant's records where we look for them.
#pragma once

#include <cstdint>
#include <string_view>

namespace spotter::log {

// org.apache.kafka.common.utils.Utils.murmur2: 32-bit MurmurHash2 with Kafka's seed.
int32_t Murmur2(std::string_view bytes);

// The default shard of a tenant: toPositive(murmur2(tenant)) % partitions. `partitions` > 0 and,
// for a log, fixed at its creation. A tenant that was moved is found by the placement directory of
// the control log, which is asked first.
int32_t ShardOf(std::string_view tenant, int32_t partitions);

}  // namespace spotter::log
