// SPDX-License-Identifier: Apache-2.0
#include "journey/admit.h"

#include "segment/analysis.h"

namespace spotter::journey {
namespace {

Status Check(std::string_view where, const std::string& expression, const std::string& purpose,
             const segment::ExpressionOf& segments) {
  if (expression.empty()) return OkStatus();
  Status status = segment::CheckLimits(expression);
  if (status.ok()) status = segment::CheckHealth(expression, purpose, segments);
  return status.ok() ? status : InvalidArgument("{}: {}", where, MessageOf(status));
}

}  // namespace

Status Admit(const model::SegmentDefinition& definition, const segment::ExpressionOf& segments) {
  return Check(fmt::format("segment '{}'", definition.id), definition.expression,
               definition.purpose, segments);
}

Status Admit(const model::JourneyDefinition& definition, const segment::ExpressionOf& segments) {
  const std::string journey = fmt::format("journey '{}'", definition.id);
  const auto check = [&](std::string_view where, const std::string& expression) {
    return Check(fmt::format("{}: {}", journey, where), expression, definition.purpose, segments);
  };
  SPOTTER_RETURN_IF_ERROR(check("entry", definition.entry_when));
  SPOTTER_RETURN_IF_ERROR(check("goal", definition.goal_when));
  for (const model::JourneyExit& exit : definition.exits) {
    SPOTTER_RETURN_IF_ERROR(check("exit", exit.when));
  }
  for (const model::Step& step : definition.steps) {
    const std::string where = fmt::format("step '{}'", step.id);
    if (const auto* wait = std::get_if<model::WaitUntilStep>(&step.what)) {
      SPOTTER_RETURN_IF_ERROR(check(where, wait->when));
    }
    if (const auto* branch = std::get_if<model::BranchStep>(&step.what)) {
      for (const model::BranchArm& arm : branch->arms) {
        SPOTTER_RETURN_IF_ERROR(check(where, arm.when));
      }
    }
  }
  return OkStatus();
}

}  // namespace spotter::journey
