// SPDX-License-Identifier: Apache-2.0
//
// The names of the language, and what to say of one that is not among them.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "segment/lexer.h"

namespace spotter::segment {

// "did you mean 'visit'?", or "" if nothing is near.
std::string Suggestion(std::string_view name, std::span<const std::string_view> candidates);

// InvalidArgument for a name that is none of `candidates`: "unknown function 'evnts' at 1:1; did
// you mean 'events'?", or, for a word of the language to come, "'trigger' is not in the language
// yet at 1:1".
Status UnknownName(std::string_view what, std::string_view name, Position position,
                   std::span<const std::string_view> candidates);

std::span<const std::string_view> RootNames();          // member, now, journey, step
std::span<const std::string_view> RootFunctionNames();  // events(), segment(), days() …
std::span<const std::string_view> WindowNames();
bool IsReducerName(std::string_view name);  // what ends a chain of windows: count, sum, ... // what
                                            // may follow events('kind')
std::span<const std::string_view> MacroAndWindowNames();
// Milliseconds of what days(), hours() and minutes() count; 0 for another name.
int64_t UnitOf(std::string_view function);
std::span<const std::string_view> FactKindNames();
std::span<const std::string_view> MemberNames();      // what may follow `member.`
std::span<const std::string_view> EventFieldNames();  // of an event: e.NAME
std::span<const std::string_view> ChannelNames();

}  // namespace spotter::segment
