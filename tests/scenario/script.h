// SPDX-License-Identifier: Apache-2.0
//
// A scenario as text: one command a line, `#` begins a comment. See README.md.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace spotter::scenario {

struct Line {
  int number = 0;
  std::string text;                            // as written
  std::vector<std::string> words;              // the command first, then what is not key=value
  std::map<std::string, std::string> options;  // key=value, quotes taken off
  std::string block;                           // what stood between `<<<` and `>>>`
  int group = 0;                               // of the `any-order` it stands in; 0 = none

  std::string_view command() const { return words.front(); }
  std::string_view Word(size_t index) const;            // "" if absent
  std::string_view Option(std::string_view key) const;  // "" if absent
  bool Has(std::string_view key) const { return options.contains(std::string(key)); }
  // What follows the first `words` words, exactly as written.
  std::string_view After(size_t words) const;
};

struct Script {
  std::vector<Line> lines;
  bool has_groups = false;
};

// InvalidArgument names the line.
StatusOr<Script> ParseScript(std::string_view text);

// The lines with those of each group in another order: 0 as written, 1 reversed, then seeded.
std::vector<const Line*> InOrder(const Script& script, int order);

}  // namespace spotter::scenario
