// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "segment/check_pass.h"
#include "segment/functions.h"
#include "segment/literals.h"
#include "segment/names.h"
#include "segment/pattern.h"

namespace spotter::segment {
namespace {

std::vector<const Overload*> OverloadsOf(std::string_view name, bool is_method, size_t arity) {
  std::vector<const Overload*> found;
  for (const Overload& overload : FindOverloads(name)) {
    if (overload.is_method == is_method && overload.kinds.size() == arity) {
      found.push_back(&overload);
    }
  }
  return found;
}

bool IsExtreme(std::string_view name) { return name == "math.greatest" || name == "math.least"; }

}  // namespace

bool CheckPass::HasFunction(std::string_view name) const {
  return !FindOverloads(name).empty() ||
         std::ranges::count(environment_.functions, name, &Environment::Function::name) > 0;
}

// The result of every overload that takes the arguments; dyn where they differ.
std::optional<TypeId> CheckPass::ResultOf(std::string_view name, bool is_method,
                                          std::span<const TypeId> arguments) {
  std::optional<TypeId> result;
  const auto try_signature = [&](std::string_view text) {
    const Signature signature = ParseSignature(text, types_);
    if (signature.is_method != is_method) return;
    if (!types_.AssignAll(arguments, signature.parameters)) return;
    const bool is_same = !result || types_.IsSame(*result, signature.result);
    result = is_same ? signature.result : TypeId{Type::kDyn};
  };
  for (const Overload& overload : FindOverloads(name)) try_signature(overload.function->signature);
  for (const Environment::Function& function : environment_.functions) {
    if (function.name == name) try_signature(function.signature);
  }
  return result;
}

StatusOr<Checked> CheckPass::CheckFunction(const Ast& ast, std::string_view name,
                                           std::span<const Ast> arguments, bool is_method) {
  if (IsExtreme(name)) return CheckExtreme(ast, name);
  SPOTTER_ASSIGN_OR_RETURN(std::vector<Checked> checked, CheckAll(arguments));
  if (LeavesOutZone(name, checked.size())) checked.push_back(MemberZone());
  if (is_checked()) SPOTTER_RETURN_IF_ERROR(CheckText(ast, name, arguments));
  SPOTTER_RETURN_IF_ERROR(CheckZoneOf(name, arguments, checked));
  if (name == "matches" && checked.size() == 2 && emit_.NodeOf(checked[1]).op == Op::kConstant &&
      emit_.ValueOf(checked[1]).kind == ValueKind::kString) {
    if (ResultOf(name, is_method, std::array{checked[0].type, checked[1].type})) {
      return CheckPattern(arguments[1], checked[0], checked[1]);
    }
  }
  return Resolve(ast, name, is_method, checked);
}

StatusOr<Checked> CheckPass::Resolve(const Ast& ast, std::string_view name, bool is_method,
                                     std::span<const Checked> arguments) {
  std::vector<TypeId> given;
  bool has_null = false;
  for (const Checked& argument : arguments) {
    given.push_back(argument.type);
    has_null = has_null || (argument.type == Type::kNull && name != "type" && name != "dyn");
  }
  const std::optional<TypeId> type = has_null ? std::nullopt : ResultOf(name, is_method, given);
  if (!type) return Mistake(NoOverload(ast, name, is_method, arguments));
  std::vector<const Overload*> overloads = OverloadsOf(name, is_method, arguments.size());
  // One that an environment declared is there for its type.
  if (overloads.empty()) return emit_.Leaf({.op = Op::kFailure, .text = kNoOverload}, *type);
  return emit_.Over({.op = Op::kCall, .index = emit_.AddCall(std::move(overloads))}, *type,
                    arguments);
}

Status CheckPass::UnknownFunction(const Ast& ast, std::string_view name, bool is_method) {
  std::vector<std::string_view> names(is_method ? MethodNames().begin() : FunctionNames().begin(),
                                      is_method ? MethodNames().end() : FunctionNames().end());
  const std::span<const std::string_view> own =
      is_method ? MacroAndWindowNames() : RootFunctionNames();
  names.insert(names.end(), own.begin(), own.end());
  return UnknownName("function", name, ast.position, names);
}

Status CheckPass::NoOverload(const Ast& ast, std::string_view name, bool is_method,
                             std::span<const Checked> arguments) {
  std::vector<std::string> takes;
  bool has_arity = false;
  size_t wanted = 0;
  for (const Overload& overload : FindOverloads(name)) {
    if (overload.is_method != is_method) continue;
    wanted = overload.kinds.size() - (is_method ? 1 : 0);
    has_arity = has_arity || overload.kinds.size() == arguments.size();
    takes.emplace_back(
        overload.function->signature.substr(0, overload.function->signature.find(" ->")));
  }
  if (takes.empty()) return UnknownFunction(ast, name, is_method);
  if (!has_arity) return CheckArity(ast, arguments.size() - (is_method ? 1 : 0), wanted);
  std::vector<std::string> found;
  for (const Checked& argument : arguments) found.push_back(types_.NameOf(argument.type));
  return ErrorAt(ast.position, fmt::format("{}() does not take {}", name, fmt::join(found, ", ")),
                 fmt::format("expected {}", fmt::join(takes, " or ")));
}

// Several arguments, or one that is no list, are looked through as the list of them.
StatusOr<Checked> CheckPass::CheckExtreme(const Ast& ast, std::string_view name) {
  const std::span<const Ast> written = std::span(ast.children).subspan(1);
  SPOTTER_ASSIGN_OR_RETURN(const std::vector<Checked> arguments, CheckAll(written));
  if (arguments.empty()) return CheckArity(ast, 0, 1);
  if (arguments.size() == 1 && types_.Is(arguments[0].type, "list")) {
    return Resolve(ast, name, /*is_method=*/false, arguments);
  }
  TypeId type = arguments[0].type;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const TypeId given = arguments[i].type;
    if (given != Type::kInt && given != Type::kUint && given != Type::kDouble &&
        !types_.IsOpen(given)) {
      return ErrorAt(written[i].position,
                     fmt::format("expected a number, found {}", types_.NameOf(given)));
    }
    type = types_.Join(type, given);
  }
  const Checked list = emit_.Over({.op = Op::kList}, types_.ListOf(type), arguments);
  return Resolve(ast, name, /*is_method=*/false, std::span(&list, 1));
}

StatusOr<Checked> CheckPass::CheckPattern(const Ast& argument, const Checked& text,
                                          const Checked& pattern) {
  StatusOr<Pattern> compiled = Pattern::Compile(emit_.ValueOf(pattern).text);
  if (!compiled.ok()) return Mistake(ErrorAt(argument.position, MessageOf(compiled.status())));
  return emit_.Over({.op = Op::kMatches, .index = emit_.AddPattern(*std::move(compiled))},
                    Type::kBool, {text});
}

Status CheckPass::CheckText(const Ast& ast, std::string_view name, std::span<const Ast> arguments) {
  if (ast.kind != AstKind::kCall || arguments.size() != 1) return OkStatus();
  const auto* text = std::get_if<std::string>(&arguments[0].literal);
  if (arguments[0].kind != AstKind::kLiteral || text == nullptr) return OkStatus();
  Status status;
  if (name == "timestamp") status = ParseTimestampText(*text).status();
  if (name == "duration") status = ParseDurationText(*text).status();
  return status.ok() ? status : ErrorAt(arguments[0].position, MessageOf(status));
}

}  // namespace spotter::segment
