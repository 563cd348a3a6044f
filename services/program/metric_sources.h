// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/gate.h"
#include "exposition/metrics.h"
#include "intake/intake.h"

namespace spotter::service {

// What is scraped of every program, from the libraries' counters. Pointers may be nullptr where the
// part is not there.
void AddProgramSources(exposition::Metrics& metrics, intake::Intake* intake, api::Gate* gate);

}  // namespace spotter::service
