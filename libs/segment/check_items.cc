// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "segment/check_pass.h"

namespace spotter::segment {

StatusOr<Checked> CheckPass::CheckItem(const Ast& ast) {
  SPOTTER_ASSIGN_OR_RETURN(const Checked item, CheckNode(ast));
  if (item.type != Type::kEvent) return item;
  return ErrorAt(ast.position, "an event is looked at where it is found",
                 "use its attributes, such as .time and .amount");
}

StatusOr<std::vector<Checked>> CheckPass::CheckAll(std::span<const Ast> items) {
  std::vector<Checked> checked;
  for (const Ast& item : items) {
    SPOTTER_ASSIGN_OR_RETURN(const Checked one, CheckItem(item));
    checked.push_back(one);
  }
  return checked;
}

StatusOr<Checked> CheckPass::CheckList(const Ast& ast) {
  SPOTTER_ASSIGN_OR_RETURN(const std::vector<Checked> elements, CheckAll(ast.children));
  TypeId type = elements.empty() ? types_.Parameter() : elements[0].type;
  for (const Checked& element : elements) type = types_.Join(type, element.type);
  return emit_.Over({.op = Op::kList}, types_.ListOf(type), elements);
}

StatusOr<Checked> CheckPass::CheckMap(const Ast& ast) {
  SPOTTER_ASSIGN_OR_RETURN(const std::vector<Checked> items, CheckAll(ast.children));
  TypeId key = items.empty() ? types_.Parameter() : items[0].type;
  TypeId value = items.empty() ? types_.Parameter() : items[1].type;
  for (size_t i = 0; i < items.size(); i += 2) {
    const TypeId type = items[i].type;
    const bool can_be_key = types_.IsOpen(type) || type == Type::kBool || type == Type::kInt ||
                            type == Type::kUint || type == Type::kString;
    if (!can_be_key) {
      return ErrorAt(ast.children[i].position,
                     fmt::format("{} cannot be a key", types_.NameOf(type)),
                     "keys are bools, ints, uints or strings");
    }
    key = types_.Join(key, type);
    value = types_.Join(value, items[i + 1].type);
  }
  return emit_.Over({.op = Op::kMap}, types_.MapOf(key, value), items);
}

StatusOr<Checked> CheckPass::CheckElement(const Ast& ast) {
  SPOTTER_ASSIGN_OR_RETURN(const Checked target, CheckItem(ast.children[0]));
  SPOTTER_ASSIGN_OR_RETURN(const Checked index, CheckItem(ast.children[1]));
  const TypeId operands[] = {target.type, index.type};
  if (const auto type = ResultOf("[]", /*is_method=*/false, operands)) {
    return emit_.Over({.op = Op::kElement}, *type, {target, index});
  }
  return ErrorAt(ast.position, fmt::format("{} has no element at {}", types_.NameOf(target.type),
                                           types_.NameOf(index.type)));
}

// target.name, or has(target.name), of a map.
StatusOr<Checked> CheckPass::CheckField(const Ast& ast, Op op) {
  SPOTTER_ASSIGN_OR_RETURN(const Checked target, CheckNode(ast.children[0]));
  if (target.type == Type::kEvent) return CheckEventField(ast, target, op == Op::kHasField);
  TypeId type = Type::kDyn;
  if (types_.Is(target.type, "map")) {
    type = types_.Argument(target.type, 1);
  } else if (!types_.IsOpen(target.type)) {
    return ErrorAt(ast.position,
                   fmt::format("a {} has no attribute '{}'", types_.NameOf(target.type), ast.name));
  }
  return emit_.Over({.op = op, .text = emit_.Intern(ast.name)},
                    op == Op::kField ? type : TypeId{Type::kBool}, {target});
}

StatusOr<Checked> CheckPass::CheckIn(const Ast& ast) {
  SPOTTER_ASSIGN_OR_RETURN(const Checked needle, CheckItem(ast.children[0]));
  const Ast& list = ast.children[1];
  if (list.kind == AstKind::kSelect && list.name == "tags" && IsRoot(list.children[0], "member")) {
    if (!types_.IsOpen(needle.type) && needle.type != Type::kString) {
      return ErrorAt(ast.position,
                     fmt::format("tags are strings, found {}", types_.NameOf(needle.type)));
    }
    emit_.DependsOn(model::FactKind::tag);
    return emit_.Over({.op = Op::kHasTag}, Type::kBool, {needle});
  }
  if (list.kind != AstKind::kList) {
    SPOTTER_ASSIGN_OR_RETURN(const Checked haystack, CheckItem(list));
    const TypeId operands[] = {needle.type, haystack.type};
    if (ResultOf("in", /*is_method=*/false, operands)) {
      return emit_.Over({.op = Op::kContains}, Type::kBool, {needle, haystack});
    }
    const bool has_elements = types_.Is(haystack.type, "list") || types_.Is(haystack.type, "map");
    if (!has_elements) {
      return ErrorAt(list.position, "'in' needs a list or a map",
                     "for example ['a', 'b'], or member.tags");
    }
    return ErrorAt(ast.position, fmt::format("{} is never in {}", types_.NameOf(needle.type),
                                             types_.NameOf(haystack.type)));
  }
  // A list that is written out is not made.
  SPOTTER_ASSIGN_OR_RETURN(std::vector<Checked> children, CheckAll(list.children));
  TypeId type = children.empty() ? TypeId{Type::kDyn} : children[0].type;
  for (const Checked& child : children) type = types_.Join(type, child.type);
  for (size_t i = 0; i < children.size() && !types_.IsOpen(type); ++i) {
    SPOTTER_RETURN_IF_ERROR(CheckEquatable(list.children[i].position, needle, children[i]));
  }
  children.insert(children.begin(), needle);
  return emit_.Over({.op = Op::kIn}, Type::kBool, children);
}

}  // namespace spotter::segment
