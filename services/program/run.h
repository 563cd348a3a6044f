// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/status.h"

namespace spotter::service {

// A program at work. Thread safety: Start and Stop from one thread.
class Program {
 public:
  virtual ~Program() = default;
  // "http=HOST:PORT grpc=HOST:PORT admin=HOST:PORT"
  virtual std::string addresses() const = 0;
  // Takes nothing new, lets what is under way finish, and closes everything cleanly.
  virtual Status Stop() = 0;
};

// SIGTERM or SIGINT has come; asked while starting, which then returns Cancelled.
using Interrupted = std::function<bool()>;

// Starts a program, prints its ready line, waits for SIGTERM or SIGINT and stops it. Returns the
// exit code.
int RunProgram(const std::function<StatusOr<std::unique_ptr<Program>>(const Interrupted&)>& start);

// Of a failed start: 3 for the data directory, 2 for files of the configuration, 1 for the rest.
int ExitCodeOf(const Status& status);

}  // namespace spotter::service
