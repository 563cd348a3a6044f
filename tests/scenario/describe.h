// SPDX-License-Identifier: Apache-2.0
//
// Values as (name, text), so that a line can name those it cares for.
#pragma once

#include <map>
#include <string>

#include "model/action.h"
#include "scenario/script.h"

namespace spotter::scenario {

using Fields = std::map<std::string, std::string, std::less<>>;

Fields Describe(const model::Proposal& proposal);
Fields Describe(const model::Action& action);
Fields Describe(const model::Refusal& refusal);
Fields Describe(const model::Enrolment& enrolment);
Fields Describe(const model::Membership& membership);
std::string Print(const Fields& fields);

// The first of the line's options that `fields` does not bear out, in words; "" = none. Instants
// may be relative to `now`; of `text` and `detail` a part is enough. `ignored`: options that are
// not about fields.
StatusOr<std::string> FirstDifference(const Line& line, const Fields& fields, EventTime now,
                                      std::string_view ignored = "");

}  // namespace spotter::scenario
