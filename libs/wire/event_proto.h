// SPDX-License-Identifier: Apache-2.0
//
// Events and their parts as messages.
#pragma once

#include <vector>

#include "base/status.h"
#include "model/event.h"
#include "spotter/v1/event.pb.h"
#include "wire/leaf.h"

namespace spotter::wire {

// `to` is empty, and often on an arena: this is the hot path.
void Write(const model::MemberEvent& from, v1::MemberEvent& to);
void Write(const model::AttributeSet& from, v1::Attributes& to);
v1::MemberEvent ToProto(const model::MemberEvent& event);
v1::Attributes ToProto(const model::AttributeSet& attributes);
v1::Field ToField(std::string_view name, const model::Scalar& value);

// InvalidArgument: an unknown or missing kind or identifier type, an absurd instant, a free field
// without a value or given twice. Free fields come out ascending by name.
StatusOr<model::MemberEvent> FromProto(const v1::MemberEvent& event);
model::AttributeSet ReadAttributes(const v1::Attributes& from, Reader& reader);

}  // namespace spotter::wire
