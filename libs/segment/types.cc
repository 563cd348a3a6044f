// SPDX-License-Identifier: Apache-2.0
#include "segment/types.h"

#include <array>
#include <map>
#include <utility>

#include "base/assert.h"

namespace spotter::segment {
namespace {

constexpr std::array<std::string_view, Type::kCount> kSimpleNames = {
    "dyn",    "null",  "bool",      "int",      "uint", "double",
    "string", "bytes", "timestamp", "duration", "event"};

class SignatureParser {
 public:
  SignatureParser(std::string_view text, TypeTable& types) : rest_(text), types_(types) {}

  Signature Run() {
    Signature signature;
    if (!rest_.starts_with('(')) {
      signature.is_method = true;
      signature.parameters.push_back(OneType());
      Expect(".");
    }
    Expect("(");
    while (!Skip(")")) {
      signature.parameters.push_back(OneType());
      Skip(",");
    }
    Expect("->");
    signature.result = OneType();
    return signature;
  }

 private:
  bool Skip(std::string_view what) {
    while (rest_.starts_with(' ')) rest_.remove_prefix(1);
    if (!rest_.starts_with(what)) return false;
    rest_.remove_prefix(what.size());
    return true;
  }
  void Expect(std::string_view what) { Assert(Skip(what), "a signature is well formed"); }

  TypeId OneType() {
    Skip("");
    const std::string_view name = rest_.substr(0, rest_.find_first_of("<>,.() "));
    rest_.remove_prefix(name.size());
    Assert(!name.empty(), "a signature has types");
    if (name.size() == 1 && name[0] >= 'A' && name[0] <= 'Z') {
      const auto [at, is_new] = parameters_.try_emplace(name[0], 0);
      if (is_new) at->second = types_.Parameter();
      return at->second;
    }
    for (TypeId simple = 0; simple < Type::kCount; ++simple) {
      if (kSimpleNames[simple] == name) return simple;
    }
    std::vector<TypeId> arguments;
    if (Skip("<")) {
      while (!Skip(">")) {
        arguments.push_back(OneType());
        Skip(",");
      }
    }
    return types_.Make(name, std::move(arguments));
  }

  std::string_view rest_;
  TypeTable& types_;
  std::map<char, TypeId> parameters_;
};

}  // namespace

TypeTable::TypeTable() {
  for (const std::string_view name : kSimpleNames) {
    entries_.push_back({.name = std::string(name)});
  }
}

TypeId TypeTable::Parameter() {
  entries_.emplace_back();
  return static_cast<TypeId>(entries_.size() - 1);
}

TypeId TypeTable::Make(std::string_view name, std::vector<TypeId> arguments) {
  entries_.push_back({.name = std::string(name), .arguments = std::move(arguments)});
  return static_cast<TypeId>(entries_.size() - 1);
}

TypeId TypeTable::Resolved(TypeId type) const {
  while (IsParameter(type) && entries_[type].found != 0) type = entries_[type].found - 1;
  return type;
}

bool TypeTable::IsOpen(TypeId type) const {
  type = Resolved(type);
  return type == Type::kDyn || IsParameter(type);
}

bool TypeTable::Is(TypeId type, std::string_view name) const {
  return entries_[Resolved(type)].name == name;
}

TypeId TypeTable::Argument(TypeId type, size_t index) const {
  const Entry& entry = entries_[Resolved(type)];
  return index < entry.arguments.size() ? entry.arguments[index] : TypeId{Type::kDyn};
}

std::string TypeTable::NameOf(TypeId type) const {
  const Entry& entry = entries_[Resolved(type)];
  if (entry.name.empty()) return "dyn";
  if (entry.arguments.empty()) return entry.name;
  std::string text = entry.name;
  char separator = '(';
  for (const TypeId argument : entry.arguments) {
    text += std::exchange(separator, ',');
    if (text.back() == ',') text += ' ';
    text += NameOf(argument);
  }
  return text + ")";
}

void TypeTable::Bind(TypeId parameter, TypeId type) {
  changes_.push_back({parameter, entries_[parameter].found});
  entries_[parameter].found = type + 1;
}

bool TypeTable::Occurs(TypeId parameter, TypeId type) const {
  type = Resolved(type);
  if (type == parameter) return true;
  for (const TypeId argument : entries_[type].arguments) {
    if (Occurs(parameter, argument)) return true;
  }
  return false;
}

bool TypeTable::IsAsGeneral(TypeId a, TypeId b) const {
  a = Resolved(a);
  b = Resolved(b);
  if (a == Type::kDyn || IsParameter(a)) return true;
  if (b == Type::kDyn || IsParameter(b)) return false;
  const Entry& left = entries_[a];
  const Entry& right = entries_[b];
  if (left.name != right.name || left.arguments.size() != right.arguments.size()) return false;
  for (size_t i = 0; i < left.arguments.size(); ++i) {
    if (!IsAsGeneral(left.arguments[i], right.arguments[i])) return false;
  }
  return true;
}

// `parameter` stands for `type`, or for the more general of it and what it stood for.
bool TypeTable::Substitute(TypeId type, TypeId parameter) {
  TypeId last = parameter;  // of a chain of parameters
  while (entries_[last].found != 0 && IsParameter(entries_[last].found - 1)) {
    last = entries_[last].found - 1;
  }
  type = Resolved(type);  // never a way back to `last`
  if (type == last) return true;
  if (entries_[last].found == 0) {
    if (Occurs(last, type)) return false;
    Bind(last, type);
    return true;
  }
  const TypeId stood_for = entries_[last].found - 1;
  if (type == stood_for) return true;
  if (!Fits(type, stood_for)) return false;
  if (IsAsGeneral(type, stood_for) && !Occurs(last, type)) Bind(last, type);
  return true;
}

bool TypeTable::Fits(TypeId from, TypeId to) {
  if (IsParameter(to)) return Substitute(from, to);
  if (IsParameter(from)) return Substitute(to, from);
  if (from == Type::kDyn || to == Type::kDyn) return true;
  // Times were messages once, and those could be null; so could what an environment brings.
  const auto takes_null = [this](TypeId type) {
    return type == Type::kNull || type == Type::kTime || type == Type::kDuration ||
           type == Type::kEvent ||
           (type >= Type::kCount && !Is(type, "list") && !Is(type, "map") && !Is(type, "type"));
  };
  if (from == Type::kNull) return takes_null(to);
  if (to == Type::kNull) return takes_null(from);
  if (entries_[from].name != entries_[to].name) return false;
  if (entries_[from].name == "type") return true;
  const size_t arguments = entries_[from].arguments.size();
  if (arguments != entries_[to].arguments.size()) return false;
  for (size_t i = 0; i < arguments; ++i) {
    if (!Fits(entries_[from].arguments[i], entries_[to].arguments[i])) return false;
  }
  return true;
}

bool TypeTable::Assign(TypeId from, TypeId to) {
  return AssignAll(std::span(&from, 1), std::span(&to, 1));
}

bool TypeTable::AssignAll(std::span<const TypeId> from, std::span<const TypeId> to) {
  if (from.size() != to.size()) return false;
  changes_.clear();
  for (size_t i = 0; i < from.size(); ++i) {
    if (Fits(from[i], to[i])) continue;
    for (; !changes_.empty(); changes_.pop_back()) {
      entries_[changes_.back().parameter].found = changes_.back().before;
    }
    return false;
  }
  return true;
}

TypeId TypeTable::Join(TypeId a, TypeId b) {
  if (!Assign(a, b)) return Type::kDyn;
  return IsAsGeneral(a, b) ? a : b;
}

Signature ParseSignature(std::string_view text, TypeTable& types) {
  return SignatureParser(text, types).Run();
}

}  // namespace spotter::segment
