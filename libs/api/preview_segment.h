// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/queries.h"
#include "segment/expression.h"

namespace spotter::api {

// That the segments which `definition` reads exist and none reads itself, were it and `others` put
// into the tenant. InvalidArgument says which not.
Status CheckReferences(const store::Reader& view, const model::TenantId& tenant,
                       const model::SegmentDefinition& definition,
                       const std::vector<model::SegmentDefinition>& others);

// Who would enter and leave the segment, were it so defined; as of the state that `view` shows.
// The counts are exact up to 200,000 members; of a tenant with more that many are asked, and the
// counts estimated from them (ids are hashes, so they are a fair sample).
struct Preview {
  int64_t members = 0;
  int64_t enter = 0;
  int64_t leave = 0;
  std::vector<model::ProfileId> entering;  // up to ten
  std::vector<model::ProfileId> leaving;   // up to ten
  int64_t asked = 0;
  int64_t total = 0;
};
StatusOr<Preview> PreviewSegment(const store::Reader& view, const model::TenantId& tenant,
                                 const model::SegmentDefinition& definition,
                                 const std::vector<model::SegmentDefinition>& others,
                                 const std::function<bool()>& is_given_up);

// "no event of kind 'assessment' ...": for each kind of fact that the expression looks for and that
// none of the first few thousand members has.
StatusOr<std::vector<std::string>> WarnOfUnsentKinds(const store::Reader& view,
                                                     const model::TenantId& tenant,
                                                     const segment::Expression& expression);

}  // namespace spotter::api
