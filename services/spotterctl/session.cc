// SPDX-License-Identifier: Apache-2.0
#include <iostream>

#include "services/spotterctl/commands.h"
#include "services/spotterctl/print.h"
#include "services/spotterctl/usage.h"

namespace spotter::ctl {
namespace {

// One line of a session. A fresh parser each time: no option outlives its command.
Status RunLine(const Client& client, const std::string& line) {
  CLI::App app("", "spotterctl");
  app.require_subcommand(1);
  app.fallthrough();
  Run run;
  AddCommands(app, run);
  try {
    app.parse(line);
  } catch (const CLI::CallForHelp&) {
    fmt::print("{}", app.help());
    return OkStatus();
  } catch (const CLI::ParseError& error) {
    return InvalidArgument("{}", WhatIsWrong(app, error));
  }
  return run(client);
}

// With --json a line {"exit_code":N} ends the answer of each command, so that a program that
// reads it knows where the next one begins; without, errors go to stderr.
Status RunSession(const Client& client) {
  size_t failed = 0;
  size_t number = 0;
  for (std::string line; std::getline(std::cin, line);) {
    number++;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const Status done = RunLine(client, line);
    failed += done.ok() ? 0 : 1;
    const std::string error = OneLine(MessageOf(done));
    if (client.json()) {
      fmt::print(R"({{"exit_code":{}{}}})"
                 "\n",
                 done.ok() ? 0 : 1, done.ok() ? "" : ",\"error\":" + JsonText(error));
    } else if (!done.ok()) {
      fmt::print(stderr, "error: line {}: {}\n", number, error);
    }
    std::fflush(stdout);
  }
  if (failed == 0) return OkStatus();
  return FailedPrecondition("{} of {} commands failed", failed, number);
}

}  // namespace

void AddCommands(CLI::App& app, Run& run) {
  AddEventCommands(app, run);
  AddProfileCommands(app, run);
  AddSegmentCommands(app, run);
  AddDefinitionCommands(app, run);
  AddActionCommands(app, run);
  AddTenantCommands(app, run);
  AddAdminCommands(app, run);
  AddRestoreCommand(app, run);
}

void AddSessionCommand(CLI::App& app, Run& run) {
  app.add_subcommand("session", "read commands from standard input, one a line")->callback([&run] {
    run = RunSession;
  });
}

}  // namespace spotter::ctl
