// SPDX-License-Identifier: Apache-2.0
//
// A regular expression in RE2's syntax: matching is linear in the text, whatever the expression.
#pragma once

#include <memory>
#include <string_view>

#include "base/status.h"
#include "segment/value.h"

namespace spotter::segment {

inline constexpr int kPatternProgramMax = 2000;  // instructions

// Immutable and safe to share between threads.
class Pattern {
 public:
  // InvalidArgument: not an expression, or one that is too large.
  static StatusOr<Pattern> Compile(std::string_view text);

  // Does the text contain a match? An error if the search costs more than there is to spend.
  Value Find(const Value& text, Workspace& work) const;

 private:
  struct Program;
  explicit Pattern(std::shared_ptr<const Program> program) : program_(std::move(program)) {}
  std::shared_ptr<const Program> program_;  // shared by copies of this value
};

}  // namespace spotter::segment
