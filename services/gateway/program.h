// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "services/gateway/config.h"
#include "services/program/run.h"

namespace spotter::service {

// All of `spotter-gateway`, wired: waits for the brokers, reads the control log, and serves.
StatusOr<std::unique_ptr<Program>> StartGateway(const GatewayConfig& config,
                                                const Interrupted& interrupted);

}  // namespace spotter::service
