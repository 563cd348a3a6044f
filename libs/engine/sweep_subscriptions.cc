// SPDX-License-Identifier: Apache-2.0
//
// What is left of subscriptions that nobody came back to: sequences, a row per member, then the
// subscription itself. A round a day over the sequences, a bounded number of rows per Tick.
//
// A sequence goes only when nothing waits in it, so whoever creates the subscription again in the
// middle of a round finds each member's numbers begun anew or gone on, and never one twice at once.
#include "engine/shard_impl.h"

namespace spotter::engine {

using state::Table;

Status Shard::Impl::SweepSubscriptions() {
  state::Sweep& sweep = meta_.subscription_sweep;
  if (sweep.cursor.empty()) {
    if (meta_.shard_time < sweep.next) return OkStatus();
    sweep.next = meta_.shard_time + kHistorySweepInterval;
  }
  size_t budget = kSweepRowsPerTick;
  for (auto& [id, tenant] : tenants_) {
    const std::string prefix = state::TablePrefix(id, Table::kSequence);
    const std::string end = store::PrefixEnd(prefix);
    if (end <= sweep.cursor) continue;
    const std::string begin = std::max(sweep.cursor, prefix);
    SPOTTER_ASSIGN_OR_RETURN(sweep.cursor, SweepSequences(*tenant, begin, end, budget));
    if (sweep.cursor != end) return OkStatus();
    SPOTTER_RETURN_IF_ERROR(RemoveExpired(*tenant));  // a tenant has few
    // To look into a tenant is work too.
    if (budget <= tenant->subscriptions.size()) return OkStatus();
    budget -= tenant->subscriptions.size();
  }
  sweep.cursor.clear();
  return OkStatus();
}

// Who reads a subscription again within this time is told that it expired.
bool Shard::Impl::IsToGo(const model::Subscription& subscription) const {
  return subscription.has_expired() &&
         meta_.shard_time - subscription.expired_at >= kSubscriptionKeep;
}

// Removes sequences of [begin, end) that nobody needs; where to go on.
StatusOr<std::string> Shard::Impl::SweepSequences(Tenant& tenant, const std::string& begin,
                                                  const std::string& end, size_t& budget) {
  const size_t prefix = state::TablePrefix(IdOf(tenant), Table::kSequence).size();
  struct Found {
    std::string key;
    model::ProfileId profile;
    std::string subscription;
  };
  std::vector<Found> found;
  std::string next = end;
  SPOTTER_RETURN_IF_ERROR(
      overlay_.Scan(Family::kState, begin, end, [&](std::string_view key, std::string_view) {
        if (budget == 0) {
          next = key;
          return false;
        }
        budget--;
        Decoder in(key.substr(prefix));
        const model::ProfileId profile(in.Hash());
        std::string subscription(key.substr(prefix + sizeof(Hash128)));
        const auto reader = tenant.subscriptions.find(subscription);
        if (reader == tenant.subscriptions.end() || IsToGo(reader->second)) {
          found.push_back({std::string(key), profile, std::move(subscription)});
        }
        return true;
      }));
  for (Found& one : found) {
    const std::string entries = state::OutboxPrefix(IdOf(tenant), one.subscription, one.profile);
    SPOTTER_ASSIGN_OR_RETURN(const bool waits, HasEntries(entries));
    if (waits) continue;
    SPOTTER_RETURN_IF_ERROR(overlay_.DeleteHashed(IdOf(tenant), state::Element::kSequence,
                                                  Family::kState, std::move(one.key)));
  }
  return next;
}

StatusOr<bool> Shard::Impl::HasEntries(const std::string& prefix) {
  bool found = false;
  SPOTTER_RETURN_IF_ERROR(overlay_.Scan(Family::kOutbox, prefix, store::PrefixEnd(prefix),
                                        [&](std::string_view, std::string_view) {
                                          found = true;
                                          return false;
                                        }));
  return found;
}

Status Shard::Impl::RemoveExpired(Tenant& tenant) {
  std::vector<model::Subscription> gone;
  for (const auto& [id, subscription] : tenant.subscriptions) {
    if (!IsToGo(subscription)) continue;
    SPOTTER_ASSIGN_OR_RETURN(const bool waits,
                             HasEntries(state::OutboxSubscriptionPrefix(IdOf(tenant), id)));
    if (!waits) gone.push_back(subscription);
  }
  for (const model::Subscription& one : gone) {
    tenant.subscriptions.erase(one.id);
    SPOTTER_RETURN_IF_ERROR(
        overlay_.DeleteHashed(IdOf(tenant), state::Element::kDefinition, Family::kState,
                              state::Key(IdOf(tenant), Table::kSubscription, one.id)));
    // A later one of that name must not be taken for this one.
    tenant.progress.epochs = std::max(tenant.progress.epochs, one.epoch);
    SPOTTER_RETURN_IF_ERROR(SaveProgress(tenant));
    SPOTTER_RETURN_IF_ERROR(Audit(
        tenant, "",
        fmt::format("subscription {} removed: expired at {}", one.id, FormatTime(one.expired_at))));
  }
  return OkStatus();
}

}  // namespace spotter::engine
