// SPDX-License-Identifier: Apache-2.0
//
// spotter: events in, journey actions out; one process, one directory.
#include <sys/stat.h>

#include <csignal>
#include <cstdio>
#include <ctime>

#include "base/log_message.h"
#include "services/spotter/program.h"

namespace {

using spotter::Status;
namespace service = spotter::service;

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
  if (status.code() == spotter::StatusCode::kCancelled) return 0;  // told to stop while starting
  fmt::print(stderr, "error: {}\n", spotter::MessageOf(status));
  return service::ExitCodeOf(status);
}

}  // namespace

int main(int argc, char** argv) {
  ::umask(077);  // members' data: files and folders are their owner's alone, RocksDB's too
  const service::ParsedArguments arguments = service::ParseArguments(argc, argv);
  if (!arguments.config.has_value()) {
    fmt::print(arguments.exit_code == 0 ? stdout : stderr, "{}", arguments.output);
    return arguments.exit_code;
  }
  spotter::SetLogLevel(arguments.config->log_level);
  const sigset_t signals = BlockSignals();
  const auto interrupted = [&signals] {
    const timespec now{};
    return sigtimedwait(&signals, nullptr, &now) > 0;
  };

  auto program = service::Program::Start(*arguments.config, interrupted);
  if (!program.ok()) return Fail(program.status());
  fmt::print("ready {}\n", (*program)->addresses());
  std::fflush(stdout);

  int signal = 0;
  sigwait(&signals, &signal);
  spotter::LogInfo("draining, signal={}", signal);
  const Status stopped = (*program)->Stop();
  return stopped.ok() ? 0 : Fail(stopped);
}
