// SPDX-License-Identifier: Apache-2.0
//
// Leases for callers who may go away while they wait.
#pragma once

#include <functional>
#include <string>

#include "engine/delivery.h"

namespace spotter::api {

struct PullOptions {
  std::string subscription;
  size_t max = 0;
  Duration ack_deadline{0};
  Duration wait{0};
};

// Delivery::Pull that ends soon after `is_gone` says so, with Cancelled. What was leased for a
// caller who had gone by then is given back: nobody would settle it before its lease runs out.
StatusOr<std::vector<engine::Lease>> PullUnlessGone(engine::Delivery& delivery,
                                                    const model::TenantId& tenant,
                                                    const PullOptions& options,
                                                    const std::function<bool()>& is_gone);

// Of leases that never reached their caller: they may be handed out at once.
void GiveBack(engine::Delivery& delivery, const model::TenantId& tenant,
              const std::string& subscription, const std::vector<engine::Lease>& leases);

}  // namespace spotter::api
