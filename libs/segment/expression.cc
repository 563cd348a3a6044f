// SPDX-License-Identifier: Apache-2.0
#include "segment/expression.h"

#include <utility>

#include "base/assert.h"
#include "segment/checker.h"
#include "segment/code.h"
#include "segment/parser.h"

namespace spotter::segment {

struct Expression::Program {
  std::string text;
  Code code;
};

StatusOr<Expression> Expression::Compile(std::string_view text, Scope scope) {
  SPOTTER_ASSIGN_OR_RETURN(const Ast ast, Parse(text));
  SPOTTER_ASSIGN_OR_RETURN(Code code, Check(ast, {.scope = scope}));
  return Expression(
      std::make_shared<const Program>(Program{.text = std::string(text), .code = std::move(code)}));
}

Result Expression::Evaluate(const Input& input) const {
  const Code& code = program_->code;
  Workspace work;
  const Value value =
      segment::Evaluate(code, static_cast<uint32_t>(code.nodes.size() - 1), input, work);
  Assert(value.valid_until > input.now, "a value is valid for a while");
  return {.value = value.is_true(), .valid_until = value.valid_until, .is_error = value.is_error()};
}

const Dependencies& Expression::dependencies() const { return program_->code.dependencies; }

const std::string& Expression::text() const { return program_->text; }

}  // namespace spotter::segment
