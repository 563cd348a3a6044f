// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/status.h"
#include "model/definition.h"
#include "spotter/v1/tenant.pb.h"

namespace spotter::api {

// InvalidArgument names the setting that is out of bounds, and the bounds.
Status CheckSettings(const model::TenantSettings& settings);

// What `given` says replaces what stands; what it leaves out stays. A source replaces the one of
// its name, or is added.
StatusOr<model::TenantSettings> Amend(const model::TenantSettings& standing,
                                      const v1::Tenant& given);

// The same to everybody who may see them: but for the key.
bool SameSettings(const model::TenantSettings& a, const model::TenantSettings& b);

}  // namespace spotter::api
