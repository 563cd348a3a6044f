// SPDX-License-Identifier: Apache-2.0
#include "api/wanted_leases.h"

#include <algorithm>
#include <chrono>

#include "base/log_message.h"

namespace spotter::api {
namespace {

constexpr Duration kTurn = std::chrono::milliseconds(200);  // between two looks at the caller

}  // namespace

StatusOr<std::vector<engine::Lease>> PullUnlessGone(engine::Delivery& delivery,
                                                    const model::TenantId& tenant,
                                                    const PullOptions& options,
                                                    const std::function<bool()>& is_gone) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + options.wait;
  while (true) {
    const auto left = std::chrono::duration_cast<Duration>(deadline - Clock::now());
    SPOTTER_ASSIGN_OR_RETURN(
        auto leases, delivery.Pull(tenant, options.subscription, options.max, options.ack_deadline,
                                   std::clamp(left, Duration(0), kTurn)));
    if (is_gone()) {
      GiveBack(delivery, tenant, options.subscription, leases);
      return Status(StatusCode::kCancelled, "the caller is gone");
    }
    if (!leases.empty() || left <= kTurn) return leases;
  }
}

void GiveBack(engine::Delivery& delivery, const model::TenantId& tenant,
              const std::string& subscription, const std::vector<engine::Lease>& leases) {
  if (leases.empty()) return;
  std::vector<engine::SettleRequest> requests;
  requests.reserve(leases.size());
  for (const engine::Lease& lease : leases) {
    requests.push_back({.token = lease.token, .wish = engine::SettleWish::kRetry});
  }
  const auto settled = delivery.Settle(tenant, subscription, "", requests);
  if (settled.ok()) return;
  LogWarn("leases not given back, count={} error=\"{}\"", leases.size(),
          MessageOf(settled.status()));
}

}  // namespace spotter::api
