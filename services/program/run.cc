// SPDX-License-Identifier: Apache-2.0
#include "services/program/run.h"

#include <sys/stat.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "base/log_message.h"

namespace spotter::service {
namespace {

// SIGTERM and SIGINT are blocked in every thread and asked for here.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

int Fail(const Status& status) {
  if (status.code() == StatusCode::kCancelled) return 0;  // told to stop while starting
  fmt::print(stderr, "error: {}\n", MessageOf(status));
  return ExitCodeOf(status);
}

}  // namespace

int RunProgram(const std::function<StatusOr<std::unique_ptr<Program>>(const Interrupted&)>& start) {
  ::umask(077);  // members' data: files and folders are their owner's alone, RocksDB's too
  ::setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);  // what fails is said in our words
  const sigset_t signals = BlockSignals();
  const auto interrupted = [&signals] {
    const timespec now{};
    return sigtimedwait(&signals, nullptr, &now) > 0;
  };
  auto program = start(interrupted);
  if (!program.ok()) return Fail(program.status());
  fmt::print("ready {}\n", (*program)->addresses());
  std::fflush(stdout);

  int signal = 0;
  sigwait(&signals, &signal);
  LogInfo("draining, signal={}", signal);
  const Status stopped = (*program)->Stop();
  return stopped.ok() ? 0 : Fail(stopped);
}

int ExitCodeOf(const Status& status) {
  switch (status.code()) {
    case StatusCode::kInvalidArgument:
    case StatusCode::kNotFound:
      return 2;
    case StatusCode::kFailedPrecondition:
    case StatusCode::kDataLoss:
      return 3;
    default:
      return 1;
  }
}

}  // namespace spotter::service
