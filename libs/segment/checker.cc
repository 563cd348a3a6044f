// SPDX-License-Identifier: Apache-2.0
#include "segment/checker.h"

#include <algorithm>
#include <utility>

#include "segment/check_pass.h"

namespace spotter::segment {
namespace {

bool IsNumber(Type type) { return type == Type::kInt || type == Type::kDouble; }
bool IsTimelike(Type type) { return type == Type::kTime || type == Type::kDuration; }

// As CEL's standard overloads; nullopt where there is none.
std::optional<Type> ResultOf(BinaryOp op, Type left, Type right) {
  const bool is_sum = op == BinaryOp::kAdd || op == BinaryOp::kSubtract;
  if (left == Type::kInt && right == Type::kInt) return Type::kInt;
  if (left == Type::kDouble && right == Type::kDouble && op != BinaryOp::kModulo) {
    return Type::kDouble;
  }
  if (!is_sum || !IsTimelike(left) || !IsTimelike(right)) return std::nullopt;
  const bool is_add = op == BinaryOp::kAdd;
  if (left == Type::kTime && right == Type::kTime) {
    return is_add ? std::nullopt : std::optional(Type::kDuration);
  }
  if (left == Type::kDuration && right == Type::kTime) {
    return is_add ? std::optional(Type::kTime) : std::nullopt;
  }
  return left;  // time ± duration, duration ± duration
}

// `a op b` is `b Mirrored(op) a`.
BinaryOp Mirrored(BinaryOp op) {
  switch (op) {
    case BinaryOp::kLess:
      return BinaryOp::kGreater;
    case BinaryOp::kLessEqual:
      return BinaryOp::kGreaterEqual;
    case BinaryOp::kGreater:
      return BinaryOp::kLess;
    case BinaryOp::kGreaterEqual:
      return BinaryOp::kLessEqual;
    default:
      return op;
  }
}

}  // namespace

StatusOr<Code> Check(const Ast& ast, Scope scope) { return CheckPass(scope).Run(ast); }

StatusOr<Code> CheckPass::Run(const Ast& ast) {
  SPOTTER_ASSIGN_OR_RETURN(const Checked root, CheckNode(ast));
  if (root.type != Type::kBool) {
    return ErrorAt(ast.position, fmt::format("expected a bool in all, found {}", NameOf(root.type)),
                   "compare it with something");
  }
  return emit_.Take(root);
}

StatusOr<Checked> CheckPass::CheckNode(const Ast& ast) {
  switch (ast.kind) {
    case AstKind::kLiteral:
      return CheckLiteral(ast);
    case AstKind::kName:
      return CheckName(ast);
    case AstKind::kSelect:
      return CheckSelect(ast);
    case AstKind::kCall:
      return CheckCall(ast);
    case AstKind::kMethod:
      return CheckMethod(ast);
    case AstKind::kList:
      return ErrorAt(ast.position, "a list stands only after 'in'");
    case AstKind::kNot: {
      SPOTTER_ASSIGN_OR_RETURN(const Checked operand, CheckOf(ast.children[0], Type::kBool));
      return emit_.Over({.op = Op::kNot}, Type::kBool, {operand});
    }
    case AstKind::kNegate:
      return CheckNegate(ast);
    case AstKind::kBinary:
      return CheckBinary(ast);
    case AstKind::kAnd:
    case AstKind::kOr:
      return CheckLogic(ast);
    case AstKind::kTernary:
      break;
  }
  return CheckTernary(ast);
}

StatusOr<std::vector<Checked>> CheckPass::CheckAll(std::span<const Ast> items) {
  std::vector<Checked> checked;
  for (const Ast& item : items) {
    SPOTTER_ASSIGN_OR_RETURN(const Checked one, CheckNode(item));
    checked.push_back(one);
  }
  return checked;
}

StatusOr<Checked> CheckPass::CheckOf(const Ast& ast, Type wanted) {
  SPOTTER_ASSIGN_OR_RETURN(const Checked checked, CheckNode(ast));
  if (checked.type == wanted) return checked;
  return ErrorAt(ast.position,
                 fmt::format("expected {} {}, found {}", wanted == Type::kInt ? "an" : "a",
                             NameOf(wanted), NameOf(checked.type)));
}

StatusOr<Checked> CheckPass::CheckLiteral(const Ast& ast) {
  if (const auto* flag = std::get_if<bool>(&ast.literal)) {
    return emit_.Constant(BoolValue(*flag), Type::kBool);
  }
  if (const auto* number = std::get_if<int64_t>(&ast.literal)) {
    return emit_.Constant(IntValue(*number), Type::kInt);
  }
  if (const auto* real = std::get_if<double>(&ast.literal)) {
    return emit_.Constant(DoubleValue(*real), Type::kDouble);
  }
  if (const auto* text = std::get_if<std::string>(&ast.literal)) {
    return emit_.Constant(StringValue(emit_.Intern(*text)), Type::kString);
  }
  return emit_.Constant(NullValue(), Type::kNull);
}

StatusOr<Checked> CheckPass::CheckLogic(const Ast& ast) {
  std::vector<Checked> operands;
  for (const Ast& child : ast.children) {
    SPOTTER_ASSIGN_OR_RETURN(const Checked operand, CheckOf(child, Type::kBool));
    operands.push_back(operand);
  }
  return emit_.Over({.op = ast.kind == AstKind::kAnd ? Op::kAnd : Op::kOr}, Type::kBool, operands);
}

StatusOr<Checked> CheckPass::CheckNegate(const Ast& ast) {
  SPOTTER_ASSIGN_OR_RETURN(const Checked operand, CheckNode(ast.children[0]));
  if (!IsNumber(operand.type)) {
    return ErrorAt(ast.position,
                   fmt::format("expected a number after '-', found {}", NameOf(operand.type)));
  }
  return emit_.Over({.op = Op::kNegate}, operand.type, {operand});
}

StatusOr<Checked> CheckPass::CheckTernary(const Ast& ast) {
  SPOTTER_ASSIGN_OR_RETURN(const Checked condition, CheckOf(ast.children[0], Type::kBool));
  SPOTTER_ASSIGN_OR_RETURN(const Checked yes, CheckNode(ast.children[1]));
  SPOTTER_ASSIGN_OR_RETURN(const Checked no, CheckNode(ast.children[2]));
  const bool has_null = yes.type == Type::kNull || no.type == Type::kNull;
  if (yes.type != no.type && !has_null) {
    return ErrorAt(ast.position, fmt::format("the branches of '?' are {} and {}, expected one type",
                                             NameOf(yes.type), NameOf(no.type)));
  }
  const Checked children[] = {condition, yes, no};
  return emit_.Over({.op = Op::kTernary}, yes.type == Type::kNull ? no.type : yes.type, children,
                    has_null || yes.is_nullable || no.is_nullable);
}

StatusOr<Checked> CheckPass::CheckBinary(const Ast& ast) {
  if (ast.op == BinaryOp::kIn) return CheckIn(ast);
  SPOTTER_ASSIGN_OR_RETURN(const Checked left, CheckNode(ast.children[0]));
  SPOTTER_ASSIGN_OR_RETURN(const Checked right, CheckNode(ast.children[1]));
  return IsComparison(ast.op) ? CheckComparison(ast, left, right)
                              : CheckCalculation(ast, left, right);
}

Status CheckPass::CheckEquatable(Position position, const Checked& left, const Checked& right) {
  const bool has_null = left.type == Type::kNull || right.type == Type::kNull;
  const bool can_be_null = (left.type == Type::kNull || left.is_nullable) &&
                           (right.type == Type::kNull || right.is_nullable);
  if (has_null && can_be_null) return OkStatus();
  if (has_null) {
    return ErrorAt(position, "this is never null", "has(member.name) tells whether it is known");
  }
  if (left.type == Type::kEvent && right.type == Type::kEvent) {
    return ErrorAt(position, "events are not compared", "compare their .time");
  }
  if (left.type == right.type || (IsNumber(left.type) && IsNumber(right.type))) return OkStatus();
  return ErrorAt(position,
                 fmt::format("cannot compare {} with {}", NameOf(left.type), NameOf(right.type)));
}

StatusOr<Checked> CheckPass::CheckComparison(const Ast& ast, const Checked& left,
                                             const Checked& right) {
  const bool is_equality = ast.op == BinaryOp::kEqual || ast.op == BinaryOp::kNotEqual;
  if (is_equality || (left.type != Type::kNull && right.type != Type::kNull)) {
    SPOTTER_RETURN_IF_ERROR(CheckEquatable(ast.position, left, right));
  } else {
    return ErrorAt(ast.position, "null has no order", "compare with == null or != null");
  }
  // A count against a constant changes only when one certain fact enters or leaves.
  for (const bool is_mirrored : {false, true}) {
    const Checked& count = is_mirrored ? right : left;
    const Checked& constant = is_mirrored ? left : right;
    if (emit_.NodeOf(count).op != Op::kCount || emit_.NodeOf(constant).op != Op::kConstant ||
        constant.type != Type::kInt) {
      continue;
    }
    Node node = emit_.NodeOf(count);
    node.op = Op::kCountCompare;
    node.binary = is_mirrored ? Mirrored(ast.op) : ast.op;
    constexpr int64_t kMoreThanAnyCount = int64_t{1} << 40;
    node.number = std::clamp<int64_t>(emit_.ValueOf(constant).number, -2, kMoreThanAnyCount);
    return emit_.Leaf(node, Type::kBool);
  }
  return emit_.Over({.op = Op::kCompare, .binary = ast.op}, Type::kBool, {left, right});
}

StatusOr<Checked> CheckPass::CheckCalculation(const Ast& ast, const Checked& left,
                                              const Checked& right) {
  const std::optional<Type> type = ResultOf(ast.op, left.type, right.type);
  if (type) return emit_.Over({.op = Op::kCalculate, .binary = ast.op}, *type, {left, right});
  if (left.type == Type::kString && right.type == Type::kString && ast.op == BinaryOp::kAdd) {
    return ErrorAt(ast.position, "joining strings with '+' is not in the language yet");
  }
  return ErrorAt(
      ast.position,
      fmt::format("'{}' does not take {} and {}", SymbolOf(ast.op), NameOf(left.type),
                  NameOf(right.type)),
      IsNumber(left.type) && IsNumber(right.type) ? "write both alike, 2.0 rather than 2" : "");
}

StatusOr<Checked> CheckPass::CheckIn(const Ast& ast) {
  SPOTTER_ASSIGN_OR_RETURN(const Checked needle, CheckNode(ast.children[0]));
  const Ast& list = ast.children[1];
  const bool is_tags = list.kind == AstKind::kSelect && list.name == "tags" &&
                       list.children[0].kind == AstKind::kName && list.children[0].name == "member";
  if (is_tags) {
    if (needle.type != Type::kString) {
      return ErrorAt(ast.position, fmt::format("tags are strings, found {}", NameOf(needle.type)));
    }
    emit_.DependsOn(model::FactKind::tag);
    return emit_.Over({.op = Op::kHasTag}, Type::kBool, {needle});
  }
  if (list.kind != AstKind::kList) {
    return ErrorAt(list.position, "'in' needs a list", "for example ['a', 'b'], or member.tags");
  }
  SPOTTER_ASSIGN_OR_RETURN(std::vector<Checked> children, CheckAll(list.children));
  for (size_t i = 0; i < children.size(); ++i) {
    SPOTTER_RETURN_IF_ERROR(CheckEquatable(list.children[i].position, needle, children[i]));
  }
  children.insert(children.begin(), needle);
  return emit_.Over({.op = Op::kIn}, Type::kBool, children);
}

}  // namespace spotter::segment
