// SPDX-License-Identifier: Apache-2.0
#include "api/tenant_settings.h"

#include <algorithm>
#include <utility>

#include "wire/definition_proto.h"

namespace spotter::api {
namespace {

constexpr int kSmsPerWeekMax = 100;
constexpr int kMinutesOfDay = 24 * 60;

}  // namespace

Status CheckSettings(const model::TenantSettings& settings) {
  if (settings.sms_per_week < 0 || settings.sms_per_week > kSmsPerWeekMax) {
    return InvalidArgument("tenant '{}': sms_per_week {}: expected 0 to {}", settings.id.value(),
                           settings.sms_per_week, kSmsPerWeekMax);
  }
  for (const auto& [name, minute] :
       {std::pair("quiet_from_minute", settings.quiet_from_minute),
        std::pair("quiet_until_minute", settings.quiet_until_minute)}) {
    if (minute >= 0 && minute < kMinutesOfDay) continue;
    return InvalidArgument("tenant '{}': {} {}: expected a minute of the day, 0 to {}",
                           settings.id.value(), name, minute, kMinutesOfDay - 1);
  }
  return OkStatus();
}

StatusOr<model::TenantSettings> Amend(const model::TenantSettings& standing,
                                      const v1::Tenant& given) {
  v1::Tenant scalars = given;
  scalars.clear_sources();
  v1::Tenant merged = wire::ToTenant(standing);
  merged.MergeFrom(scalars);
  for (const v1::SourceDeclaration& source : given.sources()) {
    const auto same =
        std::find_if(merged.mutable_sources()->begin(), merged.mutable_sources()->end(),
                     [&](const auto& one) { return one.name() == source.name(); });
    *(same != merged.mutable_sources()->end() ? &*same : merged.add_sources()) = source;
  }
  SPOTTER_ASSIGN_OR_RETURN(model::TenantSettings amended, wire::FromProto(merged));
  amended.suppression_key = standing.suppression_key;
  return amended;
}

bool SameSettings(const model::TenantSettings& a, const model::TenantSettings& b) {
  return wire::ToTenant(a).SerializeAsString() == wire::ToTenant(b).SerializeAsString();
}

}  // namespace spotter::api
