// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "segment/ast.h"
#include "segment/emitter.h"

namespace spotter::segment {

// One walk over the tree. The depth is that of the tree, which the parser has limited.
class CheckPass {
 public:
  explicit CheckPass(Scope scope) : scope_(scope) {}
  StatusOr<Code> Run(const Ast& ast);

 private:
  // checker.cc: operators
  StatusOr<Checked> CheckNode(const Ast& ast);
  StatusOr<std::vector<Checked>> CheckAll(std::span<const Ast> items);
  StatusOr<Checked> CheckOf(const Ast& ast, Type wanted);
  StatusOr<Checked> CheckLiteral(const Ast& ast);
  StatusOr<Checked> CheckLogic(const Ast& ast);
  StatusOr<Checked> CheckNegate(const Ast& ast);
  StatusOr<Checked> CheckTernary(const Ast& ast);
  StatusOr<Checked> CheckBinary(const Ast& ast);
  StatusOr<Checked> CheckComparison(const Ast& ast, const Checked& left, const Checked& right);
  StatusOr<Checked> CheckCalculation(const Ast& ast, const Checked& left, const Checked& right);
  StatusOr<Checked> CheckIn(const Ast& ast);
  static Status CheckEquatable(Position position, const Checked& left, const Checked& right);

  // check_names.cc: roots and functions
  StatusOr<Checked> CheckName(const Ast& ast);
  StatusOr<Checked> CheckSelect(const Ast& ast);
  StatusOr<Checked> CheckMember(const Ast& ast);
  StatusOr<Checked> CheckHas(const Ast& ast);
  StatusOr<Checked> CheckCall(const Ast& ast);
  StatusOr<Checked> CheckSegment(const Ast& ast);
  StatusOr<Checked> CheckBucket(const Ast& ast);
  StatusOr<Checked> CheckConsent(const Ast& ast);
  StatusOr<Checked> CheckTimestamp(const Ast& ast);
  StatusOr<Checked> CheckDuration(const Ast& ast);
  StatusOr<Checked> CheckUnits(const Ast& ast, int64_t unit_ms);
  static StatusOr<std::string> TextArgument(const Ast& call, size_t index);
  static Status CheckArity(const Ast& call, size_t found, size_t wanted);

  // check_events.cc: events('kind'), its windows and reducers
  struct Draft {
    EventQuery query;
    bool has_ages = false;  // within() or between()
  };
  StatusOr<Checked> CheckMethod(const Ast& ast);
  StatusOr<Draft> CheckQuery(const Ast& ast);
  StatusOr<model::FactKind> CheckKind(const Ast& ast);
  Status AddAges(const Ast& ast, Draft& draft);
  Status AddInstant(const Ast& ast, Draft& draft);
  StatusOr<int64_t> WindowLength(const Ast& ast);
  Checked Reduce(Node node, Type type, const EventQuery& query, bool is_nullable = false);

  Scope scope_;
  Emitter emit_;
};

}  // namespace spotter::segment
