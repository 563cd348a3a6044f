// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "services/engine/config.h"
#include "services/program/run.h"

namespace spotter::service {

// All of `spotter-engine`, wired: waits for the brokers, opens its shards, and serves once each is
// caught up and owned (or stands still; then readiness says why). `interrupted` ends the waiting:
// Cancelled. FailedPrecondition: the data directory or a topic cannot be used.
StatusOr<std::unique_ptr<Program>> StartEngine(const EngineConfig& config,
                                               const Interrupted& interrupted);

}  // namespace spotter::service
