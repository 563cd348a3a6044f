// SPDX-License-Identifier: Apache-2.0
//
// Who is calling. The tenant of a call comes from here (or from a verified webhook's address),
// never from a message's body.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace spotter::access {

enum class Role : uint8_t {
  kPublisher,   // a booking system: publishes events
  kSubscriber,  // an orchestrator: pulls and settles actions
  kMarketer,    // owns journeys
  kAnalyst,     // owns segments, reads
  kStaff,       // front desk and trainers: people, notes, opt-outs
  kAdmin,       // the tenant's owner
  kOperator     // runs the program: tenants, snapshots, time; sees no member by this role
};
std::string_view NameOf(Role role);               // "publisher", ...
StatusOr<Role> ParseRole(std::string_view name);  // InvalidArgument names the roles there are

inline constexpr std::string_view kEveryTenant = "*";

struct Principal {
  std::string name;
  std::vector<std::string> tenants;  // ids, or kEveryTenant
  std::vector<Role> roles;
  friend bool operator==(const Principal&, const Principal&) = default;
};

bool HasRole(const Principal& principal, Role role);
bool MayEnter(const Principal& principal, std::string_view tenant);

// Who calls from this machine when there is no token file: everything, in tenant `studio`.
Principal LoopbackPrincipal();

// The tenant of a call: the requested one if it is the principal's (else PermissionDenied); without
// a request the principal's only one (InvalidArgument if there are several).
StatusOr<std::string> ResolveTenant(const Principal& principal,
                                    std::optional<std::string_view> requested);

struct TokenEntry {
  std::string token_sha256;  // 64 lower-case hex digits; the token itself is never kept
  Principal principal;
};

// The token file, checked. Immutable, so any thread may ask.
class TokenTable {
 public:
  // InvalidArgument names the first bad entry: a malformed or repeated hash, no name, no tenant or
  // no role.
  static StatusOr<TokenTable> Make(std::vector<TokenEntry> entries);
  // Unauthenticated if no entry has this hash. The time taken does not depend on how much of the
  // hash is right.
  StatusOr<Principal> Find(std::string_view token_sha256) const;

 private:
  explicit TokenTable(std::vector<TokenEntry> entries) : entries_(std::move(entries)) {}
  std::vector<TokenEntry> entries_;
};

}  // namespace spotter::access
