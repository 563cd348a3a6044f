// SPDX-License-Identifier: Apache-2.0
//
// What an expression reads of a member besides events.
#pragma once

#include <string_view>

#include "model/source_record.h"
#include "segment/value.h"

namespace spotter::segment {

Value ScalarValue(const model::Scalar& scalar, EventTime now);
// An error if the member lacks it.
Value TraitValue(const model::MemberView& member, model::AttributeId id, EventTime now);
// All tags of the member, each once, in the order of their bytes.
Value Tags(const model::MemberView& member, Workspace& work);
Value HasTags(const model::MemberView& member);
Value HasTag(const model::MemberView& member, const Value& tag);
std::string_view ConsentName(model::ConsentState state);  // "granted", "denied", "unknown"

// The balance of the ledger at `now` (X4) in minor units; an error in several currencies.
Value LifetimeSpend(const model::MemberView& member, EventTime now);

// A draw in [0, 1); docs/segment-language.md says how others can reproduce it.
double Bucket(const model::MemberView& member, std::string_view tenant, std::string_view salt);

}  // namespace spotter::segment
