// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <grpcpp/support/status.h>

#include "base/status.h"

namespace spotter::api {

// Codes are gRPC's. The details carry a google.rpc.ErrorInfo {reason, domain "spotter"}, as AIP-193
// asks for; its reason is the code's name.
grpc::Status ToGrpc(const Status& status);

}  // namespace spotter::api
