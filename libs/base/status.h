// SPDX-License-Identifier: Apache-2.0
//
// Errors are values. The code is advice to the caller and maps one to one to gRPC:
//   InvalidArgument            this input can never succeed: dead-letter it, count it, go on
//   NotFound, FailedPrecondition  a legitimate answer about state: return it to the client
//   Unavailable, DeadlineExceeded a dependency is away: retry this call with backoff
//   Aborted                    lost a race: retry the operation
//   DataLoss                   stored bytes do not decode: stop the partition, page someone
// A message is lower case, names the kind and id of the thing, and says what was expected.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace spotter {

using absl::OkStatus;
using absl::Status;
using absl::StatusCode;
using absl::StatusOr;

// The message of a status as a std::string_view (absl's own view type does not convert).
inline std::string_view MessageOf(const Status& status) {
  return {status.message().data(), status.message().size()};
}

template <typename... Args>
Status MakeStatus(StatusCode code, fmt::format_string<Args...> format, Args&&... args) {
  return Status(code, fmt::format(format, std::forward<Args>(args)...));
}

#define SPOTTER_STATUS_CONSTRUCTOR(Name)                                         \
  template <typename... Args>                                                    \
  Status Name(fmt::format_string<Args...> format, Args&&... args) {              \
    return MakeStatus(StatusCode::k##Name, format, std::forward<Args>(args)...); \
  }
SPOTTER_STATUS_CONSTRUCTOR(InvalidArgument)
SPOTTER_STATUS_CONSTRUCTOR(NotFound)
SPOTTER_STATUS_CONSTRUCTOR(AlreadyExists)
SPOTTER_STATUS_CONSTRUCTOR(FailedPrecondition)
SPOTTER_STATUS_CONSTRUCTOR(Unavailable)
SPOTTER_STATUS_CONSTRUCTOR(DeadlineExceeded)
SPOTTER_STATUS_CONSTRUCTOR(Aborted)
SPOTTER_STATUS_CONSTRUCTOR(DataLoss)
SPOTTER_STATUS_CONSTRUCTOR(PermissionDenied)
SPOTTER_STATUS_CONSTRUCTOR(Unauthenticated)
SPOTTER_STATUS_CONSTRUCTOR(ResourceExhausted)
SPOTTER_STATUS_CONSTRUCTOR(Internal)
#undef SPOTTER_STATUS_CONSTRUCTOR

}  // namespace spotter

#define SPOTTER_CONCAT_INNER(a, b) a##b
#define SPOTTER_CONCAT(a, b) SPOTTER_CONCAT_INNER(a, b)

#define SPOTTER_RETURN_IF_ERROR(expression)                                                        \
  do {                                                                                             \
    if (::absl::Status spotter_status = (expression); !spotter_status.ok()) return spotter_status; \
  } while (false)

#define SPOTTER_ASSIGN_OR_RETURN(target, expression) \
  SPOTTER_ASSIGN_OR_RETURN_INNER(SPOTTER_CONCAT(status_or_, __LINE__), target, expression)
#define SPOTTER_ASSIGN_OR_RETURN_INNER(temporary, target, expression) \
  auto temporary = (expression);                                      \
  if (!temporary.ok()) return temporary.status();                     \
  target = std::move(temporary).value()
