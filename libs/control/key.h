// SPDX-License-Identifier: Apache-2.0
//
// The key under which a control record is compacted: of several records with one key only the last
// is kept, and the directory stays the same (a law that tests hold).
#pragma once

#include <string>
#include <string_view>

#include "model/log_record.h"

namespace spotter::control {

// "skip/SHARD/OFFSET", "barrier/SHARD/OFFSET", "place/TENANT", "place/TENANT/REVISION" of moves,
// "tenant/TENANT", "owner/SHARD/GENERATION", "standby/SHARD/OWNER", "shards". Generation and
// revision are part of the key because a late record of an older owner must not displace the
// newer one's.
std::string KeyOf(const model::ControlRecord& record);

// The same of an encoded record; "" for one that this version does not know.
std::string KeyOfPayload(std::string_view payload);

}  // namespace spotter::control
