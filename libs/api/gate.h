// SPDX-License-Identifier: Apache-2.0
//
// The one door of every RPC: who calls, for which tenant, and whether that is allowed.
#pragma once

#include <grpcpp/server_context.h>

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "access/authorize.h"
#include "access/principal.h"
#include "api/grpc_status.h"
#include "model/ids.h"

namespace spotter::api {

struct Caller {
  access::Principal principal;
  model::TenantId tenant;  // empty only for program-wide operations of a caller with several
};

// "ActionService/PullActions" -> what it is allowed by; nullopt: no such RPC.
std::optional<access::Operation> OperationOf(std::string_view method);

// Thread safety: all methods from any thread.
class Gate {
 public:
  // Without `tokens` every caller is the loopback principal. `sha256_hex` hashes a token.
  Gate(const access::TokenTable* tokens, std::function<std::string(std::string_view)> sha256_hex);

  // Runs `serve` if the caller may do what `method` is, and counts the call by its result.
  grpc::Status Serve(grpc::ServerContext& context, std::string_view method,
                     const std::function<Status(const Caller&)>& serve);

  // The same in two steps, for a stream: who calls, and later the result.
  StatusOr<Caller> Admit(const grpc::ServerContextBase& context, std::string_view method) const;
  void Count(std::string_view method, const Status& status);

  // Calls so far by (method, code); of each method at least those that went well.
  std::map<std::pair<std::string, int>, uint64_t> counts() const;

 private:
  StatusOr<access::Principal> Authenticate(const grpc::ServerContextBase& context) const;

  const access::TokenTable* const tokens_;
  const std::function<std::string(std::string_view)> sha256_hex_;
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, int>, uint64_t> counts_;
};

}  // namespace spotter::api
