// SPDX-License-Identifier: Apache-2.0
#include "api/explain.h"

namespace spotter::api {
namespace {

constexpr size_t kCountedMax = 20'000;

}  // namespace

StatusOr<Evaluator> Evaluator::Make(const store::Reader& store, const model::TenantId& tenant) {
  Evaluator evaluator(tenant.value());
  SPOTTER_ASSIGN_OR_RETURN(const auto definitions, engine::ListSegments(store, tenant));
  for (const model::SegmentDefinition& definition : definitions) {
    evaluator.Suppose(definition);
  }
  SPOTTER_ASSIGN_OR_RETURN(evaluator.zones_, engine::ReadZones(store, tenant));
  SPOTTER_ASSIGN_OR_RETURN(const auto settings, engine::FindTenant(store, tenant));
  if (settings.has_value()) evaluator.tenant_zone_ = settings->time_zone;
  return evaluator;
}

void Evaluator::Suppose(const model::SegmentDefinition& definition) {
  StatusOr<segment::Expression> expression =
      segment::Expression::Compile(definition.expression, segment::Scope::kSegment);
  if (expression.ok()) segments_.insert_or_assign(definition.id, *std::move(expression));
}

segment::Result Evaluator::Evaluate(const segment::Expression& expression,
                                    const engine::StoredMember& member, EventTime now) {
  const model::MemberView view = member.View();
  member_ = &view;
  now_ = now;
  return Evaluate(expression);
}

segment::Result Evaluator::Evaluate(const segment::Expression& expression) const {
  const engine::TenantZones zones(zones_, tenant_zone_);
  return expression.Evaluate(
      {.member = *member_, .now = now_, .tenant = tenant_, .segments = this, .zones = &zones});
}

bool Evaluator::Ask(std::string_view segment, const engine::StoredMember& member, EventTime now) {
  const auto found = segments_.find(segment);
  return found != segments_.end() && Evaluate(found->second, member, now).value;
}

segment::SegmentValue Evaluator::Lookup(std::string_view segment) const {
  const auto found = segments_.find(segment);
  if (found == segments_.end()) return {};
  const segment::Result result = Evaluate(found->second);
  return {.is_member = result.value, .valid_until = result.valid_until};
}

StatusOr<std::optional<int64_t>> CountMatching(const store::Reader& store,
                                               const model::TenantId& tenant,
                                               const segment::Expression& expression,
                                               EventTime now) {
  SPOTTER_ASSIGN_OR_RETURN(const auto page, engine::ListProfiles(store, tenant, kCountedMax, ""));
  if (!page.next.empty()) return std::optional<int64_t>();
  SPOTTER_ASSIGN_OR_RETURN(Evaluator evaluator, Evaluator::Make(store, tenant));
  int64_t count = 0;
  for (const state::Profile& profile : page.rows) {
    const auto member = engine::LoadMember(store, tenant, profile.id);
    if (member.status().code() == StatusCode::kNotFound) continue;  // merged meanwhile
    SPOTTER_RETURN_IF_ERROR(member.status());
    if (evaluator.Evaluate(expression, *member, now).value) count++;
  }
  return std::optional(count);
}

}  // namespace spotter::api
