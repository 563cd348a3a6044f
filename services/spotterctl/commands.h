// SPDX-License-Identifier: Apache-2.0
//
// The subcommands, by file. Each function adds its subcommands to `app`; a parsed one leaves what
// to do in `run`, which main executes with a client.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "services/spotterctl/client.h"

namespace spotter::ctl {

using Run = std::function<Status(const Client&)>;

void AddEventCommands(CLI::App& app, Run& run);       // publish, import
void AddProfileCommands(CLI::App& app, Run& run);     // profile ..., explain
void AddSegmentCommands(CLI::App& app, Run& run);     // segment ...
void AddDefinitionCommands(CLI::App& app, Run& run);  // journey ..., refusals
void AddActionCommands(CLI::App& app, Run& run);      // actions ...
void AddAdminCommands(CLI::App& app, Run& run);
void AddTenantCommands(CLI::App& app,
                       Run& run);  // tenant ...       // deadletter, snapshot, state, ...
void AddRestoreCommand(CLI::App& app, Run& run);  // restore: offline, no client used
void AddCommands(CLI::App& app, Run& run);        // all of the above
void AddSessionCommand(CLI::App& app, Run& run);  // session: the above, line by line

}  // namespace spotter::ctl
