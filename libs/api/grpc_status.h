// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include "base/status.h"
#include "base/time.h"

namespace spotter::api {

// Codes are gRPC's. The details carry a google.rpc.ErrorInfo {reason, domain "spotter"}, as AIP-193
// asks for, its reason being the code's name; and a google.rpc.RetryInfo, where the status says
// when to come again.
grpc::Status ToGrpc(const Status& status);

// Unavailable: what was asked for is another process's, or on its way there; nothing was done.
// Ask again in a second, through the directory.
Status Elsewhere(const std::string& text);
bool IsElsewhere(const Status& status);

// The same for clients that read metadata: what AddHints puts behind the answer of a call.
inline constexpr const char* kRetryAfterMetadata = "retry-after-ms";
inline constexpr const char* kElsewhereMetadata = "spotter-elsewhere";
void AddHints(const Status& status, grpc::ServerContextBase& context);

}  // namespace spotter::api
