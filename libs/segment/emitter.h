// SPDX-License-Identifier: Apache-2.0
//
// Builds the code of an expression, node by node, and computes what is constant on the way.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "segment/ast.h"
#include "segment/code.h"

namespace spotter::segment {

enum class Type : uint8_t { kNull, kBool, kInt, kDouble, kString, kTime, kDuration, kEvent };
std::string_view NameOf(Type type);

// A checked node: what an expression over it has to know.
struct Checked {
  uint32_t node = 0;
  Type type = Type::kNull;
  bool is_nullable = false;
  // What its value rests on besides constants.
  bool uses_now = false;
  bool uses_member = false;
  bool is_constant() const { return !uses_now && !uses_member; }
};

class Emitter {
 public:
  Checked Constant(const Value& value, Type type);
  // A node without children that reads the member (or the journey).
  Checked Leaf(Node node, Type type, bool is_nullable = false);
  Checked Now();
  // A node over children; a constant if they are and nothing goes wrong in computing it.
  Checked Over(Node node, Type type, std::span<const Checked> children, bool is_nullable = false);
  Checked Over(Node node, Type type, std::initializer_list<Checked> children) {
    return Over(node, type, std::span<const Checked>(children.begin(), children.size()));
  }
  uint32_t AddQuery(const EventQuery& query);

  // The value of a node that uses no member, at instant 0 (a moving one shows its slope).
  Value ValueOf(const Checked& checked) const;
  std::string_view Intern(std::string text);

  void DependsOn(model::FactKind kind) { code_.dependencies.facts.push_back(kind); }
  void DependsOn(model::AttributeId id) { code_.dependencies.traits.push_back(id); }
  void DependsOnSegment(std::string id) { code_.dependencies.segments.push_back(std::move(id)); }
  void DependsOnConsent() { code_.dependencies.on_consent = true; }

  const Node& NodeOf(const Checked& checked) const { return code_.nodes[checked.node]; }
  // The code whose root is `root`; nothing else may be called after it.
  Code Take(const Checked& root);

 private:
  uint32_t Add(const Node& node);
  Code code_;
};

}  // namespace spotter::segment
