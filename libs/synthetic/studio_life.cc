// SPDX-License-Identifier: Apache-2.0
#include "synthetic/studio_life.h"

#include <algorithm>

#include "synthetic/bodies.h"
#include "synthetic/life.h"

namespace spotter::synthetic {
namespace {

constexpr Duration kHistory = Days(26);
constexpr Duration kOpening = Minutes(50);

// What happened before the life starts is handed over in its first hour, in its order.
EventTime ArrivalOf(const Options& options, EventTime at) {
  const Duration before = options.start - at;
  if (before <= Duration::zero()) return at;
  const Duration since = std::max(kHistory - before, Duration::zero());
  return options.start + Minutes(6) + since * kOpening.count() / kHistory.count();
}

// Adds what the network does to a delivery: it is late, or comes twice.
void Send(const Options& options, Random& network, Delivery delivery, std::vector<Delivery>& out) {
  const EventTime end = options.start + Days(options.days);
  delivery.at = ArrivalOf(options, delivery.at);
  if (network.Chance(options.late_share)) {
    delivery.at = delivery.at + Seconds(network.Between(3600, 3 * 86400));
  }
  if (network.Chance(options.duplicate_share)) {
    Delivery again = delivery;
    again.at = again.at + Seconds(network.Between(20, 86400));
    if (again.at < end) out.push_back(std::move(again));
  }
  if (delivery.at < end) out.push_back(std::move(delivery));
}

}  // namespace

std::vector<Delivery> MakeStudioLife(const Options& given) {
  Options options = given;
  options.start = {(given.start.ms + 999) / 1000 * 1000};  // Stripe counts whole seconds
  std::vector<Delivery> life;
  for (int number = 0; number < options.members; ++number) {
    const Member member = MakeMember(options, number);
    Random network = RandomOf(options, number, "network");
    for (Delivery& delivery : LifeOf(options, member)) {
      Send(options, network, std::move(delivery), life);
    }
  }
  // Members were added in order, so that ties fall the same way everywhere.
  std::stable_sort(life.begin(), life.end(),
                   [](const Delivery& a, const Delivery& b) { return a.at < b.at; });
  return life;
}

std::vector<Webhook> MakeStudioWebhooks(const Options& options) {
  std::vector<Webhook> webhooks;
  for (const Delivery& delivery : MakeStudioLife(options)) {
    webhooks.push_back(BodyOf(delivery));
  }
  return webhooks;
}

}  // namespace spotter::synthetic
