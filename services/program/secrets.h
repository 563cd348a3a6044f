// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>

#include "access/principal.h"
#include "control/directory.h"
#include "intake/tenant_directory.h"

namespace spotter::service {

// A YAML list: `- {principal: booking, token: T, tenants: [studio], roles: [publisher]}`; instead
// of `token` the file may hold `token_sha256`, its SHA-256 in hexadecimal. InvalidArgument names
// the entry.
StatusOr<access::TokenTable> ReadTokenFile(const std::string& path);

// Webhook secrets by (tenant, source): from a YAML file, `studio: {square: SECRET}`, and from the
// environment, SPOTTER_SECRET_STUDIO_SQUARE=SECRET, which wins.
class Secrets {
 public:
  static StatusOr<Secrets> Read(const std::string& path);  // "": the environment alone
  std::string Find(const std::string& tenant, const std::string& source) const;  // "" = none
  // The sources of a tenant that the file names.
  std::vector<std::string> SourcesOf(const std::string& tenant) const;
  bool empty() const { return by_tenant_.empty(); }

 private:
  std::map<std::string, std::map<std::string, std::string>> by_tenant_;
};

// What intake must know of tenants: the control log's entries joined with the secrets. Thread safe.
class KnownTenants final : public intake::TenantDirectory {
 public:
  KnownTenants(const control::Directory& directory, Secrets secrets)
      : directory_(directory), secrets_(std::move(secrets)) {}
  std::optional<intake::TenantInfo> Find(const model::TenantId& tenant) const override;

 private:
  const control::Directory& directory_;
  const Secrets secrets_;
};

}  // namespace spotter::service
