// SPDX-License-Identifier: Apache-2.0
#include "access/authorize.h"

#include <algorithm>
#include <array>

#include "base/assert.h"

namespace spotter::access {
namespace {

constexpr size_t kRolesMax = 4;

struct Rule {
  Operation operation;
  std::string_view name;
  bool is_program_wide;
  size_t role_count;
  std::array<Role, kRolesMax> roles;
};

using R = Role;
using O = Operation;

constexpr Rule kRules[] = {
    // clang-format off
    {O::kPublish,           "publish",            false, 2, {R::kPublisher, R::kAdmin}},
    {O::kReadProfile,       "read_profile",       false, 4, {R::kMarketer, R::kAnalyst, R::kStaff, R::kAdmin}},
    {O::kErase,             "erase",              false, 1, {R::kAdmin}},
    {O::kReadDefinitions,   "read_definitions",   false, 4, {R::kMarketer, R::kAnalyst, R::kStaff, R::kAdmin}},
    {O::kWriteSegments,     "write_segments",     false, 3, {R::kAnalyst, R::kMarketer, R::kAdmin}},
    {O::kWriteJourneys,     "write_journeys",     false, 2, {R::kMarketer, R::kAdmin}},
    {O::kChangeSuppression, "change_suppression", false, 2, {R::kStaff, R::kAdmin}},
    {O::kDeliver,           "deliver",            false, 2, {R::kSubscriber, R::kAdmin}},
    {O::kMerge,             "merge",              false, 2, {R::kStaff, R::kAdmin}},
    {O::kReadRefusals,      "read_refusals",      false, 4, {R::kMarketer, R::kAnalyst, R::kStaff, R::kAdmin}},
    {O::kDeadLetter,        "deadletter",         false, 2, {R::kOperator, R::kAdmin}},
    {O::kNote,              "note",               false, 2, {R::kStaff, R::kAdmin}},
    {O::kTenantCreate,      "tenant_create",      true,  1, {R::kOperator}},
    {O::kSnapshot,          "snapshot",           true,  1, {R::kOperator}},
    {O::kInspect,           "inspect",            true,  1, {R::kOperator}},
    {O::kAdvanceTime,       "advance_time",       true,  1, {R::kOperator}},
    // clang-format on
};

constexpr auto kOperations = [] {
  std::array<Operation, std::size(kRules)> operations{};
  for (size_t i = 0; i < operations.size(); ++i) operations[i] = kRules[i].operation;
  return operations;
}();

const Rule& RuleOf(Operation operation) {
  const auto index = static_cast<size_t>(operation);
  Assert(index < std::size(kRules) && kRules[index].operation == operation,
         "the rules stand in the order of the operations");
  return kRules[index];
}

}  // namespace

std::string_view NameOf(Operation operation) { return RuleOf(operation).name; }
std::span<const Operation> AllOperations() { return kOperations; }
bool IsProgramWide(Operation operation) { return RuleOf(operation).is_program_wide; }

std::span<const Role> RolesFor(Operation operation) {
  const Rule& rule = RuleOf(operation);
  return {rule.roles.data(), rule.role_count};
}

Status Authorize(const Principal& principal, Operation operation, std::string_view tenant) {
  const std::span<const Role> roles = RolesFor(operation);
  const bool has_role =
      std::any_of(roles.begin(), roles.end(), [&](Role role) { return HasRole(principal, role); });
  if (!has_role) {
    return PermissionDenied("principal '{}' may not {}: expected role {}", principal.name,
                            NameOf(operation), NameOf(roles.front()));
  }
  if (!IsProgramWide(operation) && !MayEnter(principal, tenant)) {
    return PermissionDenied("principal '{}' may not {}: tenant '{}' is not one of its tenants",
                            principal.name, NameOf(operation), tenant);
  }
  return OkStatus();
}

}  // namespace spotter::access
