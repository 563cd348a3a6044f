// SPDX-License-Identifier: Apache-2.0
#include "control/announce_tenant.h"

namespace spotter::control {

Status AnnounceTenant(Directory& directory, const model::TenantSettings& settings) {
  const std::optional<model::TenantEntry> known = directory.Find(settings.id);
  model::TenantEntry entry{.tenant = settings.id, .kind = settings.kind, .region = settings.region};
  for (const model::SourceDeclaration& source : settings.sources) {
    entry.sources.push_back({.name = source.name, .site = source.site});
  }
  if (known.has_value()) {  // topics are not settings of the tenant: who set them keeps them
    for (model::TenantSource& source : entry.sources) {
      for (const model::TenantSource& before : known->sources) {
        if (before.name == source.name) source.topics = before.topics;
      }
    }
  }
  if (!directory.PlacedAt(settings.id).has_value()) {
    SPOTTER_RETURN_IF_ERROR(directory.Append(
        model::PlaceTenant{.tenant = settings.id, .shard = directory.ShardOf(settings.id)}));
  }
  if (known == entry) return OkStatus();
  return directory.Append(entry);
}

}  // namespace spotter::control
