// SPDX-License-Identifier: Apache-2.0
//
// The time zones of a tenant, as its records say they are (docs/adr/0008, 0033).
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "govern/zone.h"
#include "segment/expression.h"

namespace spotter::engine {

using ZoneRules = std::map<std::string, govern::Zone, std::less<>>;

// Borrows both. The member's own zone counts if its rules are known, else the tenant's.
class TenantZones final : public segment::ZoneLookup {
 public:
  TenantZones(const ZoneRules& rules, std::string_view tenant_zone)
      : rules_(rules), tenant_zone_(tenant_zone) {}
  std::optional<segment::ZoneOffset> OffsetAt(std::string_view zone, EventTime at) const override;
  std::string_view ZoneOf(const model::MemberView& member) const override;

 private:
  const ZoneRules& rules_;
  const std::string_view tenant_zone_;
};

// InvalidArgument: an expression names a zone without rules, "unknown time zone 'Europe/Brelin' at
// 1:14; did you mean 'Europe/Berlin'?".
Status CheckZones(const segment::Dependencies& dependencies, const ZoneRules& rules);

}  // namespace spotter::engine
