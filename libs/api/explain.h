// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/queries.h"
#include "segment/expression.h"
#include "spotter/v1/profile_service.pb.h"
#include "store/store.h"

namespace spotter::api {

// Why a member is where they are at instant `now`; `segment` and `journey` narrow it, "" = all.
StatusOr<v1::ExplainResponse> ExplainMember(const store::Reader& store,
                                            const model::TenantSettings& settings,
                                            const engine::StoredMember& member, EventTime now,
                                            const std::string& segment, const std::string& journey);

// A member's facts, newest first.
std::vector<v1::TimelineEntry> TimelineOf(const engine::StoredMember& member);

// Evaluates expressions over stored members, with the tenant's segments behind segment('id').
class Evaluator final : public segment::SegmentLookup {
 public:
  static StatusOr<Evaluator> Make(const store::Reader& store, const model::TenantId& tenant);

  segment::Result Evaluate(const segment::Expression& expression,
                           const engine::StoredMember& member, EventTime now);
  // Whether the member is in the tenant's segment, from the facts.
  bool Ask(std::string_view segment, const engine::StoredMember& member, EventTime now);
  // From now on as if the segment were so defined; one that does not compile changes nothing.
  void Suppose(const model::SegmentDefinition& definition);
  segment::SegmentValue Lookup(std::string_view segment) const override;

 private:
  explicit Evaluator(std::string tenant) : tenant_(std::move(tenant)) {}

  segment::Result Evaluate(const segment::Expression& expression) const;

  std::string tenant_;
  engine::ZoneRules zones_;
  std::string tenant_zone_;
  std::map<std::string, segment::Expression, std::less<>> segments_;
  // Of the evaluation under way; expressions are acyclic.
  const model::MemberView* member_ = nullptr;
  EventTime now_;
};

// How many members the expression holds for now; nullopt: the tenant has more than it is quick to
// ask (20,000).
StatusOr<std::optional<int64_t>> CountMatching(const store::Reader& store,
                                               const model::TenantId& tenant,
                                               const segment::Expression& expression,
                                               EventTime now);

}  // namespace spotter::api
