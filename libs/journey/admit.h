// SPDX-License-Identifier: Apache-2.0
//
// What may be installed, beyond what compiles (docs/adr/0038). Asked of new commands only: what is
// in a state stays valid.
#pragma once

#include "model/definition.h"
#include "segment/health.h"

namespace spotter::journey {

// InvalidArgument for what costs or wakes too much, or is for marketing and reads health data.
Status Admit(const model::SegmentDefinition& definition, const segment::ExpressionOf& segments);
Status Admit(const model::JourneyDefinition& definition, const segment::ExpressionOf& segments);

}  // namespace spotter::journey
