// SPDX-License-Identifier: Apache-2.0
//
// What the benchmarks apply: a studio's life from libs/synthetic under ten segments of the mission
// and the two journeys of deploy/blueprints.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "log_local/local_log.h"
#include "synthetic/studio_life.h"

namespace spotter::benchmarks {

struct Workload {
  std::unique_ptr<log::Log> log;
  int64_t events = 0;  // records that are member events; the rest are definitions and ticks
  int64_t event_bytes = 0;
  int members = 0;
};

// The records that create the tenant, its segments and its journeys, encoded.
StatusOr<std::vector<std::string>> MakeDefinitions(const model::TenantId& tenant,
                                                   const std::string& blueprints);

// Writes a life with its definitions into a new log in `directory`, each event appended at its time
// of arrival, and the ticks that an owner would have appended.
StatusOr<Workload> WriteLog(const std::string& directory, const std::string& blueprints,
                            const synthetic::Options& life);

}  // namespace spotter::benchmarks
