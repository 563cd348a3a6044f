// SPDX-License-Identifier: Apache-2.0
//
// What tenants define, as messages: in the log and in requests. FromProto fills in what the
// message leaves out as the contract says; whether a definition makes sense is checked by
// `segment` and `journey`, which compile it.
#pragma once

#include "base/status.h"
#include "model/definition.h"
#include "spotter/v1/action.pb.h"
#include "spotter/v1/journey.pb.h"
#include "spotter/v1/segment.pb.h"
#include "spotter/v1/tenant.pb.h"

namespace spotter::wire {

v1::Segment ToProto(const model::SegmentDefinition& segment);
v1::Journey ToProto(const model::JourneyDefinition& journey);
v1::Subscription ToProto(const model::Subscription& subscription);
v1::Tenant ToTenant(const model::TenantSettings& settings);         // without the key
v1::TenantSettings ToProto(const model::TenantSettings& settings);  // for the log only

model::SegmentDefinition FromProto(const v1::Segment& segment);
// InvalidArgument names journey and step: "journey 'winback': step 'nudge': channel is missing".
StatusOr<model::JourneyDefinition> FromProto(const v1::Journey& journey);
model::Subscription FromProto(const v1::Subscription& subscription);
StatusOr<model::TenantSettings> FromProto(const v1::Tenant& tenant);  // with an empty key
StatusOr<model::TenantSettings> FromProto(const v1::TenantSettings& settings);

}  // namespace spotter::wire
