// SPDX-License-Identifier: Apache-2.0
#include "api/preview_segment.h"

#include <algorithm>
#include <map>
#include <set>

#include "api/explain.h"
#include "engine/segment_queries.h"

namespace spotter::api {
namespace {

constexpr int64_t kAskedMax = 200'000;
constexpr size_t kChunk = 1'000;  // profiles read at once
constexpr size_t kExamplesMax = 10;
constexpr size_t kSearchedMax = 5'000;  // members looked at for a kind of fact

// Visits profiles in chunks until `visit` is false.
Status EachProfile(const store::Reader& view, const model::TenantId& tenant,
                   const std::function<StatusOr<bool>(const state::Profile&)>& visit) {
  std::string after;
  do {
    SPOTTER_ASSIGN_OR_RETURN(const auto page, engine::ListProfiles(view, tenant, kChunk, after));
    for (const state::Profile& profile : page.rows) {
      SPOTTER_ASSIGN_OR_RETURN(const bool more, visit(profile));
      if (!more) return OkStatus();
    }
    after = page.next;
  } while (!after.empty());
  return OkStatus();
}

class References {
 public:
  explicit References(std::map<std::string, std::string> texts) : texts_(std::move(texts)) {}

  Status Visit(const std::string& id, const std::string& reader) {
    const auto text = texts_.find(id);
    if (text == texts_.end()) {
      return InvalidArgument("segment '{}': reads segment '{}', which does not exist", reader, id);
    }
    if (done_.contains(id)) return OkStatus();
    if (!open_.insert(id).second) {
      return InvalidArgument("segment '{}': refers to itself in a circle", id);
    }
    const auto expression = segment::Expression::Compile(text->second, segment::Scope::kSegment);
    if (!expression.ok()) {
      return InvalidArgument("segment '{}': {}", id, MessageOf(expression.status()));
    }
    for (const std::string& other : expression->dependencies().segments) {
      SPOTTER_RETURN_IF_ERROR(Visit(other, id));
    }
    done_.insert(id);
    return OkStatus();
  }

 private:
  const std::map<std::string, std::string> texts_;
  std::set<std::string> open_;
  std::set<std::string> done_;
};

}  // namespace

Status CheckReferences(const store::Reader& view, const model::TenantId& tenant,
                       const model::SegmentDefinition& definition,
                       const std::vector<model::SegmentDefinition>& others) {
  const auto expression =
      segment::Expression::Compile(definition.expression, segment::Scope::kSegment);
  if (expression.ok()) {
    SPOTTER_ASSIGN_OR_RETURN(const engine::ZoneRules zones, engine::ReadZones(view, tenant));
    const Status known = engine::CheckZones(expression->dependencies(), zones);
    if (!known.ok()) return InvalidArgument("segment '{}': {}", definition.id, MessageOf(known));
  }
  SPOTTER_ASSIGN_OR_RETURN(const auto all, engine::ListSegments(view, tenant));
  std::map<std::string, std::string> texts;
  for (const model::SegmentDefinition& one : all) texts.insert_or_assign(one.id, one.expression);
  for (const model::SegmentDefinition& one : others) texts.insert_or_assign(one.id, one.expression);
  texts.insert_or_assign(definition.id, definition.expression);
  return References(std::move(texts)).Visit(definition.id, definition.id);
}

StatusOr<Preview> PreviewSegment(const store::Reader& view, const model::TenantId& tenant,
                                 const model::SegmentDefinition& definition,
                                 const std::vector<model::SegmentDefinition>& others,
                                 const std::function<bool()>& is_given_up) {
  SPOTTER_ASSIGN_OR_RETURN(Evaluator evaluator, Evaluator::Make(view, tenant));
  for (const model::SegmentDefinition& one : others) evaluator.Suppose(one);
  SPOTTER_ASSIGN_OR_RETURN(
      const segment::Expression expression,
      segment::Expression::Compile(definition.expression, segment::Scope::kSegment));
  SPOTTER_ASSIGN_OR_RETURN(const engine::AsOf as_of, engine::ReadAsOf(view, tenant));
  SPOTTER_ASSIGN_OR_RETURN(const state::TenantProgress progress,
                           engine::ReadProgress(view, tenant));
  Preview preview{.total = static_cast<int64_t>(progress.profiles)};
  SPOTTER_RETURN_IF_ERROR(
      EachProfile(view, tenant, [&](const state::Profile& profile) -> StatusOr<bool> {
        if (preview.asked % static_cast<int64_t>(kChunk) == 0 && is_given_up()) {
          return Status(StatusCode::kCancelled, "the caller is gone");
        }
        preview.asked++;
        SPOTTER_ASSIGN_OR_RETURN(const auto member, engine::LoadMember(view, tenant, profile.id));
        const bool will_be = evaluator.Evaluate(expression, member, as_of.shard_time).value;
        const bool is = std::ranges::any_of(profile.memberships, [&](const auto& one) {
          return one.segment == definition.id && one.is_member;
        });
        if (will_be) preview.members++;
        if (will_be == is) return preview.asked < kAskedMax;
        (will_be ? preview.enter : preview.leave)++;
        auto& examples = will_be ? preview.entering : preview.leaving;
        if (examples.size() < kExamplesMax) examples.push_back(profile.id);
        return preview.asked < kAskedMax;
      }));
  if (preview.asked < kAskedMax) {
    preview.total = preview.asked;
  } else {
    for (int64_t* count : {&preview.members, &preview.enter, &preview.leave}) {
      *count =
          static_cast<int64_t>(static_cast<double>(*count) * static_cast<double>(preview.total) /
                               static_cast<double>(preview.asked));
    }
  }
  return preview;
}

StatusOr<std::vector<std::string>> WarnOfUnsentKinds(const store::Reader& view,
                                                     const model::TenantId& tenant,
                                                     const segment::Expression& expression) {
  const std::vector<model::FactKind>& wanted = expression.dependencies().facts;
  std::set<model::FactKind> unsent(wanted.begin(), wanted.end());
  size_t searched = 0;
  if (unsent.empty()) return std::vector<std::string>();
  SPOTTER_RETURN_IF_ERROR(
      EachProfile(view, tenant, [&](const state::Profile& profile) -> StatusOr<bool> {
        searched++;
        SPOTTER_ASSIGN_OR_RETURN(const auto member, engine::LoadMember(view, tenant, profile.id));
        for (const state::StoredRecord& stored : member.records) {
          const model::Timeline& timeline = stored.record.timeline;
          std::erase_if(unsent, [&](model::FactKind kind) {
            return !timeline.Of(kind).empty() || timeline.TotalsOf(kind).count > 0;
          });
        }
        return !unsent.empty() && searched < kSearchedMax;
      }));
  std::vector<std::string> warnings;
  if (searched == 0) return warnings;
  SPOTTER_ASSIGN_OR_RETURN(const auto settings, engine::FindTenant(view, tenant));
  std::vector<std::string> sources;
  if (settings.has_value()) {
    for (const model::SourceDeclaration& source : settings->sources) sources.push_back(source.name);
  }
  for (const model::FactKind kind : unsent) {
    warnings.push_back(fmt::format(
        "no event of kind '{}' has come from any source{} for the {} members looked at: what the "
        "expression says of it stays as it is until one comes",
        NameOf(kind), sources.empty() ? "" : fmt::format(" ({})", fmt::join(sources, ", ")),
        searched));
  }
  return warnings;
}

}  // namespace spotter::api
