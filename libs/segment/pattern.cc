// SPDX-License-Identifier: Apache-2.0
#include "segment/pattern.h"

#include <re2/re2.h>

#include "segment/workspace.h"

namespace spotter::segment {

struct Pattern::Program {
  Program(std::string_view text, const re2::RE2::Options& options)
      : regex(re2::StringPiece(text.data(), text.size()), options) {}
  re2::RE2 regex;
};

StatusOr<Pattern> Pattern::Compile(std::string_view text) {
  constexpr size_t kTextMax = 1000;
  constexpr int64_t kMemoryMax = 1 << 20;
  if (text.size() > kTextMax) {
    return InvalidArgument("the regular expression has {} bytes, at most {}", text.size(),
                           kTextMax);
  }
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMemoryMax);
  auto program = std::make_shared<const Program>(text, options);
  if (!program->regex.ok()) {
    return InvalidArgument("'{}' is not a regular expression: {}", text.substr(0, 64),
                           program->regex.error());
  }
  if (program->regex.ProgramSize() > kPatternProgramMax) {
    return InvalidArgument("the regular expression has {} instructions, at most {}",
                           program->regex.ProgramSize(), kPatternProgramMax);
  }
  return Pattern(std::move(program));
}

Value Pattern::Find(const Value& text, Workspace& work) const {
  if (text.is_error()) return text;
  if (text.kind != ValueKind::kString) return ErrorValue(kNoOverload, text.valid_until);
  // RE2's worst case looks at every instruction for every byte, some hundreds in a step's time.
  const int64_t steps =
      1 + static_cast<int64_t>(text.text.size()) * program_->regex.ProgramSize() / 256;
  if (!work.Spend(steps)) return Workspace::OverBound();
  const bool is_found =
      re2::RE2::PartialMatch(re2::StringPiece(text.text.data(), text.text.size()), program_->regex);
  return BoolValue(is_found, text.valid_until);
}

}  // namespace spotter::segment
