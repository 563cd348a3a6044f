// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "base/time.h"
#include "engine/owner.h"
#include "store/store.h"

namespace spotter::service {

// Asks some members of each tenant, again and again, whether their segments are right
// (api/self_check.h), and puts a segment that is not into quarantine by a command in the log.
// Thread safety: all methods from any thread.
class SegmentWatch {
 public:
  // `owner` outlives it. Zero `interval`: it does not look.
  SegmentWatch(const store::Store& store, engine::Owner& owner, Duration interval);
  ~SegmentWatch();
  void Stop();  // idempotent

  uint64_t checks() const { return checks_; }
  uint64_t divergences() const { return divergences_; }

 private:
  void Run(Duration interval);
  Status LookAt(const model::TenantId& tenant);

  const store::Store& store_;
  engine::Owner& owner_;
  std::atomic<uint64_t> checks_ = 0;
  std::atomic<uint64_t> divergences_ = 0;
  std::map<std::string, std::string> next_;  // by tenant; of the thread alone

  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::mutex join_mutex_;
  std::thread thread_;
};

}  // namespace spotter::service
