// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "services/program/run.h"
#include "services/spotter/config.h"

namespace spotter::service {

// All of `spotter`, wired: opens the directory, applies what the log holds, and serves.
// `interrupted` ends the wait for the log: Cancelled. Errors of the directory are
// FailedPrecondition; see ExitCodeOf.
StatusOr<std::unique_ptr<Program>> StartSpotter(const Config& config,
                                                const Interrupted& interrupted);

}  // namespace spotter::service
