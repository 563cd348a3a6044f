// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace spotter::ctl {

// The first word of a command line that nothing knows, with the nearest that there is; else what
// the parser says.
std::string WhatIsWrong(const CLI::App& app, const CLI::ParseError& error);

}  // namespace spotter::ctl
