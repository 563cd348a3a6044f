// SPDX-License-Identifier: Apache-2.0
#include "journey/nearest_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace spotter::journey {

namespace {

constexpr size_t kEditsMost = 2;
constexpr size_t kNameMost = 64;

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string Suggestion(std::string_view name, std::span<const std::string_view> names) {
  std::string_view nearest;
  size_t least = kEditsMost + 1;
  if (name.size() > kNameMost) return "";
  for (const std::string_view candidate : names) {
    const size_t distance = EditDistance(name, candidate);
    if (distance < least && distance < candidate.size()) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest);
}

}  // namespace spotter::journey
