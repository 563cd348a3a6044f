// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "services/spotter/config.h"

namespace spotter::service {

// All of `spotter`, wired: directory, shard, listeners.
// Thread safety: Start and Stop from one thread.
class Program {
 public:
  // Opens the directory, applies what the log holds, and serves. `interrupted` ends the wait for
  // the log: Cancelled. Errors of the directory are FailedPrecondition; see ExitCodeOf.
  static StatusOr<std::unique_ptr<Program>> Start(const Config& config,
                                                  const std::function<bool()>& interrupted);
  virtual ~Program() = default;

  // "http=HOST:PORT grpc=HOST:PORT admin=HOST:PORT"
  virtual std::string addresses() const = 0;
  // Takes nothing new, lets what is under way finish, and closes the shard cleanly.
  virtual Status Stop() = 0;
};

// Of a failed Start: 3 for the data directory, 2 for files of the configuration, 1 for the rest.
int ExitCodeOf(const Status& status);

}  // namespace spotter::service
