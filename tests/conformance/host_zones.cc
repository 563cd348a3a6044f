// SPDX-License-Identifier: Apache-2.0
#include "conformance/host_zones.h"

#include <chrono>
#include <fstream>
#include <sstream>

namespace spotter::segment {

std::optional<ZoneOffset> HostZones::OffsetAt(std::string_view zone, EventTime at) const {
  auto found = read_.find(zone);
  if (found == read_.end()) {
    if (zone.find("..") != std::string_view::npos) return std::nullopt;
    std::ifstream file("/usr/share/zoneinfo/" + std::string(zone), std::ios::binary);
    std::ostringstream bytes;
    bytes << file.rdbuf();
    const StatusOr<govern::Zone> rules = govern::Zone::FromRules(zone, bytes.str());
    if (!rules.ok()) return std::nullopt;
    found = read_.emplace(std::string(zone), *rules).first;
  }
  const auto offset = [&](EventTime time) {
    const govern::LocalTime local = found->second.ToLocal(time);
    const auto day = std::chrono::sys_days(std::chrono::year(local.year) / local.month / local.day);
    const int64_t seconds = day.time_since_epoch().count() * 86400 + local.hour * 3600 +
                            local.minute * 60 + local.second;
    return seconds - (time.ms - (time.ms % 1000 + 1000) % 1000) / 1000;
  };
  // Offsets change at whole quarters of an hour, of which this one is looked at.
  constexpr int64_t kQuarterMs = 15 * 60 * 1000;
  const int64_t from = at.ms - (at.ms % kQuarterMs + kQuarterMs) % kQuarterMs;
  return ZoneOffset{.seconds = offset(at), .from = {from}, .to = {from + kQuarterMs}};
}

}  // namespace spotter::segment
