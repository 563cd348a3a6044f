// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/explain.h"

namespace spotter::api {

// Why a member is in the segment or not: the expression taken apart at its &&, || and !, each part
// with its value now, what it read and what can change it.
StatusOr<v1::SegmentExplanation> ExplainSegment(const model::SegmentDefinition& definition,
                                                const engine::StoredMember& member, EventTime now,
                                                Evaluator& evaluator);

}  // namespace spotter::api
