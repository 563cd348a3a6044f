// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/gate.h"
#include "base/clock.h"
#include "dispatch/dispatcher.h"
#include "engine/owner.h"
#include "exposition/metrics.h"
#include "intake/intake.h"
#include "log_local/local_log.h"

namespace spotter::service {

// What is scraped. Pointers may be nullptr where the part is not there.
struct MetricSources {
  engine::Owner* owner = nullptr;
  dispatch::Dispatcher* dispatcher = nullptr;
  intake::Intake* intake = nullptr;
  api::Gate* gate = nullptr;
  log_local::LocalLog* log = nullptr;
  const store::Store* store = nullptr;
  const Clock* clock = nullptr;
  std::function<Status()> standing;  // not Ok: the shard stands still, and why
};

// The histograms that the engine fills as it goes.
engine::Observers AddEngineHistograms(exposition::Metrics& metrics);
void AddSources(exposition::Metrics& metrics, const MetricSources& sources);

}  // namespace spotter::service
