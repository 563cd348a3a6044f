// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <string_view>

namespace spotter::benchmarks {

// One JSON object a line: name, value, unit, and where they come from.
class Report {
 public:
  Report(std::string commit, std::string machine)
      : commit_(std::move(commit)), machine_(std::move(machine)) {}
  void Row(std::string_view name, double value, std::string_view unit) const {
    fmt::print(
        "{{\"name\":\"{}\",\"value\":{:.6g},\"unit\":\"{}\",\"commit\":\"{}\",\"machine\":\"{}\"}}"
        "\n",
        name, value, unit, commit_, machine_);
    std::fflush(stdout);
  }

 private:
  std::string commit_;
  std::string machine_;
};

}  // namespace spotter::benchmarks
