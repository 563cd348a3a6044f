// SPDX-License-Identifier: Apache-2.0
#include "segment/health.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "segment/parser.h"

namespace spotter::segment {
namespace {

// Scans of the body, health history, and what they measure. A `scan` is one of a card at the door.
constexpr std::string_view kKinds[] = {"assessment", "intake_form"};
constexpr std::string_view kFields[] = {"body_fat_percent", "muscle_kg", "weight_kg"};
constexpr std::string_view kTags[] = {"injury",    "injured",       "prenatal",
                                      "postnatal", "pre/postnatal", "pregnant"};

const std::string* TextOf(const Ast& ast) {
  return ast.kind == AstKind::kLiteral ? std::get_if<std::string>(&ast.literal) : nullptr;
}
bool IsCall(const Ast& ast, std::string_view name, size_t arity) {
  return ast.kind == AstKind::kCall && ast.name == name && ast.children.size() == arity;
}
std::string Lower(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  return lower;
}

// consent(CHANNEL, 'health') == 'granted'
bool IsGuard(const Ast& ast) {
  if (ast.kind != AstKind::kBinary || ast.op != BinaryOp::kEqual) return false;
  const Ast& left = ast.children[0];
  const std::string* state = TextOf(ast.children[1]);
  if (!IsCall(left, "consent", 2) || state == nullptr || *state != "granted") return false;
  const std::string* purpose = TextOf(left.children[1]);
  return purpose != nullptr && *purpose == "health";
}
bool IsGuarded(const Ast& ast) {
  return ast.kind == AstKind::kAnd && std::ranges::any_of(ast.children, IsGuard);
}

struct Found {
  std::string what;
  Position position;
};

class Search {
 public:
  explicit Search(const ExpressionOf& segments) : segments_(segments) {}

  std::optional<Found> In(const Ast& ast) {
    if (ast.kind == AstKind::kSelect && std::ranges::count(kFields, ast.name) > 0) {
      return Found{ast.name, ast.position};
    }
    if (const std::string* text = TextOf(ast)) {
      if (std::ranges::count(kTags, Lower(*text)) > 0) {
        return Found{fmt::format("'{}'", *text), ast.position};
      }
    }
    const bool names_kind =
        IsCall(ast, "events", 1) ||
        (ast.kind == AstKind::kMethod && ast.name == "then" && ast.children.size() == 3);
    const std::string* kind =
        names_kind ? TextOf(ast.children[ast.kind == AstKind::kCall ? 0 : 1]) : nullptr;
    if (kind != nullptr && std::ranges::count(kKinds, *kind) > 0) {
      return Found{fmt::format("events('{}')", *kind), ast.position};
    }
    if (IsCall(ast, "segment", 1)) {
      if (const std::string* id = TextOf(ast.children[0])) return InSegment(*id, ast.position);
    }
    for (const Ast& child : ast.children) {
      if (auto found = In(child)) return found;
    }
    return std::nullopt;
  }

 private:
  std::optional<Found> InSegment(const std::string& id, Position position) {
    if (!seen_.insert(id).second) return std::nullopt;
    const StatusOr<Ast> ast = Parse(segments_(id));
    if (!ast.ok()) return std::nullopt;
    const auto found = In(*ast);
    if (!found) return std::nullopt;
    return Found{fmt::format("{}, which segment('{}') reads,", found->what, id), position};
  }

  const ExpressionOf& segments_;
  std::set<std::string> seen_;
};

}  // namespace

Status CheckHealth(std::string_view expression, std::string_view purpose,
                   const ExpressionOf& segments) {
  if (purpose != kMarketing) return OkStatus();
  const StatusOr<Ast> ast = Parse(expression);
  if (!ast.ok() || IsGuarded(*ast)) return OkStatus();
  const auto found = Search(segments).In(*ast);
  if (!found) return OkStatus();
  return ErrorAt(
      found->position,
      fmt::format("{} is health data, which is not for the purpose 'marketing'", found->what),
      "begin with consent('email', 'health') == 'granted' && ..., or name another "
      "purpose, for example 'service'");
}

}  // namespace spotter::segment
