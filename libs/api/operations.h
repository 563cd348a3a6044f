// SPDX-License-Identifier: Apache-2.0
//
// What the services ask of the program around them: files, clocks, chance. `services` implement it.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "model/ids.h"

namespace spotter::api {

struct SnapshotInfo {
  std::string name;
  std::string path;
  int64_t offset = 0;
  uint32_t logic_version = 0;
  std::string state_hash;
  EventTime taken_at;
  int64_t bytes = 0;
};

struct BarrierInfo {
  int64_t offset = 0;
  uint32_t logic_version = 0;  // 0: taken back
};

// How far a tenant's move is; in the order of its way.
enum class MoveStep : uint8_t {
  kNone = 0,
  kClosing = 1,    // nothing new enters its log; leases are waited for
  kCopying = 2,    // it stands still
  kArriving = 3,   // all is copied
  kMoved = 4,      // it lives on the other shard
  kTakenBack = 5,  // it stays where it was
};
struct TenantMoveInfo {
  MoveStep step = MoveStep::kNone;
  int64_t revision = 0;
  int from_shard = 0;
  int to_shard = 0;
  uint64_t rows = 0;
  std::string hash;  // of a tenant that has moved
  std::string note;
};

// Of one shard. Thread safety: all methods from any thread.
class ShardOperations {
 public:
  virtual ~ShardOperations() = default;
  virtual StatusOr<SnapshotInfo> TakeSnapshot() = 0;
  virtual StatusOr<std::vector<SnapshotInfo>> ListSnapshots() = 0;  // newest first
  // FailedPrecondition: applied already. Holds after the next start.
  virtual Status SkipOffset(int64_t offset, std::string reason) = 0;
  // A barrier at the log's end, for `logic_version` (0: the next); the shard stops there. The
  // binary's own version takes back what the shard has not passed, after the next start.
  // FailedPrecondition: there is none to take back, or it stands still. InvalidArgument: an earlier
  // version.
  virtual StatusOr<BarrierInfo> WriteBarrier(uint32_t logic_version) = 0;
  // Why the shard stands still, or "".
  virtual std::string problem() const = 0;
};

// Of the program. Thread safety: all methods from any thread.
class Operations {
 public:
  virtual ~Operations() = default;
  // Moves the virtual clock and waits until the shards have followed. FailedPrecondition: there is
  // none. Returns whether the wall clock is reached.
  virtual StatusOr<bool> AdvanceTime(EventTime to) = 0;
  // The rules of an IANA zone on this host. NotFound: it has none.
  virtual StatusOr<std::string> ZoneRules(const std::string& zone) = 0;
  virtual std::string RandomBytes(size_t size) = 0;
  // Makes this process the owner of a shard, whoever has it now: returns the generation of its
  // claim once it is in force. Without an error as well where it is the owner already.
  virtual StatusOr<int64_t> TakeShard(int shard) = 0;
  // Closes a shard; nobody has it then until another process takes it.
  virtual Status ReleaseShard(int shard) = 0;
  // Begins to move a tenant that lives on a shard of this process. FailedPrecondition: it is there,
  // or on its way; or the program has one shard. Unavailable: nobody owns the other shard.
  virtual StatusOr<TenantMoveInfo> MoveTenant(const model::TenantId& tenant, int to_shard) = 0;
  virtual StatusOr<TenantMoveInfo> TenantMoveOf(const model::TenantId& tenant) = 0;
  virtual std::string version() const = 0;
};

}  // namespace spotter::api
