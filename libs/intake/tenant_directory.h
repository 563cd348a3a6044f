// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/definition.h"

namespace spotter::intake {

struct SourceInfo {
  std::string name;            // "square"; as in the webhook's address
  std::string site;            // of events that name none
  std::string webhook_secret;  // "" = none is set; from a file or the environment, never the log
};

struct TenantInfo {
  model::TenantKind kind = model::TenantKind::kStudio;
  std::string region = "US";
  std::vector<SourceInfo> sources;
  bool is_moving = false;  // to another shard: nothing of it is taken until it is there

  const SourceInfo* FindSource(std::string_view name) const {
    for (const SourceInfo& source : sources) {
      if (source.name == name) return &source;
    }
    return nullptr;
  }
};

// What intake must know of tenants. Thread safety: any thread, and it is asked for every request.
class TenantDirectory {
 public:
  virtual ~TenantDirectory() = default;
  // nullopt: there is no such tenant.
  virtual std::optional<TenantInfo> Find(const model::TenantId& tenant) const = 0;
};

}  // namespace spotter::intake
