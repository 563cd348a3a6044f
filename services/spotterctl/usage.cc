// SPDX-License-Identifier: Apache-2.0
#include "services/spotterctl/usage.h"

#include <fmt/format.h>

#include "services/program/suggest.h"

namespace spotter::ctl {
namespace {

// The command that was recognised: the last of a chain of subcommands.
const CLI::App& Deepest(const CLI::App& app) {
  const std::vector<CLI::App*> parsed = app.get_subcommands();
  return parsed.empty() ? app : Deepest(*parsed.front());
}

std::vector<std::string> CommandsOf(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* one : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(one->get_name());
  }
  return names;
}

// Its own options, and those of the commands around it, which it takes too.
std::vector<std::string> OptionsOf(const CLI::App* app) {
  std::vector<std::string> names;
  for (; app != nullptr; app = app->get_parent()) {
    for (const CLI::Option* one : app->get_options()) {
      for (const std::string& name : one->get_lnames()) names.push_back("--" + name);
    }
  }
  return names;
}

}  // namespace

std::string WhatIsWrong(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App& command = Deepest(app);
  const std::string of =
      command.get_parent() == nullptr ? "" : fmt::format(" of '{}'", command.get_name());
  const std::vector<std::string> commands = CommandsOf(command);
  for (const std::string& word : app.remaining(/*recurse=*/true)) {
    if (word.starts_with('-')) {
      return fmt::format("unknown option '{}'{}{}", word, of,
                         service::DidYouMean(word, OptionsOf(&command)));
    }
    if (!commands.empty()) {
      return fmt::format("unknown command '{}'{}{}", word, of, service::DidYouMean(word, commands));
    }
  }
  if (commands.empty() || command.get_require_subcommand_min() == 0) return error.what();
  return fmt::format("expected a command{}: {}", of, fmt::join(commands, ", "));
}

}  // namespace spotter::ctl
