// SPDX-License-Identifier: Apache-2.0
//
// The border: what every event must be before it may enter the log. Private to connect.
#pragma once

#include <optional>

#include "connect/connector.h"

namespace spotter::connect {

// Canonicalize with the reason apart from the text. The event is complete if there is none.
std::optional<Rejection> MakeCanonical(model::MemberEvent& event, const DecodeSettings& settings);

// Adds the identifier unless `raw` is blank.
void AddIdentifier(model::MemberEvent& event, model::IdentifierType type, std::string_view raw,
                   std::string_view region);

// Makes `events`, read from one body, canonical and hands them on; one that cannot be refuses the
// whole body, which becomes one dead letter.
void Accept(std::vector<model::MemberEvent> events, const DecodeSettings& settings, Decoded& out);

}  // namespace spotter::connect
