// SPDX-License-Identifier: Apache-2.0
//
// Where a call goes: by the caller's tenant, or by what the request names where no tenant calls.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "api/gate.h"
#include "control/directory.h"

namespace spotter::service {

struct Route {
  std::string address;  // HOST:PORT
  int32_t shard = -1;   // -1: it does not matter which
};

// Thread safety: all methods from any thread.
class Routes {
 public:
  // `ingest`: addresses that take IngestService; none: the owners of the tenants' shards do.
  Routes(const control::Directory& directory, std::vector<std::string> ingest)
      : directory_(directory), ingest_(std::move(ingest)) {}

  // `method` is "ActionService/PullActions". `request` gives the bytes of the first message; it is
  // asked only where the caller's tenant does not say where to go: for the tenant of CreateTenant,
  // UpdateTenant, MoveTenant and GetTenantMove, for the shard of what concerns a shard as a whole.
  // A tenant that is being moved is still its old shard's, which says how far it serves.
  // Unavailable (api::Elsewhere): nobody owns the shard now.
  StatusOr<Route> Find(std::string_view method, const api::Caller& caller,
                       const std::function<std::string()>& request) const;
  // Any engine, never ingest, which knows one service alone; for reflection.
  StatusOr<Route> FindAny() const;

  // Whether the tenant's calls go to another shard than this one now.
  bool HasLeft(const model::TenantId& tenant, int32_t shard) const;
  // The address of a shard's owner now; "" = it has none.
  std::string OwnerOf(int32_t shard) const;
  // The addresses that calls may go to now.
  std::vector<std::string> Addresses() const;

 private:
  StatusOr<Route> ToShard(int32_t shard, std::string_view what) const;
  StatusOr<Route> ToTenant(const model::TenantId& tenant) const;
  template <typename Request>
  StatusOr<Route> ToTenantIn(std::string_view method, const std::string& bytes) const;
  template <typename Request>
  StatusOr<Route> ToTenantNamed(std::string_view method, const std::string& bytes) const;

  const control::Directory& directory_;
  const std::vector<std::string> ingest_;
  mutable std::atomic<size_t> next_ingest_ = 0;
};

// Whether a method is one request and one answer; false also for one that is unknown.
bool IsUnary(std::string_view method);

}  // namespace spotter::service
