// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>

#include "access/principal.h"
#include "api/shards.h"
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

// What intake must know of tenants, from the settings in its shard's state. Thread safe.
class StoredTenants final : public intake::TenantDirectory {
 public:
  StoredTenants(const api::Shards& shards, Secrets secrets)
      : shards_(shards), secrets_(std::move(secrets)) {}
  std::optional<intake::TenantInfo> Find(const model::TenantId& tenant) const override;

 private:
  const api::Shards& shards_;
  const Secrets secrets_;
};

}  // namespace spotter::service
