// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "services/ingest/config.h"
#include "services/program/run.h"

namespace spotter::service {

// All of `spotter-ingest`, wired: waits for brokers and topics, then reads and serves.
// FailedPrecondition: a topic is not as it has to be. Cancelled: `interrupted` while it waited.
StatusOr<std::unique_ptr<Program>> StartIngest(const IngestConfig& config,
                                               const Interrupted& interrupted);

}  // namespace spotter::service
