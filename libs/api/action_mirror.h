// SPDX-License-Identifier: Apache-2.0
//
// Copies what one subscription delivers to a topic of the platform's own. The mirror is a
// subscriber like any other: it pulls, and acknowledges what is durable in the topic. So an action
// is there at the instant at which it may go out, at least once (the same action id, seldom twice),
// the entries of one member in their order in one partition, and a topic that is away holds up
// nothing but the mirror.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "api/shards.h"

namespace spotter::api {

struct MirrorOptions {
  std::string subscription = "mirror";  // of every tenant that has one of this name
  size_t pull_max = 200;
  size_t pulls_max = 10;  // of one tenant before the next has its turn
  Duration interval = std::chrono::milliseconds(250);
};

// Thread safety: all methods from any thread.
class ActionMirror {
 public:
  // `topic`: one log a partition. Both outlive it.
  ActionMirror(const ShardPorts& shard, const std::vector<std::shared_ptr<log::Log>>& topic,
               MirrorOptions options);
  ~ActionMirror();  // waits for the round under way

  uint64_t mirrored() const { return mirrored_; }
  std::string problem() const;  // why the last round did not end well, or ""

  // The key of a record: its member.
  static std::string KeyOf(std::string_view record);

 private:
  void Run();
  Status MirrorAll();
  Status Mirror(const model::TenantId& tenant);
  Status Append(const model::TenantId& tenant, const std::vector<engine::Lease>& leases);

  const ShardPorts& shard_;
  const std::vector<std::shared_ptr<log::Log>>& topic_;
  const MirrorOptions options_;
  std::atomic<uint64_t> mirrored_ = 0;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::string problem_;
  std::thread thread_;
};

}  // namespace spotter::api
