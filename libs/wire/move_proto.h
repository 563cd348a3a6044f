// SPDX-License-Identifier: Apache-2.0
//
// The records of tenant moves as messages, for the log only.
#pragma once

#include "base/status.h"
#include "model/log_record.h"
#include "spotter/v1/log.pb.h"

namespace spotter::wire {

void Write(const model::ImportTenant& from, v1::ImportTenant& to);
// InvalidArgument: a hash that is not of whole numbers, a family that there is not.
StatusOr<model::ImportTenant> FromProto(const v1::ImportTenant& import);
void Write(const model::Forwarded& from, v1::Forwarded& to);
model::Forwarded FromProto(const v1::Forwarded& forwarded);

}  // namespace spotter::wire
