// SPDX-License-Identifier: Apache-2.0
// Zone rules as an operator would send them: read from the host. Only tests may do that.
#pragma once

#include <fstream>
#include <iterator>
#include <string>

#include "base/assert.h"
#include "govern/zone.h"

namespace spotter::govern {

inline std::string HostRules(const std::string& name) {
  std::ifstream file("/usr/share/zoneinfo/" + name, std::ios::binary);
  Assert(file.good(), "the host has tzdata");
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline Zone HostZone(const std::string& name) {
  StatusOr<Zone> zone = Zone::FromRules(name, HostRules(name));
  Assert(zone.ok(), "the host's tzdata is TZif");
  return *std::move(zone);
}

inline EventTime At(std::string_view text) { return ParseTime(text).value(); }

}  // namespace spotter::govern
