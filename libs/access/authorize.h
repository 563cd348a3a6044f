// SPDX-License-Identifier: Apache-2.0
//
// The one place that says who may do what. Creating segments, sending live campaigns and changing
// suppression are different rights (C33).
#pragma once

#include <span>
#include <string_view>

#include "access/principal.h"

namespace spotter::access {

// Every RPC is one of these.
enum class Operation : uint8_t {
  kPublish,
  kReadProfile,  // profiles, memberships, explanations
  kErase,
  kReadDefinitions,
  kWriteSegments,
  kWriteJourneys,      // also publishing them live
  kChangeSuppression,  // suppression and consent
  kDeliver,            // pull, settle, seek, subscribe
  kMerge,              // and split
  kReadRefusals,
  kDeadLetter,  // list and re-drive
  kNote,
  kTenantCreate,  // this and the ones below concern the whole program, not one tenant
  kSnapshot,
  kInspect,  // state hash, offsets, lag
  kAdvanceTime
};
std::string_view NameOf(Operation operation);  // "publish", ...
std::span<const Operation> AllOperations();
std::span<const Role> RolesFor(Operation operation);  // any one of them suffices
bool IsProgramWide(Operation operation);

// PermissionDenied names the principal, the operation and what is missing. `tenant` is what
// ResolveTenant gave; program-wide operations do not look at it.
Status Authorize(const Principal& principal, Operation operation, std::string_view tenant);

}  // namespace spotter::access
