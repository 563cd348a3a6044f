// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "scenario/script.h"
#include "scenario/world.h"

namespace spotter::scenario {

// "2026-03-02T10:00:00Z", or "-3h" and "+2d" from `now`; "now" itself.
StatusOr<EventTime> ReadTime(std::string_view text, EventTime now);
StatusOr<int64_t> ReadInt(std::string_view text);

// The canonical event of an `ingest` line, as a connector would hand it on.
StatusOr<model::MemberEvent> ReadEvent(const Line& line, const World& world);

// The settings of a `tenant` line over `settings`.
StatusOr<model::TenantSettings> ReadTenant(const Line& line, model::TenantSettings settings);

}  // namespace spotter::scenario
