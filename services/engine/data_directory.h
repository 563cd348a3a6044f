// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/status.h"

namespace spotter::service {

// DIR/{engine.yaml, LOCK, shard-N/, deadletters/} of an engine, locked for this process.
class EngineDirectory {
 public:
  // FailedPrecondition: another process has it, or it was made for another topic or number of
  // partitions: a tenant's shard follows from that number, so its states would be of other tenants.
  static StatusOr<EngineDirectory> Open(const std::string& path, const std::string& log_topic,
                                        int32_t partitions);
  EngineDirectory(EngineDirectory&& other) noexcept;
  EngineDirectory& operator=(EngineDirectory&& other) noexcept;
  ~EngineDirectory();

  // "engine-3fa91c02": drawn when the directory was made. With the lock it is what an owner's name
  // has to be: no two processes have it at the same time.
  const std::string& name() const { return name_; }
  std::string StateOf(int32_t shard) const;
  std::string dead_letters() const { return path_ + "/deadletters"; }

 private:
  EngineDirectory() = default;
  std::string path_;
  std::string name_;
  int lock_ = -1;
};

}  // namespace spotter::service
