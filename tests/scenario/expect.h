// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "scenario/script.h"
#include "scenario/world.h"

namespace spotter::scenario {

// `expect WHAT ...`: FailedPrecondition says what was found instead. An action, a void or a refusal
// that a line has spoken of is not looked at again; `expect none` says there is no other.
Status Expect(const Line& line, World& world);

// `remember facts|state|memberships [REF] NAME` keeps a value for `expect same-as NAME`;
// `remember profile REF NAME` makes $NAME stand for the profile.
Status Remember(const Line& line, World& world);

}  // namespace spotter::scenario
