// SPDX-License-Identifier: Apache-2.0
#include "engine/tenant_zones.h"

#include <vector>

#include "segment/names.h"

namespace spotter::engine {

std::optional<segment::ZoneOffset> TenantZones::OffsetAt(std::string_view zone,
                                                         EventTime at) const {
  const auto rules = rules_.find(zone);
  if (rules == rules_.end()) return std::nullopt;
  const govern::Zone::Offset offset = rules->second.OffsetAt(at);
  return segment::ZoneOffset{.seconds = offset.seconds, .from = offset.from, .to = offset.to};
}

std::string_view TenantZones::ZoneOf(const model::MemberView& member) const {
  for (const std::string_view zone : {member.Text(model::AttributeId::time_zone), tenant_zone_}) {
    if (zone == "UTC" || rules_.contains(zone)) return zone;
  }
  return "";
}

Status CheckZones(const segment::Dependencies& dependencies, const ZoneRules& rules) {
  for (const segment::NamedZone& zone : dependencies.zones) {
    if (rules.contains(zone.name)) continue;
    std::vector<std::string_view> known = {"UTC"};
    for (const auto& [name, one] : rules) known.push_back(name);
    const std::string hint = segment::Suggestion(zone.name, known);
    return InvalidArgument(
        "unknown time zone '{}' at {}:{}; {}", zone.name, zone.line, zone.column,
        hint.empty() ? "the log has no rules of it, AdminService.PutZoneRules puts them there"
                     : hint);
  }
  return OkStatus();
}

}  // namespace spotter::engine
