// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "segment/ast.h"
#include "segment/emitter.h"
#include "segment/environment.h"
#include "segment/types.h"

namespace spotter::segment {

struct MacroForm;

// One walk over the tree. The depth is that of the tree, which the parser has limited.
class CheckPass {
 public:
  explicit CheckPass(const Environment& environment) : environment_(environment) {}
  StatusOr<Code> Run(const Ast& ast);

 private:
  // checker.cc: literals and operators
  StatusOr<Checked> CheckNode(const Ast& ast);
  StatusOr<Checked> CheckTyped(const Ast& ast);
  StatusOr<Checked> CheckOf(const Ast& ast, TypeId wanted);
  StatusOr<Checked> CheckLiteral(const Ast& ast);
  StatusOr<Checked> CheckLogic(const Ast& ast);
  StatusOr<Checked> CheckNegate(const Ast& ast);
  StatusOr<Checked> CheckTernary(const Ast& ast);
  StatusOr<Checked> CheckBinary(const Ast& ast);
  StatusOr<Checked> CheckComparison(const Ast& ast, const Checked& left, const Checked& right);
  StatusOr<Checked> CheckCalculation(const Ast& ast, const Checked& left, const Checked& right);
  Status CheckEquatable(Position position, const Checked& left, const Checked& right);
  Status CheckOrdered(Position position, const Checked& left, const Checked& right);

  // check_items.cc: lists, maps, elements and fields of them
  StatusOr<std::vector<Checked>> CheckAll(std::span<const Ast> items);
  StatusOr<Checked> CheckItem(const Ast& ast);  // no event
  StatusOr<Checked> CheckList(const Ast& ast);
  StatusOr<Checked> CheckMap(const Ast& ast);
  StatusOr<Checked> CheckElement(const Ast& ast);
  StatusOr<Checked> CheckField(const Ast& ast, Op op);
  StatusOr<Checked> CheckIn(const Ast& ast);

  // check_calls.cc: the functions of the library and of the environment
  StatusOr<Checked> CheckFunction(const Ast& ast, std::string_view name,
                                  std::span<const Ast> arguments, bool is_method);
  StatusOr<Checked> CheckExtreme(const Ast& ast, std::string_view name);
  StatusOr<Checked> Resolve(const Ast& ast, std::string_view name, bool is_method,
                            std::span<const Checked> arguments);
  std::optional<TypeId> ResultOf(std::string_view name, bool is_method,
                                 std::span<const TypeId> arguments);
  StatusOr<Checked> CheckPattern(const Ast& argument, const Checked& text, const Checked& pattern);
  Status NoOverload(const Ast& ast, std::string_view name, bool is_method,
                    std::span<const Checked> arguments);
  Status UnknownFunction(const Ast& ast, std::string_view name, bool is_method);
  bool HasFunction(std::string_view name) const;
  // What a function of the library makes of a text that is written out is looked at at once.
  static Status CheckText(const Ast& ast, std::string_view name, std::span<const Ast> arguments);

  // check_zones.cc
  // Of startOfDay(t) and nextTime(t, time), which may leave out the zone.
  bool LeavesOutZone(std::string_view name, size_t arguments) const;
  Checked MemberZone();
  Status CheckZone(const Ast& ast, const Checked& zone);
  Status CheckZoneOf(std::string_view name, std::span<const Ast> written,
                     std::span<const Checked> arguments);
  Status AddCalendar(const Ast& ast, EventQuery& query);

  // check_macros.cc
  StatusOr<std::optional<Checked>> CheckMacro(const Ast& ast);
  StatusOr<Checked> CheckLoop(const Ast& ast, const MacroForm& form);
  StatusOr<Checked> CheckBind(const Ast& ast);
  StatusOr<Checked> CheckHas(const Ast& ast);
  Status AddLocals(std::span<const Ast> names, std::span<const TypeId> types, bool is_nullable);

  // check_names.cc: names and what they are qualified with
  StatusOr<Checked> CheckName(const Ast& ast);
  StatusOr<Checked> CheckSelect(const Ast& ast);
  StatusOr<Checked> CheckCall(const Ast& ast);
  StatusOr<Checked> CheckMethod(const Ast& ast);
  std::optional<Checked> FindVariable(const std::string& name);
  std::optional<Checked> FindType(std::string_view name);
  bool IsLocal(std::string_view name) const;
  // "a.b.c" of a chain of names whose first is no local; empty for anything else.
  std::string QualifiedName(const Ast& ast) const;

  // check_member.cc: the roots of segments and journeys
  bool IsRoot(const Ast& ast, std::string_view name) const;
  StatusOr<Checked> CheckEventField(const Ast& ast, const Checked& event, bool is_has);
  StatusOr<Checked> CheckRoot(const Ast& ast);
  StatusOr<Checked> CheckEntered(const Ast& ast);
  StatusOr<Checked> CheckMember(const Ast& ast);
  StatusOr<Checked> CheckHasMember(const Ast& field);
  StatusOr<Checked> CheckSegment(const Ast& ast);
  StatusOr<Checked> CheckBucket(const Ast& ast);
  StatusOr<Checked> CheckConsent(const Ast& ast);
  StatusOr<Checked> CheckUnits(const Ast& ast, int64_t unit_ms);
  static StatusOr<std::string> TextArgument(const Ast& call, size_t index);
  static Status CheckArity(const Ast& call, size_t found, size_t wanted);

  // check_events.cc: events('kind') and its windows
  struct Draft {
    EventQuery query;
    bool has_ages = false;          // within() or between()
    bool reads_attributes = false;  // which are kept for 400 days
  };
  bool IsQuery(const Ast& ast) const;
  StatusOr<Draft> CheckQuery(const Ast& ast);
  StatusOr<model::FactKind> CheckKind(const Ast& call, size_t index);
  Status AddAges(const Ast& ast, Draft& draft);
  Status AddNext(const Ast& ast, Draft& draft);
  Status AddInstant(const Ast& ast, Draft& draft);
  StatusOr<int64_t> WindowLength(const Ast& ast);

  // check_reducers.cc: filters, and what a window is asked for
  StatusOr<Checked> CheckReducer(const Ast& ast);
  StatusOr<Checked> CheckFold(const Ast& ast);
  Status AddFilter(const Ast& variable, const Ast& condition, Draft& draft);
  Status CheckKept(const Ast& ast, const Draft& draft);
  Checked Reduce(Node node, TypeId type, const EventQuery& query, bool is_nullable = false);

  // A mistake that only a checked expression is refused for.
  StatusOr<Checked> Mistake(Status error) {
    if (environment_.is_checked) return error;
    return emit_.Leaf({.op = Op::kFailure, .text = emit_.Intern(std::string(MessageOf(error)))},
                      Type::kDyn);
  }
  bool is_checked() const { return environment_.is_checked; }
  bool has_roots() const { return environment_.scope.has_value(); }

  struct Local {
    std::string name;
    uint32_t slot;
    TypeId type;
    bool is_nullable;
  };
  const Environment& environment_;
  TypeTable types_;
  Emitter emit_;
  std::vector<Local> locals_;
};

}  // namespace spotter::segment
