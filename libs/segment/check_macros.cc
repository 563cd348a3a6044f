// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "segment/check_pass.h"
#include "segment/names.h"

namespace spotter::segment {

// range.name(x, …) or range.name(i, x, …): how many variables, filters and bodies.
struct MacroForm {
  std::string_view name;
  LoopKind kind;
  size_t variables;
  bool has_filter;
  bool has_body;
};

namespace {

constexpr std::array<MacroForm, 15> kForms = {{
    {"all", LoopKind::kAll, 1, false, true},
    {"all", LoopKind::kAll, 2, false, true},
    {"exists", LoopKind::kExists, 1, false, true},
    {"exists", LoopKind::kExists, 2, false, true},
    {"exists_one", LoopKind::kExistsOne, 1, false, true},
    {"existsOne", LoopKind::kExistsOne, 1, false, true},
    {"exists_one", LoopKind::kExistsOne, 2, false, true},
    {"existsOne", LoopKind::kExistsOne, 2, false, true},
    {"map", LoopKind::kList, 1, false, true},
    {"map", LoopKind::kList, 1, true, true},
    {"filter", LoopKind::kList, 1, true, false},
    {"transformList", LoopKind::kList, 2, false, true},
    {"transformList", LoopKind::kList, 2, true, true},
    {"transformMap", LoopKind::kMap, 2, false, true},
    {"transformMap", LoopKind::kMap, 2, true, true},
}};

bool IsBool(LoopKind kind) { return kind <= LoopKind::kExistsOne; }

}  // namespace

// nullopt: `ast` is no macro.
StatusOr<std::optional<Checked>> CheckPass::CheckMacro(const Ast& ast) {
  if (ast.kind == AstKind::kCall) {
    if (ast.name != "has") return std::optional<Checked>();
    SPOTTER_ASSIGN_OR_RETURN(const Checked has, CheckHas(ast));
    return std::optional(has);
  }
  if (ast.name == "bind" && QualifiedName(ast.children[0]) == "cel") {
    SPOTTER_ASSIGN_OR_RETURN(const Checked bind, CheckBind(ast));
    return std::optional(bind);
  }
  bool is_name = false;
  for (const MacroForm& form : kForms) {
    if (form.name != ast.name) continue;
    is_name = true;
    const size_t arguments =
        form.variables + (form.has_filter ? 1U : 0U) + (form.has_body ? 1U : 0U);
    if (ast.children.size() - 1 != arguments) continue;
    SPOTTER_ASSIGN_OR_RETURN(const Checked loop, CheckLoop(ast, form));
    return std::optional(loop);
  }
  if (!is_name) return std::optional<Checked>();
  return ErrorAt(ast.position, fmt::format("{}() takes a variable and a condition", ast.name),
                 fmt::format("for example list.{}(x, x > 0)", ast.name));
}

Status CheckPass::AddLocals(std::span<const Ast> names, std::span<const TypeId> types,
                            bool is_nullable) {
  constexpr uint32_t kSlotsMax = 64;
  const auto first = static_cast<uint32_t>(locals_.size());
  const auto end = first + static_cast<uint32_t>(names.size());
  if (end > kSlotsMax) {
    return ErrorAt(names[0].position, fmt::format("macros have over {} variables in one another "
                                                  "(variable limit)",
                                                  kSlotsMax));
  }
  emit_.NeedSlots(end);
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i].kind != AstKind::kName || names[i].name.starts_with('.')) {
      return ErrorAt(names[i].position, "a macro's variable is a plain name");
    }
    if (i > 0 && names[i].name == names[0].name) {
      return ErrorAt(names[i].position, "a macro's two variables need two names");
    }
    locals_.push_back({.name = names[i].name,
                       .slot = first + static_cast<uint32_t>(i),
                       .type = types[i],
                       .is_nullable = is_nullable});
  }
  return OkStatus();
}

StatusOr<Checked> CheckPass::CheckLoop(const Ast& ast, const MacroForm& form) {
  const std::span<const Ast> arguments = std::span(ast.children).subspan(1);
  SPOTTER_ASSIGN_OR_RETURN(const Checked range, CheckItem(ast.children[0]));
  const bool is_list = types_.Is(range.type, "list");
  const bool is_map = types_.Is(range.type, "map");
  if (!is_list && !is_map && !types_.IsOpen(range.type)) {
    return ErrorAt(ast.position, fmt::format("{}() needs a list or a map, found {}", ast.name,
                                             types_.NameOf(range.type)));
  }
  const TypeId first = types_.Argument(range.type, 0);  // dyn of what is open
  std::array<TypeId, 2> variables = {first, first};
  if (form.variables == 2) {
    variables[0] = is_list ? TypeId{Type::kInt} : first;
    variables[1] = is_map ? types_.Argument(range.type, 1) : first;
  }
  Loop loop{.kind = form.kind,
            .has_filter = form.has_filter,
            .has_two = form.variables == 2,
            .first_slot = static_cast<uint32_t>(locals_.size())};
  const size_t outer = locals_.size();
  SPOTTER_RETURN_IF_ERROR(AddLocals(arguments.first(form.variables), variables, false));

  const uint32_t before = emit_.nodes();
  std::vector<Checked> children = {range};
  if (form.has_filter) {
    SPOTTER_ASSIGN_OR_RETURN(const Checked filter, CheckOf(arguments[form.variables], Type::kBool));
    children.push_back(filter);
  }
  if (!form.has_body) {
    children.push_back(emit_.Local(loop.first_slot, variables[0], false));
  } else if (IsBool(form.kind)) {
    SPOTTER_ASSIGN_OR_RETURN(const Checked body, CheckOf(arguments.back(), Type::kBool));
    children.push_back(body);
  } else {
    SPOTTER_ASSIGN_OR_RETURN(const Checked body, CheckItem(arguments.back()));
    children.push_back(body);
  }
  locals_.resize(outer);
  loop.steps = 1 + emit_.nodes() - before;

  TypeId type = Type::kBool;
  if (form.kind == LoopKind::kList) type = types_.ListOf(children.back().type);
  if (form.kind == LoopKind::kMap) type = types_.MapOf(variables[0], children.back().type);
  const uint64_t own = (loop.has_two ? uint64_t{3} : uint64_t{1}) << loop.first_slot;
  return emit_.Over({.op = Op::kLoop, .index = emit_.AddLoop(loop)}, type, children,
                    /*is_nullable=*/false, own);
}

// cel.bind(name, value, body)
StatusOr<Checked> CheckPass::CheckBind(const Ast& ast) {
  SPOTTER_RETURN_IF_ERROR(CheckArity(ast, ast.children.size() - 1, 3));
  SPOTTER_ASSIGN_OR_RETURN(const Checked value, CheckNode(ast.children[2]));
  const size_t outer = locals_.size();
  const auto slot = static_cast<uint32_t>(outer);
  SPOTTER_RETURN_IF_ERROR(AddLocals(std::span(ast.children).subspan(1, 1),
                                    std::span(&value.type, 1), value.is_nullable));
  SPOTTER_ASSIGN_OR_RETURN(const Checked body, CheckNode(ast.children[3]));
  locals_.resize(outer);
  return emit_.Over({.op = Op::kBind, .index = slot}, body.type, std::array{value, body},
                    body.is_nullable, uint64_t{1} << slot);
}

StatusOr<Checked> CheckPass::CheckHas(const Ast& ast) {
  SPOTTER_RETURN_IF_ERROR(CheckArity(ast, ast.children.size(), 1));
  const Ast& field = ast.children[0];
  if (field.kind != AstKind::kSelect) {
    return ErrorAt(ast.position, "has() asks for an attribute", "for example has(member.plan)");
  }
  if (IsRoot(field.children[0], "member")) return CheckHasMember(field);
  return CheckField(field, Op::kHasField);
}

}  // namespace spotter::segment
