// SPDX-License-Identifier: Apache-2.0
#include "support/log_contract.h"

#include "log/in_memory_log.h"

namespace spotter::log {

std::shared_ptr<Log> MakeInMemoryLog() {
  static const SystemClock clock;
  return std::make_shared<InMemoryLog>(clock);
}

INSTANTIATE_TEST_SUITE_P(InMemory, LogContract, ::testing::Values(LogMaker(MakeInMemoryLog)));

}  // namespace spotter::log
