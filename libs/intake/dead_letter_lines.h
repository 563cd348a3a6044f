// SPDX-License-Identifier: Apache-2.0
//
// The lines of a dead-letter file: a letter, or the mark that one is resolved.
#pragma once

#include <string>
#include <string_view>

#include "intake/dead_letters.h"

namespace spotter::intake {

// One line each, with its newline. JSON, so that an operator can read the file without us.
std::string FormatLetter(const DeadLetter& letter);
std::string FormatMark(std::string_view tenant, std::string_view id, Resolution how, EventTime at);

struct Line {
  bool is_mark = false;
  DeadLetter letter;  // of a mark: id, tenant and received_at only
};
// InvalidArgument: not a line of ours.
StatusOr<Line> ParseLine(std::string_view line);

}  // namespace spotter::intake
