// SPDX-License-Identifier: Apache-2.0
//
// What reads a time zone: one that is written out, whose rules whoever installs the expression can
// look for, one that is computed, or the member's.
#include "segment/calendar.h"
#include "segment/check_pass.h"

namespace spotter::segment {

bool CheckPass::LeavesOutZone(std::string_view name, size_t arguments) const {
  if (!has_roots()) return false;
  return (name == "startOfDay" && arguments == 1) || (name == "nextTime" && arguments == 2);
}

Checked CheckPass::MemberZone() {
  emit_.DependsOn(model::AttributeId::time_zone);
  emit_.DependsOnZones();
  return emit_.Leaf({.op = Op::kZone}, Type::kString);
}

Status CheckPass::CheckZone(const Ast& ast, const Checked& zone) {
  if (!has_roots()) return OkStatus();
  if (!zone.is_constant()) {
    emit_.DependsOnZones();
    return OkStatus();
  }
  const Value name = emit_.ValueOf(zone);
  if (name.is_error() || IsFixedZone(name.text)) return OkStatus();
  if (name.text.empty() || name.text[0] == '+' || name.text[0] == '-') {
    return ErrorAt(ast.position, fmt::format("'{}' is no time zone", name.text),
                   "expected a name such as 'Europe/Berlin', or an offset such as '+05:30'");
  }
  emit_.DependsOnZones();
  emit_.DependsOn(NamedZone{
      .name = std::string(name.text), .line = ast.position.line, .column = ast.position.column});
  return OkStatus();
}

// Of a function of the library that takes one: the last argument of those that do.
Status CheckPass::CheckZoneOf(std::string_view name, std::span<const Ast> written,
                              std::span<const Checked> arguments) {
  const bool is_clock = name.starts_with("get") && arguments.size() == 2;
  const bool is_next = name == "nextTime" && arguments.size() == 3;
  if (is_next && is_checked() && arguments[1].is_constant()) {
    const Value time = emit_.ValueOf(arguments[1]);
    if (time.kind == ValueKind::kString && !ParseTimeOfDay(time.text)) {
      return ErrorAt(written[1].position, fmt::format("'{}' is no time of day", time.text),
                     "expected one such as '09:30'");
    }
  }
  if (arguments.size() > written.size()) return OkStatus();  // the member's
  if (!is_clock && !is_next && !(name == "startOfDay" && arguments.size() == 2)) return OkStatus();
  return arguments.back().type == Type::kString ? CheckZone(written.back(), arguments.back())
                                                : OkStatus();
}

// .calendarWeek() and .calendarMonth(), of the member's zone or of another.
Status CheckPass::AddCalendar(const Ast& ast, EventQuery& query) {
  if (query.calendar) return ErrorAt(ast.position, "a window has one calendar period only");
  if (ast.children.size() > 2) return CheckArity(ast, ast.children.size() - 1, 1);
  query.calendar = Calendar{.period = ast.name == "calendarWeek" ? Period::kWeek : Period::kMonth};
  if (ast.children.size() == 1) {
    query.zone = MemberZone().node;
    return OkStatus();
  }
  SPOTTER_ASSIGN_OR_RETURN(const Checked zone, CheckOf(ast.children[1], Type::kString));
  query.zone = zone.node;
  return CheckZone(ast.children[1], zone);
}

}  // namespace spotter::segment
