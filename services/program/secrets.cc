// SPDX-License-Identifier: Apache-2.0
#include "services/program/secrets.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <set>

#include "services/program/host.h"
#include "services/program/suggest.h"

namespace spotter::service {
namespace {

StatusOr<YAML::Node> LoadYaml(const std::string& path) {
  SPOTTER_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  try {
    return YAML::Load(text);
  } catch (const YAML::Exception& error) {
    return InvalidArgument("file '{}': {}", path, error.what());
  }
}

StatusOr<access::TokenEntry> ReadEntry(const YAML::Node& node) {
  access::TokenEntry entry;
  for (const auto& item : node) {
    const auto key = item.first.as<std::string>();
    if (key == "principal") {
      entry.principal.name = item.second.as<std::string>();
    } else if (key == "token") {
      entry.token_sha256 = Sha256Hex(item.second.as<std::string>());
    } else if (key == "token_sha256") {
      entry.token_sha256 = item.second.as<std::string>();
    } else if (key == "tenants") {
      entry.principal.tenants = item.second.as<std::vector<std::string>>();
    } else if (key == "roles") {
      for (const auto& name : item.second.as<std::vector<std::string>>()) {
        SPOTTER_ASSIGN_OR_RETURN(const access::Role role, access::ParseRole(name));
        entry.principal.roles.push_back(role);
      }
    } else {
      return InvalidArgument(
          "unknown key '{}'{}", key,
          DidYouMean(key, {"principal", "token", "token_sha256", "tenants", "roles"}));
    }
  }
  return entry;
}

std::string VariableName(const std::string& tenant, const std::string& source) {
  std::string name = "SPOTTER_SECRET_" + tenant + "_" + source;
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
    return std::isalnum(c) != 0 ? static_cast<char>(std::toupper(c)) : '_';
  });
  return name;
}

}  // namespace

StatusOr<access::TokenTable> ReadTokenFile(const std::string& path) {
  SPOTTER_ASSIGN_OR_RETURN(const YAML::Node root, LoadYaml(path));
  if (!root.IsSequence()) return InvalidArgument("token file '{}': expected a list", path);
  std::vector<access::TokenEntry> entries;
  for (size_t i = 0; i < root.size(); ++i) {
    try {
      StatusOr<access::TokenEntry> entry = ReadEntry(root[i]);
      if (!entry.ok()) {
        return InvalidArgument("token file '{}': entry {}: {}", path, i + 1,
                               MessageOf(entry.status()));
      }
      entries.push_back(*std::move(entry));
    } catch (const YAML::Exception& error) {
      return InvalidArgument("token file '{}': entry {}: {}", path, i + 1, error.what());
    }
  }
  return access::TokenTable::Make(std::move(entries));
}

StatusOr<Secrets> Secrets::Read(const std::string& path) {
  Secrets secrets;
  if (path.empty()) return secrets;
  SPOTTER_ASSIGN_OR_RETURN(const YAML::Node root, LoadYaml(path));
  try {
    secrets.by_tenant_ = root.as<std::map<std::string, std::map<std::string, std::string>>>();
  } catch (const YAML::Exception&) {
    return InvalidArgument("secrets file '{}': expected `tenant: {{source: secret}}`", path);
  }
  return secrets;
}

std::string Secrets::Find(const std::string& tenant, const std::string& source) const {
  if (const char* value = std::getenv(VariableName(tenant, source).c_str())) return value;
  const auto sources = by_tenant_.find(tenant);
  if (sources == by_tenant_.end()) return "";
  const auto secret = sources->second.find(source);
  return secret == sources->second.end() ? "" : secret->second;
}

std::vector<std::string> Secrets::SourcesOf(const std::string& tenant) const {
  std::vector<std::string> names = {"square", "stripe"};  // whose webhooks we read undeclared
  if (const auto sources = by_tenant_.find(tenant); sources != by_tenant_.end()) {
    for (const auto& [name, secret] : sources->second) names.push_back(name);
  }
  return names;
}

std::optional<intake::TenantInfo> KnownTenants::Find(const model::TenantId& tenant) const {
  const std::optional<model::TenantEntry> entry = directory_.Find(tenant);
  if (!entry.has_value()) return std::nullopt;
  intake::TenantInfo info{
      .kind = entry->kind, .region = entry->region, .is_moving = directory_.IsMoving(tenant)};
  std::set<std::string> named;
  const auto add = [&](const std::string& name, const std::string& site) {
    if (!named.insert(name).second) return;
    info.sources.push_back(
        {.name = name, .site = site, .webhook_secret = secrets_.Find(tenant.value(), name)});
  };
  for (const model::TenantSource& source : entry->sources) add(source.name, source.site);
  for (const std::string& name : secrets_.SourcesOf(tenant.value())) add(name, "");
  return info;
}

}  // namespace spotter::service
