// SPDX-License-Identifier: Apache-2.0
#include "api/explain_segment.h"

#include <algorithm>
#include <utility>

#include "segment/parser.h"
#include "segment/print.h"
#include "segment/sentence.h"
#include "wire/view.h"

namespace spotter::api {
namespace {

using segment::Ast;
using segment::AstKind;

constexpr size_t kFactsMax = 5;  // of a kind

v1::Membership MembershipIn(const engine::StoredMember& member, const std::string& segment) {
  for (const model::Membership& one : member.profile.memberships) {
    if (one.segment == segment) return wire::ToProto(one);
  }
  v1::Membership none;
  none.set_segment(segment);
  return none;
}

class Explainer {
 public:
  Explainer(const engine::StoredMember& member, EventTime now, Evaluator& evaluator)
      : member_(member), view_(member.View()), now_(now), evaluator_(evaluator) {}

  Status Explain(const Ast& ast, v1::ClauseExplanation& out) {
    out.set_text(segment::Print(ast));
    SPOTTER_ASSIGN_OR_RETURN(const segment::Expression expression,
                             segment::Expression::Compile(out.text(), segment::Scope::kSegment));
    const segment::Result result = evaluator_.Evaluate(expression, member_, now_);
    out.set_holds(result.value);
    if (result.valid_until != EventTime::Max()) {
      wire::Write(result.valid_until, *out.mutable_valid_until());
    }
    if (ast.kind == AstKind::kAnd || ast.kind == AstKind::kOr || ast.kind == AstKind::kNot) {
      out.set_joined_by(ast.kind == AstKind::kAnd  ? "and"
                        : ast.kind == AstKind::kOr ? "or"
                                                   : "not");
      const bool is_taken_apart = std::ranges::all_of(
          ast.children, [&](const Ast& child) { return Explain(child, *out.add_parts()).ok(); });
      if (is_taken_apart) return OkStatus();
      out.clear_parts();  // a part that is no bool by itself
      out.clear_joined_by();
    }
    ShowInputs(expression.dependencies(), out);
    if (result.valid_until != EventTime::Max()) {
      out.add_changed_by("time, at the earliest " + FormatTime(result.valid_until));
    }
    return OkStatus();
  }

 private:
  void ShowInputs(const segment::Dependencies& read, v1::ClauseExplanation& out) const {
    for (const model::FactKind kind : read.facts) {
      ShowFacts(kind, out);
      out.add_changed_by(fmt::format("an event that counts as {}", NameOf(kind)));
    }
    for (const model::AttributeId id : read.traits) {
      if (const model::Trait* trait = view_.FindTrait(id))
        *out.add_traits() = wire::ToProto(*trait);
      out.add_changed_by(fmt::format("the trait {}", model::InfoOf(id).name));
    }
    for (const std::string& id : read.segments) out.add_changed_by("the segment " + id);
    if (read.on_consent) out.add_changed_by("consent");
  }

  void ShowFacts(model::FactKind kind, v1::ClauseExplanation& out) const {
    std::vector<std::pair<const model::Fact*, const model::SourceRecord*>> facts;
    for (const state::StoredRecord& stored : member_.records) {
      for (const model::Fact& fact : stored.record.timeline.Of(kind)) {
        facts.emplace_back(&fact, &stored.record);
      }
    }
    std::ranges::stable_sort(facts, std::greater<>(),
                             [](const auto& one) { return one.first->time; });
    facts.resize(std::min(facts.size(), kFactsMax));
    for (const auto& [fact, record] : facts) {
      *out.add_facts() = wire::ToProto(*fact, record->timeline.Find(fact->entity), record->key);
    }
  }

  const engine::StoredMember& member_;
  const model::MemberView view_;
  const EventTime now_;
  Evaluator& evaluator_;
};

}  // namespace

StatusOr<v1::SegmentExplanation> ExplainSegment(const model::SegmentDefinition& definition,
                                                const engine::StoredMember& member, EventTime now,
                                                Evaluator& evaluator) {
  v1::SegmentExplanation out;
  *out.mutable_membership() = MembershipIn(member, definition.id);
  out.set_expression(definition.expression);
  SPOTTER_ASSIGN_OR_RETURN(const Ast ast, segment::Parse(definition.expression));
  out.set_sentence(segment::Say(ast).text);
  Explainer explainer(member, now, evaluator);
  if (ast.kind != AstKind::kAnd) {
    SPOTTER_RETURN_IF_ERROR(explainer.Explain(ast, *out.add_clauses()));
    return out;
  }
  for (const Ast& child : ast.children) {
    SPOTTER_RETURN_IF_ERROR(explainer.Explain(child, *out.add_clauses()));
  }
  return out;
}

}  // namespace spotter::api
