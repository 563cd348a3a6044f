// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "segment/check_pass.h"
#include "segment/names.h"

namespace spotter::segment {
namespace {

using model::FactKind;

constexpr int64_t kDayMs = 24 * 60 * 60 * 1000;
constexpr int64_t kMonthDays = 30;  // X25

TypeId TypeOf(model::ScalarType type) {
  switch (type) {
    case model::ScalarType::kBool:
      return Type::kBool;
    case model::ScalarType::kInt:
      return Type::kInt;
    case model::ScalarType::kDouble:
      return Type::kDouble;
    case model::ScalarType::kString:
      return Type::kString;
    case model::ScalarType::kTime:
      break;
  }
  return Type::kTime;
}

// As model::SegmentDefinition::id.
bool IsSegmentId(std::string_view id) {
  return !id.empty() && id.size() <= 64 && std::ranges::all_of(id, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

}  // namespace

bool CheckPass::IsRoot(const Ast& ast, std::string_view name) const {
  return has_roots() && ast.kind == AstKind::kName && ast.name == name && !IsLocal(name);
}

StatusOr<Checked> CheckPass::CheckRoot(const Ast& ast) {
  if (ast.name == "now") return emit_.Now();
  if (ast.name == "member") {
    return ErrorAt(ast.position, "expected an attribute after 'member'",
                   "for example member.payment_status");
  }
  return ErrorAt(ast.position, fmt::format("expected {}.entered_at", ast.name));
}

StatusOr<Checked> CheckPass::CheckEntered(const Ast& ast) {
  const Ast& target = ast.children[0];
  static constexpr std::array<std::string_view, 1> kFields = {"entered_at"};
  if (ast.name != kFields[0]) {
    return UnknownName(target.name + " attribute", ast.name, ast.position, kFields);
  }
  if (environment_.scope != Scope::kJourneyStep) {
    return ErrorAt(
        target.position,
        fmt::format("{}.entered_at is known only at the steps of a journey", target.name));
  }
  return emit_.Leaf({.op = target.name == "step" ? Op::kStepEnteredAt : Op::kJourneyEnteredAt},
                    Type::kTime);
}

// event.name, or has(event.name).
StatusOr<Checked> CheckPass::CheckEventField(const Ast& ast, const Checked& event, bool is_has) {
  if (ast.name == "time" || ast.name == "amount") {
    // A fact has them both.
    if (is_has && !event.is_nullable) return emit_.Constant(BoolValue(true), Type::kBool);
    const bool is_time = ast.name == "time";
    const Checked field = emit_.Over({.op = is_time ? Op::kEventTime : Op::kEventAmount},
                                     is_time ? Type::kTime : Type::kInt, {event});
    if (!is_has) return field;
    return ErrorAt(ast.position, "whether there is such an event is asked with == null");
  }
  const model::AttributeInfo* const info = model::FindAttribute(ast.name);
  if (info == nullptr || std::ranges::count(EventFieldNames(), ast.name) == 0) {
    if (ast.name == "amount_minor") {
      return ErrorAt(ast.position, "unknown event attribute 'amount_minor'",
                     "did you mean 'amount'?");
    }
    return UnknownName("event attribute", ast.name, ast.position, EventFieldNames());
  }
  return emit_.Over({.op = is_has ? Op::kHasEventField : Op::kEventField, .attribute = info->id},
                    is_has ? TypeId{Type::kBool} : TypeOf(info->type), {event});
}

StatusOr<Checked> CheckPass::CheckMember(const Ast& ast) {
  const std::string& name = ast.name;
  if (name == "status") {
    emit_.DependsOn(FactKind::booking);
    return emit_.Leaf({.op = Op::kStatus}, Type::kString);
  }
  if (name == "lifetime_spend") {
    for (const FactKind kind : {FactKind::purchase, FactKind::refund, FactKind::dispute}) {
      emit_.DependsOn(kind);
    }
    return emit_.Leaf({.op = Op::kLifetimeSpend}, Type::kInt);
  }
  if (name == "total_bookings") {
    return Reduce({.op = Op::kCount}, Type::kInt, {.kind = FactKind::booking});
  }
  if (name == "avg_classes_per_month") {
    return Reduce({.op = Op::kCount}, Type::kInt,
                  {.kind = FactKind::visit, .bounds = {.far = kMonthDays * kDayMs - 1}});
  }
  if (name == "last_visit_date") {
    return Reduce({.op = Op::kLastTime}, Type::kTime, {.kind = FactKind::visit},
                  /*is_nullable=*/true);
  }
  if (name == "tags") {
    emit_.DependsOn(FactKind::tag);
    return emit_.Leaf({.op = Op::kTags}, types_.ListOf(Type::kString));
  }
  const model::AttributeInfo* info = model::FindAttribute(name);
  if (info == nullptr || !info->is_trait) {
    return UnknownName("member attribute", name, ast.position, MemberNames());
  }
  emit_.DependsOn(info->id);
  return emit_.Leaf({.op = Op::kTrait, .attribute = info->id}, TypeOf(info->type));
}

StatusOr<Checked> CheckPass::CheckHasMember(const Ast& field) {
  if (field.name == "tags") {
    emit_.DependsOn(FactKind::tag);
    return emit_.Leaf({.op = Op::kHasTags}, Type::kBool);
  }
  if (field.name == "last_visit_date") {
    return Reduce({.op = Op::kCountCompare, .binary = BinaryOp::kGreaterEqual, .number = 1},
                  Type::kBool, {.kind = FactKind::visit});
  }
  const model::AttributeInfo* info = model::FindAttribute(field.name);
  if (info == nullptr || !info->is_trait) {
    // What is derived is always there; CheckMember refuses the rest.
    SPOTTER_RETURN_IF_ERROR(CheckMember(field).status());
    return emit_.Constant(BoolValue(true), Type::kBool);
  }
  emit_.DependsOn(info->id);
  return emit_.Leaf({.op = Op::kHasTrait, .attribute = info->id}, Type::kBool);
}

Status CheckPass::CheckArity(const Ast& call, size_t found, size_t wanted) {
  if (found == wanted) return OkStatus();
  return ErrorAt(call.position, fmt::format("{}() takes {} argument{}, found {}", call.name, wanted,
                                            wanted == 1 ? "" : "s", found));
}

StatusOr<std::string> CheckPass::TextArgument(const Ast& call, size_t index) {
  const Ast& argument = call.children[index];
  if (const auto* text = std::get_if<std::string>(&argument.literal);
      argument.kind == AstKind::kLiteral && text != nullptr && !text->empty()) {
    return *text;
  }
  return ErrorAt(argument.position,
                 fmt::format("{}() takes a string written out, not empty", call.name));
}

StatusOr<Checked> CheckPass::CheckSegment(const Ast& ast) {
  SPOTTER_RETURN_IF_ERROR(CheckArity(ast, ast.children.size(), 1));
  SPOTTER_ASSIGN_OR_RETURN(std::string id, TextArgument(ast, 0));
  if (!IsSegmentId(id)) {
    return ErrorAt(ast.children[0].position, fmt::format("'{}' is not the id of a segment", id),
                   "expected 1 to 64 of a-z, 0-9 and -");
  }
  emit_.DependsOnSegment(id);
  return emit_.Leaf({.op = Op::kSegment, .text = emit_.Intern(std::move(id))}, Type::kBool);
}

StatusOr<Checked> CheckPass::CheckBucket(const Ast& ast) {
  SPOTTER_RETURN_IF_ERROR(CheckArity(ast, ast.children.size(), 1));
  SPOTTER_ASSIGN_OR_RETURN(std::string salt, TextArgument(ast, 0));
  return emit_.Leaf({.op = Op::kBucket, .text = emit_.Intern(std::move(salt))}, Type::kDouble);
}

StatusOr<Checked> CheckPass::CheckConsent(const Ast& ast) {
  SPOTTER_RETURN_IF_ERROR(CheckArity(ast, ast.children.size(), 2));
  SPOTTER_ASSIGN_OR_RETURN(std::string channel, TextArgument(ast, 0));
  SPOTTER_ASSIGN_OR_RETURN(std::string purpose, TextArgument(ast, 1));
  if (std::ranges::find(ChannelNames(), channel) == ChannelNames().end()) {
    return UnknownName("channel", channel, ast.children[0].position, ChannelNames());
  }
  emit_.DependsOnConsent();
  return emit_.Leaf({.op = Op::kConsent,
                     .text = emit_.Intern(std::move(channel)),
                     .other_text = emit_.Intern(std::move(purpose))},
                    Type::kString);
}

StatusOr<Checked> CheckPass::CheckUnits(const Ast& ast, int64_t unit_ms) {
  SPOTTER_RETURN_IF_ERROR(CheckArity(ast, ast.children.size(), 1));
  SPOTTER_ASSIGN_OR_RETURN(const Checked count, CheckOf(ast.children[0], Type::kInt));
  return emit_.Over({.op = Op::kUnits, .number = unit_ms}, Type::kDuration, {count});
}

}  // namespace spotter::segment
