// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "model/definition.h"

namespace spotter::journey {

inline constexpr size_t kYamlBytesMax = 64 * 1024;

// A journey or a segment from YAML (one document). Unknown keys are refused by name with line and
// column: "journey: unknown key 'stepz' at 4:1; did you mean 'steps'?". See docs/journeys.md.
// Only the form is checked here; Journey::Compile checks what it means.
StatusOr<model::JourneyDefinition> ParseJourney(std::string_view yaml);
StatusOr<model::SegmentDefinition> ParseSegment(std::string_view yaml);
// ParseJourney(PrintJourney(j)) == j.
std::string PrintJourney(const model::JourneyDefinition& journey);
std::string PrintSegment(const model::SegmentDefinition& segment);

}  // namespace spotter::journey
