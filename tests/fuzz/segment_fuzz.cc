// SPDX-License-Identifier: Apache-2.0
//
// Any text, as a segment, as a condition at a journey's step and as CEL alone: refused with a
// message, or parsed, checked and evaluated for a member of random facts. Then it answers the same
// twice, until a later instant, and the same just before that; and its tree printed and read again
// is the same.
#include <cstdint>
#include <cstdlib>

#include "property/segment_generator.h"
#include "segment/checker.h"
#include "segment/parser.h"
#include "segment/print.h"

namespace spotter::segment {
namespace {

void Demand(bool holds) {
  if (!holds) std::abort();  // libFuzzer keeps the text
}

const RandomMember& SomeMember() {
  static Dice dice(1);
  static const RandomMember kMember(dice);
  return kMember;
}

void Ask(const Expression& expression) {
  static const MemberBuilder kBuilt = SomeMember().Build();
  const model::MemberView view = kBuilt.View();
  for (const int64_t after : {int64_t{0}, int64_t{17}, Days(30).count()}) {
    Input input{.member = view, .now = EventTime{kBase + after}, .tenant = "studio"};
    input.journey_entered_at = EventTime{kBase - 5};
    input.step_entered_at = EventTime{kBase};
    const Result first = expression.Evaluate(input);
    Demand(first.valid_until > input.now);
    const Result again = expression.Evaluate(input);
    Demand(first.value == again.value && first.valid_until == again.valid_until);
    if (first.valid_until == EventTime::Max()) continue;
    input.now = first.valid_until - Duration(1);
    Demand(expression.Evaluate(input).value == first.value);
  }
}

void AskAsCel(const Ast& ast) {
  Environment environment;
  environment.is_checked = false;
  const StatusOr<Code> code = Check(ast, environment);
  if (!code.ok()) return;
  const model::MemberView nobody{};
  Workspace work;
  (void)Evaluate(*code, static_cast<uint32_t>(code->nodes.size() - 1),
                 Input{.member = nobody, .now = EventTime{kBase}}, work);
}

}  // namespace
}  // namespace spotter::segment

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace spotter::segment;  // NOLINT(google-build-using-namespace): a program
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto ast = Parse(text); ast.ok()) {
    const std::string printed = Print(*ast);
    const auto read = Parse(printed);
    Demand(read.ok() && Print(*read) == printed);
    AskAsCel(*ast);
  }
  for (const Scope scope : {Scope::kSegment, Scope::kJourneyStep}) {
    if (const auto expression = Expression::Compile(text, scope); expression.ok()) Ask(*expression);
  }
  return 0;
}
