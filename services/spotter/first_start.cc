// SPDX-License-Identifier: Apache-2.0
#include "services/spotter/first_start.h"

#include "base/log_message.h"
#include "control/announce_tenant.h"
#include "engine/queries.h"
#include "services/program/host.h"

namespace spotter::service {
namespace {

constexpr Duration kTimeout = Minutes(1);
constexpr const char* kStudio = "studio";

}  // namespace

// Request ids make it safe to be killed between the steps and to start again.
Status CreateStudio(engine::Owner& owner, const store::Store& store, const std::string& zone) {
  const model::TenantId id{kStudio};
  SPOTTER_ASSIGN_OR_RETURN(const auto existing, engine::FindTenant(store, id));
  std::string time_zone = zone;
  if (!existing.has_value()) {
    // Another zone could not be had later by naming it: the tenant would be there.
    if (const auto rules = ReadZoneRules(zone); !rules.ok()) {
      return InvalidArgument("time-zone: {}", MessageOf(rules.status()));
    }
    const model::TenantSettings settings{.id = id,
                                         .kind = model::TenantKind::kStudio,
                                         .title = "Studio",
                                         .region = "US",
                                         .time_zone = time_zone,
                                         .suppression_key = RandomBytes(32)};
    SPOTTER_RETURN_IF_ERROR(owner
                                .Submit({.request_id = "create-studio",
                                         .tenant = id,
                                         .principal = "spotter",
                                         .what = model::PutTenant{settings}},
                                        kTimeout)
                                .status());
    LogInfo("tenant created, tenant={} time_zone={}", kStudio, time_zone);
  } else {
    time_zone = existing->time_zone;
  }
  SPOTTER_ASSIGN_OR_RETURN(const auto stored, engine::FindZoneRules(store, id, time_zone));
  if (stored.has_value()) return OkStatus();
  const StatusOr<std::string> rules = ReadZoneRules(time_zone);
  if (!rules.ok()) {
    LogWarn("zone rules not put, reason=\"{}\"", MessageOf(rules.status()));
    return OkStatus();
  }
  return owner
      .Submit({.request_id = "create-studio-zone",
               .tenant = id,
               .principal = "spotter",
               .what = model::PutZoneRules{.zone = time_zone, .tzif = *rules}},
              kTimeout)
      .status();
}

Status AnnounceTenants(const store::Store& store, control::Directory& directory) {
  SPOTTER_ASSIGN_OR_RETURN(const auto tenants, engine::ListTenants(store));
  for (const model::TenantSettings& tenant : tenants) {
    SPOTTER_RETURN_IF_ERROR(control::AnnounceTenant(directory, tenant));
  }
  return OkStatus();
}

}  // namespace spotter::service
