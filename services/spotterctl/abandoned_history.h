// SPDX-License-Identifier: Apache-2.0
//
// A restore can give offsets out again: the log begins anew at the snapshot, or goes on where its
// lost tail began. What was said of the records that had those offsets before must not meet the
// new ones: neither the control log's skips and barriers, nor snapshots that hold them.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "log_local/local_log.h"
#include "services/shard/snapshot_files.h"

namespace spotter::ctl {

// The name beside `path` at which it is kept: PATH.before-restore, or with a number if that is
// taken.
std::string AsideOf(const std::string& path);

// Takes back every skip at or past `from` and every barrier past it (one at `from` speaks of what
// lies below). Says what it took back, a line each.
StatusOr<std::vector<std::string>> TakeBackFrom(int64_t from, log_local::LocalLog& control);

// Moves the snapshots past `from` into a folder beside DATA/snapshots, where nothing counts, lists
// or removes them. Says where they are.
StatusOr<std::vector<std::string>> MoveSnapshotsAside(int64_t from, const std::string& snapshots);

}  // namespace spotter::ctl
