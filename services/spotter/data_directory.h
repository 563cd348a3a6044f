// SPDX-License-Identifier: Apache-2.0
//
// DIR/{log,control,state,snapshots,deadletters}: opened in the order in which each is needed.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "control/directory.h"
#include "log_local/local_log.h"
#include "services/shard/shard_host.h"
#include "services/spotter/config.h"

namespace spotter::service {

struct DataDirectory {
  std::string path;
  std::unique_ptr<VirtualClock> virtual_clock;       // time-lapse only
  std::unique_ptr<log_local::LocalLog> control_log;  // its lock file guards the whole directory
  std::unique_ptr<control::Directory> control;       // what it says; reads control_log
  ShardParts shard;
  std::shared_ptr<log_local::LocalLog> local_log;  // the shard's; nullptr: damaged
  std::string snapshots() const { return path + "/snapshots"; }
  std::string dead_letters() const { return path + "/deadletters"; }
};

// FailedPrecondition, NotFound, Unavailable: the directory cannot be used; the message names it.
// A damaged log is no error: the state is opened for reading and `shard.problem` says what is
// wrong. `control` outlives what `shard` is given to.
StatusOr<DataDirectory> OpenDataDirectory(const Config& config, const Clock& wall);

}  // namespace spotter::service
