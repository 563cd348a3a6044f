// SPDX-License-Identifier: Apache-2.0
#include "log/log.h"

namespace spotter::log {

StatusOr<Offset> Log::AppendWithin(std::string_view payload, Duration) {
  SPOTTER_ASSIGN_OR_RETURN(const std::vector<Offset> offsets, Append({&payload, 1}));
  return offsets.front();
}

StatusOr<Offset> AppendDurable(Log& log, std::string_view payload) {
  SPOTTER_ASSIGN_OR_RETURN(const std::vector<Offset> offsets, log.Append({&payload, 1}));
  SPOTTER_RETURN_IF_ERROR(log.WaitDurable(offsets.front()));
  return offsets.front();
}

}  // namespace spotter::log
