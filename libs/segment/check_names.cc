// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "segment/check_pass.h"
#include "segment/functions.h"
#include "segment/names.h"

namespace spotter::segment {
namespace {

// The names that `name` may have in a container, the innermost first.
std::vector<std::string> Candidates(std::string_view container, std::string_view name) {
  std::vector<std::string> candidates;
  if (name.starts_with('.')) return {std::string(name.substr(1))};
  while (!container.empty()) {
    candidates.push_back(fmt::format("{}.{}", container, name));
    const size_t dot = container.rfind('.');
    container = container.substr(0, dot == std::string_view::npos ? 0 : dot);
  }
  candidates.emplace_back(name);
  return candidates;
}

}  // namespace

bool CheckPass::IsLocal(std::string_view name) const {
  return std::ranges::count(locals_, name, &Local::name) > 0;
}

std::string CheckPass::QualifiedName(const Ast& ast) const {
  if (ast.kind == AstKind::kName) return IsLocal(ast.name) ? "" : ast.name;
  if (ast.kind != AstKind::kSelect) return "";
  const std::string target = QualifiedName(ast.children[0]);
  return target.empty() ? "" : target + "." + ast.name;
}

std::optional<Checked> CheckPass::FindVariable(const std::string& name) {
  for (const std::string& candidate : Candidates(environment_.container, name)) {
    const auto at =
        std::ranges::find(environment_.variables, candidate, &Environment::Variable::name);
    if (at == environment_.variables.end()) continue;
    const auto index = static_cast<uint32_t>(at - environment_.variables.begin());
    const TypeId type = ParseSignature("() -> " + at->type, types_).result;
    return emit_.Leaf({.op = Op::kVariable, .index = index}, type);
  }
  return std::nullopt;
}

// The name of a type is a value: type(1) == int.
std::optional<Checked> CheckPass::FindType(std::string_view name) {
  static constexpr std::pair<std::string_view, TypeId> kTypes[] = {
      {"bool", Type::kBool},
      {"int", Type::kInt},
      {"uint", Type::kUint},
      {"double", Type::kDouble},
      {"string", Type::kString},
      {"bytes", Type::kBytes},
      {"null_type", Type::kNull},
      {"list", Type::kDyn},
      {"map", Type::kDyn},
      {"type", Type::kDyn},
      {"google.protobuf.Timestamp", Type::kTime},
      {"google.protobuf.Duration", Type::kDuration}};
  if (name.starts_with('.')) name.remove_prefix(1);
  for (const auto& [known, type] : kTypes) {
    if (known == name) return emit_.Constant(TypeValue(known), types_.TypeOf(type));
  }
  return std::nullopt;
}

StatusOr<Checked> CheckPass::CheckName(const Ast& ast) {
  for (size_t i = locals_.size(); i > 0; --i) {
    const Local& local = locals_[i - 1];
    if (local.name == ast.name) return emit_.Local(local.slot, local.type, local.is_nullable);
  }
  if (const auto variable = FindVariable(ast.name)) return *variable;
  if (has_roots() && std::ranges::count(RootNames(), ast.name) > 0) return CheckRoot(ast);
  if (const auto type = FindType(ast.name)) return *type;
  const bool is_function = HasFunction(ast.name) ||
                           (has_roots() && std::ranges::count(RootFunctionNames(), ast.name) > 0);
  if (is_function) {
    return Mistake(ErrorAt(ast.position, fmt::format("'{}' is a function", ast.name),
                           fmt::format("write {}(...)", ast.name)));
  }
  std::vector<std::string_view> names;
  if (has_roots()) names.assign(RootNames().begin(), RootNames().end());
  for (const auto& variable : environment_.variables) names.push_back(variable.name);
  for (const Local& local : locals_) names.push_back(local.name);
  return Mistake(UnknownName("name", ast.name, ast.position, names));
}

StatusOr<Checked> CheckPass::CheckSelect(const Ast& ast) {
  const std::string name = QualifiedName(ast);
  if (!name.empty()) {
    if (const auto variable = FindVariable(name)) return *variable;
    if (const auto type = FindType(name)) return *type;
    if (name.starts_with("google.protobuf.") || name.starts_with(".google.protobuf.")) {
      return Mistake(ErrorAt(ast.position, fmt::format("'{}' is not in the language", name),
                             "protobuf messages, enums and Any are out"));
    }
  }
  const Ast& target = ast.children[0];
  if (IsRoot(target, "member")) return CheckMember(ast);
  if (IsRoot(target, "journey") || IsRoot(target, "step")) return CheckEntered(ast);
  return CheckField(ast, Op::kField);
}

StatusOr<Checked> CheckPass::CheckCall(const Ast& ast) {
  SPOTTER_ASSIGN_OR_RETURN(const std::optional<Checked> macro, CheckMacro(ast));
  if (macro) return *macro;
  const std::string_view name =
      std::string_view(ast.name).substr(ast.name.starts_with('.') ? 1 : 0);
  if (has_roots()) {
    if (name == "events") {
      return ErrorAt(ast.position, "events() is asked for something",
                     "for example events('visit').within(days(14)).count()");
    }
    if (name == "segment") return CheckSegment(ast);
    if (name == "bucket") return CheckBucket(ast);
    if (name == "consent") return CheckConsent(ast);
    if (const int64_t unit_ms = UnitOf(name); unit_ms > 0) return CheckUnits(ast, unit_ms);
  }
  if (!HasFunction(name)) return Mistake(UnknownFunction(ast, name, /*is_method=*/false));
  return CheckFunction(ast, name, ast.children, /*is_method=*/false);
}

StatusOr<Checked> CheckPass::CheckMethod(const Ast& ast) {
  const Ast& target = ast.children[0];
  const bool is_macro_too =
      (ast.name == "exists" || ast.name == "filter") && ast.children.size() > 1;
  const bool is_window = std::ranges::count(WindowNames(), ast.name) > 0 && !is_macro_too;
  if (has_roots() && (IsQuery(target) || is_window)) return CheckReducer(ast);
  SPOTTER_ASSIGN_OR_RETURN(const std::optional<Checked> macro, CheckMacro(ast));
  if (macro) return *macro;
  // math.abs(x): the function of a name that is qualified, unless the name is a variable.
  std::string name = QualifiedName(target);
  if (!name.empty()) {
    if (name == "optional") {
      return Mistake(ErrorAt(target.position, "optional values are not in the language",
                             "has(x.y) ? x.y : otherwise"));
    }
    name = (name.starts_with('.') ? name.substr(1) : name) + "." + ast.name;
    if (HasFunction(name)) {
      return CheckFunction(ast, name, std::span(ast.children).subspan(1), /*is_method=*/false);
    }
    const std::string_view space = std::string_view(name).substr(0, name.find('.') + 1);
    const bool is_space = std::ranges::any_of(
        FunctionNames(), [&](std::string_view known) { return known.starts_with(space); });
    if (is_space && !FindVariable(target.name)) {
      return Mistake(UnknownFunction(ast, name, /*is_method=*/false));
    }
  }
  if (!HasFunction(ast.name)) {
    // A misspelt name before the dot is the likelier fault.
    SPOTTER_RETURN_IF_ERROR(CheckNode(target).status());
    return Mistake(UnknownFunction(ast, ast.name, /*is_method=*/true));
  }
  return CheckFunction(ast, ast.name, ast.children, /*is_method=*/true);
}

}  // namespace spotter::segment
