// SPDX-License-Identifier: Apache-2.0
//
// Commands as messages, for the log only.
#pragma once

#include "base/status.h"
#include "model/log_record.h"
#include "spotter/v1/log.pb.h"

namespace spotter::wire {

void Write(const model::Command& from, v1::Command& to);
// InvalidArgument names the command: "command 'r-1': change_consent: profile id ...".
StatusOr<model::Command> FromProto(const v1::Command& command);

}  // namespace spotter::wire
