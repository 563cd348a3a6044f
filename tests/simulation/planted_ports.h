// SPDX-License-Identifier: Apache-2.0
//
// Ports between the shard and the in-memory log and store: they count writes, crash at a chosen
// one, and, if asked to, carry a planted fault.
#pragma once

#include <map>
#include <stdexcept>

#include "log/in_memory_log.h"
#include "simulation/simulation.h"
#include "store/in_memory_store.h"

namespace spotter::simulation {

struct Crash : std::runtime_error {
  Crash() : std::runtime_error("crash") {}
};

// Counts writes and throws Crash at the chosen one, before it happens.
class CrashPoint {
 public:
  explicit CrashPoint(int64_t at) : at_(at) {}
  void BeforeWrite() {
    if (++writes_ == at_) throw Crash();
  }
  int64_t writes() const { return writes_; }

 private:
  int64_t at_;
  int64_t writes_ = 0;
};

class SimulatedStore final : public store::Store {
 public:
  SimulatedStore(store::InMemoryStore& inner, CrashPoint& crash, Plant plant)
      : inner_(inner), crash_(crash), plant_(plant) {}

  StatusOr<std::optional<std::string>> Get(store::Family family,
                                           std::string_view key) const override;
  Status Scan(store::Family family, std::string_view begin, std::string_view end,
              const Visit& visit) const override;
  StatusOr<std::unique_ptr<store::Reader>> View() const override { return inner_.View(); }
  Status Commit(const store::WriteBatch& batch) override;
  Status Sync() override;
  Status Reopen() override { return inner_.Reopen(); }
  Status Checkpoint(const std::string& path) override { return inner_.Checkpoint(path); }

 private:
  Status CommitInner(const store::WriteBatch& batch);
  store::InMemoryStore& inner_;
  CrashPoint& crash_;
  Plant plant_;
  std::map<std::string, std::string, std::less<>> sequences_;  // kSequenceFromMemory
};

// Reads what the shard may read, with the planted faults of reading.
Status ReadBatch(const log::InMemoryLog& log, std::vector<log::Record>& undurable, Plant plant,
                 int64_t from, size_t max_records, std::vector<log::Record>& records);

}  // namespace spotter::simulation
