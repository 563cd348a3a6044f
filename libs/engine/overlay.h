// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "state/state_hash.h"
#include "store/store.h"

namespace spotter::engine {

// The store as it will be after the current batch: what the batch wrote lies over what is
// committed, so that a record sees the writes of the record before it whatever the batch size.
// Keeps the state hash of the rows it writes.
class Overlay {
 public:
  Overlay(const store::Store& store, state::StateHash& hash) : store_(store), hash_(hash) {}

  StatusOr<std::optional<std::string>> Get(store::Family family, std::string_view key) const;
  // Visits [begin, end) in key order until `visit` is false. `visit` must not write.
  Status Scan(store::Family family, std::string_view begin, std::string_view end,
              const store::Store::Visit& visit) const;

  // Rows that are hash elements as they stand (state::KindOfStateRow, outbox rows).
  Status PutHashed(std::string_view tenant, state::Element element, store::Family family,
                   std::string key, std::string value);
  // The same for a key that was never there: an element is added, nothing is looked up.
  void AddHashed(std::string_view tenant, state::Element element, store::Family family,
                 std::string key, std::string value);
  Status DeleteHashed(std::string_view tenant, state::Element element, store::Family family,
                      std::string key);
  // Rows that are not: indexes, timers, and profiles (which are hashed by element).
  void Put(store::Family family, std::string key, std::string value);
  void Delete(store::Family family, std::string key);
  // Takes back what was written to keys before `end`.
  void ForgetBefore(store::Family family, std::string_view end);

  // Moves all writes into `batch`.
  void Flush(store::WriteBatch& batch);

 private:
  using Writes = std::map<std::string, std::optional<std::string>, std::less<>>;
  const store::Store& store_;
  state::StateHash& hash_;
  std::array<Writes, store::kFamilies> writes_;
};

}  // namespace spotter::engine
