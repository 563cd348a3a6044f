// SPDX-License-Identifier: Apache-2.0
//
// What happens to one member, as the events the studio's systems would report. Internal.
#pragma once

#include <vector>

#include "synthetic/people.h"

namespace spotter::synthetic {

// The events of one member and when they would arrive with a healthy network: neither late nor
// twice. Arrivals may lie before options.start (history) and are in no order.
std::vector<Delivery> LifeOf(const Options& options, const Member& member);

}  // namespace spotter::synthetic
