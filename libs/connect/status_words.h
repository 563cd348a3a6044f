// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "connect/connector.h"

namespace spotter::connect {

// Brings the words that decide what an event counts as (status, membership, payment, consent) to
// our spelling, and refuses those that are none of ours: a word that nobody understands must not
// count as one that somebody does. Also refuses an entity type that the kind does not count on.
// docs/connectors.md has the table.
std::optional<Rejection> MakeWordsOurs(model::MemberEvent& event);

}  // namespace spotter::connect
