// SPDX-License-Identifier: Apache-2.0
//
// Carries tenants from shard to shard. Each owner of a shard has one: it reads what the directory
// and its own shard's state say, and appends the next record. It keeps nothing that it could lose:
// whoever owns the shard next does the same step again, and the shards pass over what they have
// seen (docs/adr/0030-tenant-moves.md).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "control/directory.h"
#include "log/log.h"
#include "state/rows.h"
#include "store/store.h"

namespace spotter::engine {

// What it stands on; outlives it.
struct MoverPorts {
  int32_t shard = 0;
  const store::Store& store;
  log::Log& log;  // of this shard
  control::Directory& directory;
  // The log of another shard, to append to.
  std::function<StatusOr<std::shared_ptr<log::Log>>(int32_t shard)> log_of;
  // Whether this process owns the shard and may deliver; false also while it stops.
  std::function<bool()> may_act;
  std::function<int64_t()> generation;  // of its claim
  // Deliveries of the tenant end; returns how many are still out on lease.
  std::function<size_t(const model::TenantId& tenant)> hold;
  // Unavailable: the shard has no owner that could take the tenant in, and why. Empty: not asked.
  std::function<Status(int32_t shard)> check_owner;
  Duration drain{0};        // how long leases that are out are waited for
  const Clock& boot_clock;  // measures it
};

// Thread safety: Step() from one thread; the others from any.
class TenantMover {
 public:
  explicit TenantMover(MoverPorts ports) : ports_(std::move(ports)) {}

  // Does what is due of every move that this shard has to do with. Ok also where nothing was.
  // Otherwise the first error; what failed is tried again by the next Step.
  Status Step();

  // Begins a move and returns its placement. InvalidArgument: there is no such shard. NotFound: the
  // tenant does not live here. FailedPrecondition: it is there already, or on its way. Unavailable:
  // nobody there would take it in, or this process may not act now.
  StatusOr<model::PlaceTenant> Begin(const model::TenantId& tenant, int32_t to_shard);

  // Rows of the tenant that were sent in this process; of which move, and whether that was all.
  struct Sent {
    int64_t revision = 0;
    uint64_t rows = 0;
    bool is_all = false;
    std::string problem;  // why the newest attempt ended; "" = it did not
  };
  Sent SentOf(const model::TenantId& tenant) const;

 private:
  using TenantId = model::TenantId;
  using Move = state::TenantMove;

  Status Leave(const model::PlaceTenant& place);
  Status Correct(model::PlaceTenant place, const Move& move);
  Status Export(const TenantId& tenant, const Move& move);
  Status ExportRows(const TenantId& tenant, const Move& move, log::Log& log,
                    model::ImportTenant& part);
  Status Answer(const TenantId& tenant, const Move& move);
  Status ClearUp(const TenantId& tenant, const Move& move);
  Status Forward(const TenantId& tenant, const Move& move);
  Status AppendOwn(const TenantId& tenant, int64_t revision, const model::LogRecord& record);
  void Note(const TenantId& tenant, const std::function<void(Sent&)>& change);

  const MoverPorts ports_;
  std::mutex begin_mutex_;
  int64_t attempts_ = 0;
  std::map<TenantId, EventTime> held_since_;
  // What was appended to the own log last and is not seen in the state yet: kind, move, and when.
  struct Own {
    size_t kind = 0;
    int64_t revision = 0;
    EventTime at;
  };
  std::map<TenantId, Own> own_;
  std::map<TenantId, std::pair<int64_t, int64_t>> forwarded_;  // move, offset
  mutable std::mutex mutex_;
  std::map<TenantId, Sent> sent_;
};

}  // namespace spotter::engine
