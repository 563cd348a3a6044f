// SPDX-License-Identifier: Apache-2.0
#include "access/principal.h"

#include <algorithm>

namespace spotter::access {
namespace {

constexpr Role kRoles[] = {Role::kPublisher, Role::kSubscriber, Role::kMarketer, Role::kAnalyst,
                           Role::kStaff,     Role::kAdmin,      Role::kOperator};
constexpr size_t kHashDigits = 64;

bool IsHash(std::string_view text) {
  return text.size() == kHashDigits && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

// Looks at every byte whatever it finds.
bool EqualInConstantTime(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  }
  return difference == 0;
}

Status ValidateEntry(const TokenEntry& entry) {
  const auto& [hash, principal] = entry;
  if (principal.name.empty()) return InvalidArgument("token entry: expected a principal's name");
  if (!IsHash(hash)) {
    return InvalidArgument("token of principal '{}': expected 64 lower-case hex digits of SHA-256",
                           principal.name);
  }
  if (principal.tenants.empty()) {
    return InvalidArgument("token of principal '{}': expected tenants, or '*'", principal.name);
  }
  if (principal.roles.empty()) {
    return InvalidArgument("token of principal '{}': expected roles", principal.name);
  }
  return OkStatus();
}

}  // namespace

std::string_view NameOf(Role role) {
  switch (role) {
    case Role::kPublisher:
      return "publisher";
    case Role::kSubscriber:
      return "subscriber";
    case Role::kMarketer:
      return "marketer";
    case Role::kAnalyst:
      return "analyst";
    case Role::kStaff:
      return "staff";
    case Role::kAdmin:
      return "admin";
    case Role::kOperator:
      return "operator";
  }
  return "unknown";
}

StatusOr<Role> ParseRole(std::string_view name) {
  std::string known;
  for (const Role role : kRoles) {
    if (name == NameOf(role)) return role;
    known += known.empty() ? "" : ", ";
    known += NameOf(role);
  }
  return InvalidArgument("role '{}': expected one of {}", name, known);
}

bool HasRole(const Principal& principal, Role role) {
  return std::find(principal.roles.begin(), principal.roles.end(), role) != principal.roles.end();
}

bool MayEnter(const Principal& principal, std::string_view tenant) {
  return std::any_of(
      principal.tenants.begin(), principal.tenants.end(),
      [tenant](const std::string& own) { return own == tenant || own == kEveryTenant; });
}

Principal LoopbackPrincipal() {
  return {"loopback", {"studio"}, {std::begin(kRoles), std::end(kRoles)}};
}

StatusOr<std::string> ResolveTenant(const Principal& principal,
                                    std::optional<std::string_view> requested) {
  if (requested && !requested->empty()) {
    if (MayEnter(principal, *requested)) return std::string(*requested);
    return PermissionDenied("principal '{}': tenant '{}' is not one of its tenants", principal.name,
                            *requested);
  }
  if (principal.tenants.size() == 1 && principal.tenants.front() != kEveryTenant) {
    return principal.tenants.front();
  }
  return InvalidArgument(
      "principal '{}' has several tenants: expected metadata spotter-tenant "
      "(spotterctl --tenant)",
      principal.name);
}

StatusOr<TokenTable> TokenTable::Make(std::vector<TokenEntry> entries) {
  for (size_t i = 0; i < entries.size(); ++i) {
    SPOTTER_RETURN_IF_ERROR(ValidateEntry(entries[i]));
    for (size_t j = 0; j < i; ++j) {
      if (entries[j].token_sha256 == entries[i].token_sha256) {
        return InvalidArgument("token of principal '{}': the same as that of '{}'",
                               entries[i].principal.name, entries[j].principal.name);
      }
    }
  }
  return TokenTable(std::move(entries));
}

StatusOr<Principal> TokenTable::Find(std::string_view token_sha256) const {
  const Principal* found = nullptr;
  for (const TokenEntry& entry : entries_) {
    if (EqualInConstantTime(entry.token_sha256, token_sha256)) found = &entry.principal;
  }
  if (found == nullptr) return Unauthenticated("expected a token of the token file");
  return *found;
}

}  // namespace spotter::access
