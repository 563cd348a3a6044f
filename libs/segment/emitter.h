// SPDX-License-Identifier: Apache-2.0
//
// Builds the code of an expression, node by node, and computes what is constant on the way.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "segment/ast.h"
#include "segment/code.h"
#include "segment/types.h"

namespace spotter::segment {

// A checked node: what an expression over it has to know.
struct Checked {
  uint32_t node = 0;
  TypeId type = Type::kNull;
  bool is_nullable = false;
  // What its value rests on besides constants.
  bool uses_now = false;
  bool uses_member = false;
  uint64_t slots = 0;        // variables of macros around it, a bit each
  bool is_troubled = false;  // it is constant, but computing it failed
  bool is_constant() const { return !uses_now && !uses_member && slots == 0; }
};

class Emitter {
 public:
  // Constants are few and small; what is more is computed at evaluation.
  Emitter() { code_.constant_parts = std::make_unique<Workspace>(10'000, 64 * 1024); }

  Checked Constant(const Value& value, TypeId type);
  // A node without children that reads the member (or the journey).
  Checked Leaf(Node node, TypeId type, bool is_nullable = false);
  Checked Now();
  // A variable of a macro.
  Checked Local(uint32_t slot, TypeId type, bool is_nullable);
  // A node over children; a constant if they are and nothing goes wrong in computing it.
  // `own_slots` are those of a macro, which nothing outside of it rests on.
  Checked Over(Node node, TypeId type, std::span<const Checked> children, bool is_nullable = false,
               uint64_t own_slots = 0);
  Checked Over(Node node, TypeId type, std::initializer_list<Checked> children) {
    return Over(node, type, std::span<const Checked>(children.begin(), children.size()));
  }
  uint32_t AddQuery(const EventQuery& query);
  uint32_t AddFold(const EventFold& fold);

  // The value of a node that uses no member and no variable, at instant 0 (a moving one shows its
  // slope).
  Value ValueOf(const Checked& checked) const;
  std::string_view Intern(std::string text);
  uint32_t AddCall(std::vector<const Overload*> overloads);
  uint32_t AddPattern(Pattern pattern);
  uint32_t AddLoop(const Loop& loop);
  void NeedSlots(uint32_t count) { code_.slots = std::max(code_.slots, count); }
  uint32_t nodes() const { return static_cast<uint32_t>(code_.nodes.size()); }

  void DependsOn(model::FactKind kind) { code_.dependencies.facts.push_back(kind); }
  void DependsOn(model::AttributeId id) { code_.dependencies.traits.push_back(id); }
  void DependsOnSegment(std::string id) { code_.dependencies.segments.push_back(std::move(id)); }
  void DependsOn(NamedZone zone) { code_.dependencies.zones.push_back(std::move(zone)); }
  void DependsOnZones() { code_.dependencies.on_zones = true; }
  void DependsOnConsent() { code_.dependencies.on_consent = true; }

  const Node& NodeOf(const Checked& checked) const { return code_.nodes[checked.node]; }
  // The code whose root is `root`; nothing else may be called after it.
  Code Take(const Checked& root, std::string type);

 private:
  uint32_t Add(const Node& node);
  Code code_;
};

}  // namespace spotter::segment
