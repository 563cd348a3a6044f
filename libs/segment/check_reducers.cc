// SPDX-License-Identifier: Apache-2.0
//
// What a window of events is asked for, and filters over its events. A reducer's value rests on the
// member; the variable of a filter is a slot like that of a macro.
#include <algorithm>

#include "segment/check_pass.h"
#include "segment/names.h"

namespace spotter::segment {
namespace {

std::optional<FoldKind> FindFold(std::string_view name) {
  if (name == "sum") return FoldKind::kSum;
  if (name == "avg") return FoldKind::kAverage;
  if (name == "min") return FoldKind::kLeast;
  if (name == "max") return FoldKind::kMost;
  if (name == "distinct") return FoldKind::kDistinct;
  return std::nullopt;
}

// Which types a fold takes.
bool Takes(FoldKind fold, TypeId type) {
  switch (type) {
    case Type::kInt:
    case Type::kUint:
    case Type::kDouble:
      return true;
    case Type::kDuration:
      return fold != FoldKind::kAverage;
    case Type::kString:
    case Type::kTime:
      return fold != FoldKind::kAverage && fold != FoldKind::kSum;
    case Type::kBool:
      return fold == FoldKind::kDistinct;
    default:
      return false;
  }
}

std::string_view TakenBy(FoldKind fold) {
  switch (fold) {
    case FoldKind::kSumOfAmounts:
    case FoldKind::kSum:
      return "a number or a duration";
    case FoldKind::kAverage:
      return "a number";
    case FoldKind::kLeast:
    case FoldKind::kMost:
      return "a number, a string, a timestamp or a duration";
    case FoldKind::kDistinct:
      break;
  }
  return "a bool, a number, a string, a timestamp or a duration";
}

Value ZeroOf(TypeId type) {
  if (type == Type::kDouble) return DoubleValue(0);
  if (type == Type::kUint) return UintValue(0);
  if (type == Type::kDuration) return {.kind = ValueKind::kDuration};
  return IntValue(0);
}

bool ReadsAmount(const Ast& ast) {
  return (ast.kind == AstKind::kSelect && ast.name == "amount") ||
         std::ranges::any_of(ast.children, ReadsAmount);
}

}  // namespace

StatusOr<Checked> CheckPass::CheckReducer(const Ast& ast) {
  const bool is_macro = std::ranges::count(MacroAndWindowNames(), ast.name) > 0;
  if (std::ranges::count(WindowNames(), ast.name) == 0) {
    if (!is_macro) return UnknownName("function", ast.name, ast.position, WindowNames());
    return ErrorAt(ast.position, fmt::format("{}() is not for events", ast.name),
                   "filter them, and end in .count(), .sum(e, e.amount) or the like");
  }
  if (!IsReducerName(ast.name)) {
    return ErrorAt(ast.position, fmt::format("a window .{}() is asked for something", ast.name),
                   "end it in .count(), .exists(), .first() or .last()");
  }
  if (FindFold(ast.name)) return CheckFold(ast);
  SPOTTER_ASSIGN_OR_RETURN(Draft draft, CheckQuery(ast.children[0]));
  if (ast.name == "exists" && ast.children.size() == 3) {  // as after a filter
    SPOTTER_RETURN_IF_ERROR(AddFilter(ast.children[1], ast.children[2], draft));
  } else {
    SPOTTER_RETURN_IF_ERROR(CheckArity(ast, ast.children.size() - 1, 0));
  }
  SPOTTER_RETURN_IF_ERROR(CheckKept(ast, draft));
  if (ast.name == "count") return Reduce({.op = Op::kCount}, Type::kInt, draft.query);
  if (ast.name == "exists") {
    return Reduce({.op = Op::kCountCompare, .binary = BinaryOp::kGreaterEqual, .number = 1},
                  Type::kBool, draft.query);
  }
  return Reduce({.op = ast.name == "first" ? Op::kFirst : Op::kLast}, Type::kEvent, draft.query,
                /*is_nullable=*/true);
}

Checked CheckPass::Reduce(Node node, TypeId type, const EventQuery& query, bool is_nullable) {
  node.index = emit_.AddQuery(query);
  return emit_.Leaf(node, type, is_nullable);
}

// .sum(e, x) and the like.
StatusOr<Checked> CheckPass::CheckFold(const Ast& ast) {
  SPOTTER_RETURN_IF_ERROR(CheckArity(ast, ast.children.size() - 1, 2));
  SPOTTER_ASSIGN_OR_RETURN(Draft draft, CheckQuery(ast.children[0]));
  EventFold fold{.kind = *FindFold(ast.name)};
  const size_t outer = locals_.size();
  const TypeId event = Type::kEvent;
  SPOTTER_RETURN_IF_ERROR(
      AddLocals(std::span(ast.children).subspan(1, 1), std::span(&event, 1), false));
  draft.query.slot = static_cast<int>(outer);
  const uint32_t before = emit_.nodes();
  const Ast& written = ast.children[2];
  SPOTTER_ASSIGN_OR_RETURN(const Checked body, CheckItem(written));
  locals_.resize(outer);
  fold.body = body.node;
  fold.steps = 1 + emit_.nodes() - before;
  const TypeId type = types_.Resolved(body.type);
  if (!Takes(fold.kind, type)) {
    return ErrorAt(written.position, fmt::format("{}() takes {}, found {}", ast.name,
                                                 TakenBy(fold.kind), types_.NameOf(type)));
  }
  if (body.uses_now) {
    return ErrorAt(written.position, fmt::format("{}() may not move with now", ast.name),
                   "filter(e, ...) may");
  }
  fold.zero = ZeroOf(type);
  fold.is_money = fold.kind != FoldKind::kDistinct && ReadsAmount(written);
  const bool is_plain_amount = emit_.NodeOf(body).op == Op::kEventAmount;
  if (fold.kind == FoldKind::kSum && is_plain_amount && !draft.query.looks_at_each()) {
    fold.kind = FoldKind::kSumOfAmounts;
  } else {
    draft.reads_attributes = true;
    SPOTTER_RETURN_IF_ERROR(CheckKept(ast, draft));
  }
  const bool is_sum = fold.kind == FoldKind::kSum || fold.kind == FoldKind::kSumOfAmounts;
  const bool is_number = is_sum || fold.kind == FoldKind::kDistinct;
  TypeId result = type;
  if (fold.kind == FoldKind::kAverage) result = Type::kDouble;
  if (fold.kind == FoldKind::kDistinct) result = Type::kInt;
  fold.query = emit_.AddQuery(draft.query);
  return emit_.Leaf({.op = Op::kFold, .index = emit_.AddFold(fold)}, result,
                    /*is_nullable=*/!is_number);
}

Status CheckPass::AddFilter(const Ast& variable, const Ast& condition, Draft& draft) {
  const size_t outer = locals_.size();
  const TypeId event = Type::kEvent;
  SPOTTER_RETURN_IF_ERROR(AddLocals(std::span(&variable, 1), std::span(&event, 1), false));
  const uint32_t before = emit_.nodes();
  SPOTTER_ASSIGN_OR_RETURN(const Checked passes, CheckOf(condition, Type::kBool));
  locals_.resize(outer);
  draft.query.slot = static_cast<int>(outer);
  draft.query.filters.push_back(passes.node);
  draft.query.steps += 1 + emit_.nodes() - before;
  draft.reads_attributes = true;
  return OkStatus();
}

// Totals are for life, attributes are not: what reads them needs a window.
Status CheckPass::CheckKept(const Ast& ast, const Draft& draft) {
  const EventQuery& query = draft.query;
  const bool is_kept_for_life = query.next.empty()
                                    ? !draft.reads_attributes || !model::IsLifetime(query.kind)
                                    : !IsKeptForLife(query.kind);
  if (is_kept_for_life || !query.bounds.is_whole_life() || query.since >= 0 || query.calendar)
    return OkStatus();
  return ErrorAt(ast.position,
                 query.next.empty()
                     ? "attributes of events are kept for 400 days, so this needs a window"
                     : "events are kept for 400 days, so a sequence needs a window",
                 "for example .within(days(400))");
}

}  // namespace spotter::segment
