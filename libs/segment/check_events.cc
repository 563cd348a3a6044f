// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "segment/check_pass.h"
#include "segment/names.h"

namespace spotter::segment {
namespace {

using model::FactKind;

constexpr int64_t kKeepMs = model::kTimelineKeep.count();
constexpr std::string_view kKeepReason = "facts are kept for 400 days";

bool IsWindow(std::string_view name) {
  return name == "within" || name == "between" || name == "since" || name == "before" ||
         name == "filter" || name == "then" || name == "calendarWeek" || name == "calendarMonth";
}

}  // namespace

bool CheckPass::IsQuery(const Ast& ast) const {
  if (ast.kind == AstKind::kCall) return ast.name == "events";
  // A misspelt window is one of events as well, and so is what follows it.
  return ast.kind == AstKind::kMethod && !IsReducerName(ast.name) && IsQuery(ast.children[0]);
}

StatusOr<CheckPass::Draft> CheckPass::CheckQuery(const Ast& ast) {
  if (ast.kind == AstKind::kCall && ast.name == "events") {
    Draft draft;
    SPOTTER_RETURN_IF_ERROR(CheckArity(ast, ast.children.size(), 1));
    SPOTTER_ASSIGN_OR_RETURN(draft.query.kind, CheckKind(ast, 0));
    // Nothing older can be counted on to be there.
    if (!IsKeptForLife(draft.query.kind)) draft.query.bounds.far = kKeepMs - 1;
    return draft;
  }
  const bool is_method = ast.kind == AstKind::kMethod && !IsReducerName(ast.name);
  if (!is_method || !(IsWindow(ast.name) || IsQuery(ast))) {
    SPOTTER_RETURN_IF_ERROR(CheckNode(ast).status());  // a misspelt name is the likelier fault
    return ErrorAt(ast.position, "expected events('kind') and its windows before the dot");
  }
  if (!IsWindow(ast.name)) {
    return UnknownName("function", ast.name, ast.position, WindowNames());
  }
  SPOTTER_ASSIGN_OR_RETURN(Draft draft, CheckQuery(ast.children[0]));
  if (ast.name == "filter") {
    SPOTTER_RETURN_IF_ERROR(CheckArity(ast, ast.children.size() - 1, 2));
    SPOTTER_RETURN_IF_ERROR(AddFilter(ast.children[1], ast.children[2], draft));
  } else if (ast.name == "then") {
    SPOTTER_RETURN_IF_ERROR(AddNext(ast, draft));
  } else if (ast.name.starts_with("calendar")) {
    SPOTTER_RETURN_IF_ERROR(AddCalendar(ast, draft.query));
  } else if (ast.name == "within" || ast.name == "between") {
    SPOTTER_RETURN_IF_ERROR(AddAges(ast, draft));
  } else {
    SPOTTER_RETURN_IF_ERROR(AddInstant(ast, draft));
  }
  return draft;
}

// The kind that an argument of a call names.
StatusOr<FactKind> CheckPass::CheckKind(const Ast& call, size_t index) {
  SPOTTER_ASSIGN_OR_RETURN(const std::string name, TextArgument(call, index));
  const FactKind kind = model::FindFactKind(name);
  if (kind != FactKind::unspecified) return kind;
  return UnknownName("fact kind", name, call.children[index].position, FactKindNames());
}

// A constant length of time, 0 to 400 days.
StatusOr<int64_t> CheckPass::WindowLength(const Ast& ast) {
  constexpr std::string_view kExample = "for example days(14)";
  SPOTTER_ASSIGN_OR_RETURN(const Checked checked, CheckNode(ast));
  if (checked.type == Type::kNull || !types_.Assign(checked.type, Type::kDuration)) {
    return ErrorAt(
        ast.position,
        fmt::format("a window's length is a duration, found {}", types_.NameOf(checked.type)),
        kExample);
  }
  if (!checked.is_constant()) {
    return ErrorAt(ast.position, "a window's length must be constant", kExample);
  }
  const Value value = emit_.ValueOf(checked);
  // days(3650000) is no duration any more: for a window it is too long like days(401).
  const bool is_too_long = value.is_error() && value.text == kDurationRange;
  if (value.is_error() && !is_too_long) return ErrorAt(ast.position, value.text);
  if (value.number < 0) return ErrorAt(ast.position, "a window's length may not be negative");
  if (is_too_long || value.number > kKeepMs) {
    return ErrorAt(ast.position, "a window may reach back 400 days at most", kKeepReason);
  }
  return value.number;
}

Status CheckPass::AddAges(const Ast& ast, Draft& draft) {
  const bool is_between = ast.name == "between";
  if (draft.has_ages) return ErrorAt(ast.position, "a window has one within() or between() only");
  draft.has_ages = true;
  SPOTTER_RETURN_IF_ERROR(CheckArity(ast, ast.children.size() - 1, is_between ? 2 : 1));
  int64_t near = 0;
  if (is_between) {
    SPOTTER_ASSIGN_OR_RETURN(near, WindowLength(ast.children[1]));
  }
  SPOTTER_ASSIGN_OR_RETURN(const int64_t far, WindowLength(ast.children.back()));
  if (far <= near) {
    return ErrorAt(ast.children.back().position, "a window must be longer than zero",
                   is_between ? "between(near, far) takes the nearer age first" : "");
  }
  WindowBounds& bounds = draft.query.bounds;
  bounds.near = std::max(bounds.near, near);
  bounds.far = std::min(bounds.far, far - 1);  // half-open: an age of exactly `far` is outside
  return OkStatus();
}

// .then('kind', length)
Status CheckPass::AddNext(const Ast& ast, Draft& draft) {
  constexpr size_t kNextMax = 8;
  SPOTTER_RETURN_IF_ERROR(CheckArity(ast, ast.children.size() - 1, 2));
  if (draft.query.next.size() == kNextMax) {
    return ErrorAt(ast.position, fmt::format("a sequence has over {} steps", kNextMax));
  }
  NextEvent next;
  SPOTTER_ASSIGN_OR_RETURN(next.kind, CheckKind(ast, 1));
  SPOTTER_ASSIGN_OR_RETURN(next.within_ms, WindowLength(ast.children[2]));
  if (next.within_ms == 0) {
    return ErrorAt(ast.children[2].position, "a sequence's step must be longer than zero");
  }
  emit_.DependsOn(next.kind);
  draft.query.next.push_back(next);
  return OkStatus();
}

Status CheckPass::AddInstant(const Ast& ast, Draft& draft) {
  const bool is_since = ast.name == "since";
  int& bound = is_since ? draft.query.since : draft.query.before;
  if (bound >= 0) return ErrorAt(ast.position, fmt::format("a window has one {}() only", ast.name));
  SPOTTER_RETURN_IF_ERROR(CheckArity(ast, ast.children.size() - 1, 1));
  const Ast& argument = ast.children[1];
  SPOTTER_ASSIGN_OR_RETURN(const Checked at, CheckOf(argument, Type::kTime));
  bound = static_cast<int>(at.node);
  if (at.uses_member || at.slots != 0) return OkStatus();
  const Value value = emit_.ValueOf(at);
  if (value.is_error()) return ErrorAt(argument.position, value.text);
  if (value.slope == 1 && -value.number > kKeepMs) {
    return ErrorAt(argument.position, "a window may reach back 400 days at most", kKeepReason);
  }
  return OkStatus();
}

}  // namespace spotter::segment
