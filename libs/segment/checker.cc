// SPDX-License-Identifier: Apache-2.0
#include "segment/checker.h"

#include <algorithm>
#include <utility>

#include "segment/check_pass.h"

namespace spotter::segment {
namespace {

bool IsNumber(TypeId type) {
  return type == Type::kInt || type == Type::kUint || type == Type::kDouble;
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

StatusOr<Code> Check(const Ast& ast, const Environment& environment) {
  return CheckPass(environment).Run(ast);
}

StatusOr<Code> CheckPass::Run(const Ast& ast) {
  SPOTTER_ASSIGN_OR_RETURN(const Checked root, CheckNode(ast));
  if (has_roots() && types_.Resolved(root.type) != Type::kBool) {
    return ErrorAt(ast.position,
                   fmt::format("expected a bool in all, found {}", types_.NameOf(root.type)),
                   "compare it with something");
  }
  return emit_.Take(root, types_.NameOf(root.type));
}

// Without types everything is dyn: what does not fit is an error of the evaluation.
StatusOr<Checked> CheckPass::CheckNode(const Ast& ast) {
  SPOTTER_ASSIGN_OR_RETURN(Checked checked, CheckTyped(ast));
  checked.type = is_checked() ? types_.Resolved(checked.type) : TypeId{Type::kDyn};
  return checked;
}

StatusOr<Checked> CheckPass::CheckTyped(const Ast& ast) {
  switch (ast.kind) {
    case AstKind::kLiteral:
      return CheckLiteral(ast);
    case AstKind::kName:
      return CheckName(ast);
    case AstKind::kSelect:
      return CheckSelect(ast);
    case AstKind::kIndex:
      return CheckElement(ast);
    case AstKind::kCall:
      return CheckCall(ast);
    case AstKind::kMethod:
      return CheckMethod(ast);
    case AstKind::kList:
      return CheckList(ast);
    case AstKind::kMap:
      return CheckMap(ast);
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

StatusOr<Checked> CheckPass::CheckOf(const Ast& ast, TypeId wanted) {
  SPOTTER_ASSIGN_OR_RETURN(const Checked checked, CheckNode(ast));
  if (checked.type != Type::kNull && types_.Assign(checked.type, wanted)) return checked;
  return ErrorAt(ast.position,
                 fmt::format("expected {} {}, found {}", wanted == Type::kInt ? "an" : "a",
                             types_.NameOf(wanted), types_.NameOf(checked.type)));
}

StatusOr<Checked> CheckPass::CheckLiteral(const Ast& ast) {
  if (const auto* flag = std::get_if<bool>(&ast.literal)) {
    return emit_.Constant(BoolValue(*flag), Type::kBool);
  }
  if (const auto* number = std::get_if<int64_t>(&ast.literal)) {
    return emit_.Constant(IntValue(*number), Type::kInt);
  }
  if (const auto* number = std::get_if<uint64_t>(&ast.literal)) {
    return emit_.Constant(UintValue(*number), Type::kUint);
  }
  if (const auto* real = std::get_if<double>(&ast.literal)) {
    return emit_.Constant(DoubleValue(*real), Type::kDouble);
  }
  if (const auto* text = std::get_if<std::string>(&ast.literal)) {
    return emit_.Constant(StringValue(emit_.Intern(*text)), Type::kString);
  }
  if (const auto* bytes = std::get_if<Bytes>(&ast.literal)) {
    return emit_.Constant(BytesValue(emit_.Intern(bytes->bytes)), Type::kBytes);
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
  const bool can_be =
      operand.type == Type::kInt || operand.type == Type::kDouble || types_.IsOpen(operand.type);
  if (!can_be) {
    return ErrorAt(ast.position, fmt::format("expected a number after '-', found {}",
                                             types_.NameOf(operand.type)));
  }
  return emit_.Over({.op = Op::kNegate}, operand.type, {operand});
}

StatusOr<Checked> CheckPass::CheckTernary(const Ast& ast) {
  SPOTTER_ASSIGN_OR_RETURN(const Checked condition, CheckOf(ast.children[0], Type::kBool));
  SPOTTER_ASSIGN_OR_RETURN(const Checked yes, CheckNode(ast.children[1]));
  SPOTTER_ASSIGN_OR_RETURN(const Checked no, CheckNode(ast.children[2]));
  const bool has_null = yes.type == Type::kNull || no.type == Type::kNull;
  TypeId type = yes.type == Type::kNull ? no.type : yes.type;
  if (!has_null) {
    const TypeId both = types_.Parameter();
    if (!types_.AssignAll(std::array{yes.type, no.type}, std::array{both, both})) {
      return ErrorAt(ast.position,
                     fmt::format("the branches of '?' are {} and {}, expected one type",
                                 types_.NameOf(yes.type), types_.NameOf(no.type)));
    }
    type = both;
  }
  const Checked children[] = {condition, yes, no};
  return emit_.Over({.op = Op::kTernary}, type, children,
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
  const auto can_be_null = [this](const Checked& checked) {
    return checked.type == Type::kNull || checked.is_nullable || types_.IsOpen(checked.type);
  };
  if (left.type == Type::kNull || right.type == Type::kNull) {
    if (can_be_null(left) && can_be_null(right)) return OkStatus();
    return ErrorAt(position, "this is never null", "has(member.name) tells whether it is known");
  }
  if (left.type == Type::kEvent && right.type == Type::kEvent) {
    return ErrorAt(position, "events are not compared", "compare their .time");
  }
  if (IsNumber(left.type) && IsNumber(right.type)) return OkStatus();
  if (types_.Assign(left.type, right.type)) return OkStatus();
  const bool has_list = types_.Is(left.type, "list") || types_.Is(right.type, "list");
  return ErrorAt(
      position,
      fmt::format("cannot compare {} with {}", types_.NameOf(left.type), types_.NameOf(right.type)),
      has_list ? "an element is looked for with 'in'" : "");
}

Status CheckPass::CheckOrdered(Position position, const Checked& left, const Checked& right) {
  for (const Checked& side : {left, right}) {
    if (side.type == Type::kNull) {
      return ErrorAt(position, "null has no order", "compare with == null or != null");
    }
    const bool has_order =
        types_.IsOpen(side.type) || (side.type >= Type::kBool && side.type <= Type::kDuration);
    if (!has_order) {
      return ErrorAt(position, fmt::format("{} has no order", types_.NameOf(side.type)));
    }
  }
  return CheckEquatable(position, left, right);
}

StatusOr<Checked> CheckPass::CheckComparison(const Ast& ast, const Checked& left,
                                             const Checked& right) {
  const bool is_equality = ast.op == BinaryOp::kEqual || ast.op == BinaryOp::kNotEqual;
  SPOTTER_RETURN_IF_ERROR(is_equality ? CheckEquatable(ast.position, left, right)
                                      : CheckOrdered(ast.position, left, right));
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
  const TypeId operands[] = {left.type, right.type};
  const bool has_null = left.type == Type::kNull || right.type == Type::kNull;
  const std::optional<TypeId> type = ResultOf(SymbolOf(ast.op), /*is_method=*/false, operands);
  if (type && !has_null) {
    return emit_.Over({.op = Op::kCalculate, .binary = ast.op}, *type, {left, right});
  }
  return ErrorAt(
      ast.position,
      fmt::format("'{}' does not take {} and {}", SymbolOf(ast.op), types_.NameOf(left.type),
                  types_.NameOf(right.type)),
      IsNumber(left.type) && IsNumber(right.type) ? "write both alike, 2.0 rather than 2" : "");
}

}  // namespace spotter::segment
