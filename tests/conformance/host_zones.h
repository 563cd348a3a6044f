// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>

#include "govern/zone.h"
#include "segment/expression.h"

namespace spotter::segment {

// The zones of the machine that runs a test; an engine reads those of its log.
class HostZones final : public ZoneLookup {
 public:
  std::optional<ZoneOffset> OffsetAt(std::string_view zone, EventTime at) const override;

 private:
  mutable std::map<std::string, govern::Zone, std::less<>> read_;
};

}  // namespace spotter::segment
