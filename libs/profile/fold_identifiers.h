// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "model/source_record.h"

namespace spotter::profile {

// Adds what the event was signed with, by event time: the order of arrival does not matter.
void FoldIdentifiers(const model::MemberEvent& event, std::vector<model::HeldIdentifier>& held);

// Adds the event's line to the ledger; false if it is there already or repeats the line before it.
bool FoldConsent(const model::MemberEvent& event, uint64_t entity,
                 std::vector<model::ConsentEntry>& ledger);

}  // namespace spotter::profile
