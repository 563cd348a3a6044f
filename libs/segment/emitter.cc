// SPDX-License-Identifier: Apache-2.0
#include "segment/emitter.h"

#include <algorithm>
#include <utility>

namespace spotter::segment {
namespace {

template <typename T>
void SortUnique(std::vector<T>& items) {
  std::ranges::sort(items);
  const auto rest = std::ranges::unique(items);
  items.erase(rest.begin(), rest.end());
}

}  // namespace

uint32_t Emitter::Add(const Node& node) {
  code_.nodes.push_back(node);
  return static_cast<uint32_t>(code_.nodes.size() - 1);
}

Checked Emitter::Constant(const Value& value, TypeId type) {
  code_.constants.push_back(value);
  const auto index = static_cast<uint32_t>(code_.constants.size() - 1);
  return {.node = Add({.op = Op::kConstant, .index = index}), .type = type};
}

Checked Emitter::Leaf(Node node, TypeId type, bool is_nullable) {
  return {.node = Add(node), .type = type, .is_nullable = is_nullable, .uses_member = true};
}

Checked Emitter::Now() {
  return {.node = Add({.op = Op::kNow}), .type = Type::kTime, .uses_now = true};
}

Checked Emitter::Local(uint32_t slot, TypeId type, bool is_nullable) {
  return {.node = Add({.op = Op::kLocal, .index = slot}),
          .type = type,
          .is_nullable = is_nullable,
          .slots = uint64_t{1} << slot};
}

Checked Emitter::Over(Node node, TypeId type, std::span<const Checked> children, bool is_nullable,
                      uint64_t own_slots) {
  Checked checked{.type = type, .is_nullable = is_nullable};
  node.first_child = static_cast<uint32_t>(code_.children.size());
  node.child_count = static_cast<uint16_t>(children.size());
  for (const Checked& child : children) {
    code_.children.push_back(child.node);
    checked.uses_now = checked.uses_now || child.uses_now;
    checked.uses_member = checked.uses_member || child.uses_member;
    checked.slots |= child.slots;
    checked.is_troubled = checked.is_troubled || child.is_troubled;
  }
  checked.slots &= ~own_slots;
  // A tag is the member's, whatever it is compared with.
  checked.uses_member = checked.uses_member || node.op == Op::kHasTag;
  checked.node = Add(node);
  if (!checked.is_constant() || checked.is_troubled) return checked;
  const Value value = ValueOf(checked);
  // Troubles come at evaluation, where they are values; what is over them is not tried again.
  checked.is_troubled = value.is_error();
  return value.is_error() ? checked : Constant(value, type);
}

uint32_t Emitter::AddQuery(const EventQuery& query) {
  DependsOn(query.kind);
  code_.queries.push_back(query);
  return static_cast<uint32_t>(code_.queries.size() - 1);
}

uint32_t Emitter::AddFold(const EventFold& fold) {
  code_.folds.push_back(fold);
  return static_cast<uint32_t>(code_.folds.size() - 1);
}

Value Emitter::ValueOf(const Checked& checked) const {
  const model::MemberView nobody{};
  return Evaluate(code_, checked.node, Input{.member = nobody, .now = EventTime{0}},
                  *code_.constant_parts);
}

uint32_t Emitter::AddCall(std::vector<const Overload*> overloads) {
  code_.calls.push_back(std::move(overloads));
  return static_cast<uint32_t>(code_.calls.size() - 1);
}

uint32_t Emitter::AddPattern(Pattern pattern) {
  code_.patterns.push_back(std::move(pattern));
  return static_cast<uint32_t>(code_.patterns.size() - 1);
}

uint32_t Emitter::AddLoop(const Loop& loop) {
  code_.loops.push_back(loop);
  return static_cast<uint32_t>(code_.loops.size() - 1);
}

std::string_view Emitter::Intern(std::string text) {
  return code_.strings.emplace_back(std::move(text));
}

Code Emitter::Take(const Checked& root, std::string type) {
  code_.type = std::move(type);
  // The root is the last node, also where it is a constant computed before others.
  if (root.node + 1 != code_.nodes.size()) Add(code_.nodes[root.node]);
  SortUnique(code_.dependencies.facts);
  SortUnique(code_.dependencies.traits);
  SortUnique(code_.dependencies.segments);
  SortUnique(code_.dependencies.zones);
  return std::move(code_);
}

}  // namespace spotter::segment
