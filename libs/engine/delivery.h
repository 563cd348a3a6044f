// SPDX-License-Identifier: Apache-2.0
//
// The port through which decided actions leave: `dispatch` implements it, `api` serves it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "model/action.h"
#include "model/ids.h"

namespace spotter::engine {

// An entry handed out until `expires_at`; unless settled or extended by then it comes again.
struct Lease {
  model::OutboxEntry entry;
  std::string token;  // settles this delivery; another attempt has another token
  int32_t attempt = 1;
  EventTime expires_at;
};

enum class SettleWish : uint8_t { kAck, kReject, kRetry, kExtend };

struct SettleRequest {
  std::string token;
  SettleWish wish = SettleWish::kAck;
  Duration delay{0};   // of a retry: not before; of an extend: the new deadline from now
  std::string reason;  // of a reject
};

struct SettleResult {
  std::string token;
  // "" = done. LEASE_EXPIRED: it may be with somebody else by now. LEASE_FENCED: of an older owner
  // or of an entry that has changed since. LEASE_UNKNOWN: never handed out here.
  std::string refusal;
};

struct QueueStatus {
  size_t waiting = 0;  // entries not settled
  size_t leased = 0;
};

// Thread safety: all methods from any thread.
class Delivery {
 public:
  virtual ~Delivery() = default;

  // Leases up to `max` entries, at most one per member, oldest first; waits up to `wait` (wall
  // time) for the first. NotFound: the tenant has no such subscription. Unavailable: deliveries
  // have not begun (the shard is catching up) or have stopped, or this process is not the one that
  // may deliver now (at the end of `wait`; at once when another took the shard over).
  virtual StatusOr<std::vector<Lease>> Pull(const model::TenantId& tenant,
                                            std::string_view subscription, size_t max,
                                            Duration ack_deadline, Duration wait) = 0;

  // Returns once acks and rejects are durable and applied: such an entry never comes again.
  virtual StatusOr<std::vector<SettleResult>> Settle(const model::TenantId& tenant,
                                                     std::string_view subscription,
                                                     std::string_view principal,
                                                     std::span<const SettleRequest> requests) = 0;

  virtual QueueStatus StatusOf(const model::TenantId& tenant,
                               std::string_view subscription) const = 0;
};

}  // namespace spotter::engine
