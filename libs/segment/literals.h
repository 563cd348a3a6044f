// SPDX-License-Identifier: Apache-2.0
//
// The texts within timestamp('...') and duration('...').
#pragma once

#include <string_view>

#include "base/status.h"
#include "base/time.h"

namespace spotter::segment {

// RFC 3339 in whole milliseconds, years 1 to 9999.
StatusOr<EventTime> ParseTimestampText(std::string_view text);

// CEL's form: an optional sign, then decimal numbers with h, m, s or ms: "1h30m", "-1.5s". There
// is no day, as CEL has none: days(14) says that. The whole is a number of milliseconds.
StatusOr<Duration> ParseDurationText(std::string_view text);

}  // namespace spotter::segment
