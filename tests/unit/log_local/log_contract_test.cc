// SPDX-License-Identifier: Apache-2.0
#include "support/log_contract.h"

#include <filesystem>

#include "log_local/local_log.h"

namespace spotter::log {

// A log in a directory that goes with it.
std::shared_ptr<Log> MakeLocalLog() {
  static const SystemClock clock;
  std::string root = (std::filesystem::temp_directory_path() / "log_contract_XXXXXX").string();
  if (::mkdtemp(root.data()) == nullptr) return nullptr;
  auto log = log_local::LocalLog::Open({.directory = root + "/log"}, clock);
  if (!log.ok()) return nullptr;
  return std::shared_ptr<Log>(log->release(), [root](Log* held) {
    delete held;
    std::filesystem::remove_all(root);
  });
}

INSTANTIATE_TEST_SUITE_P(Local, LogContract, ::testing::Values(LogMaker(MakeLocalLog)));

}  // namespace spotter::log
