// SPDX-License-Identifier: Apache-2.0
//
// The types of the checker: CEL's, with parameters that are found out (Milner 1978, with `dyn` as a
// type that agrees with every other, as CEL's checkers do it).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace spotter::segment {

// An index into the TypeTable of a check; the simple types are the same in all of them.
using TypeId = uint32_t;
struct Type {
  enum Simple : TypeId {
    kDyn,
    kNull,
    kBool,
    kInt,
    kUint,
    kDouble,
    kString,
    kBytes,
    kTime,
    kDuration,
    kEvent,
    kCount
  };
};

class TypeTable {
 public:
  TypeTable();

  TypeId Parameter();  // unknown yet
  TypeId ListOf(TypeId element) { return Make("list", {element}); }
  TypeId MapOf(TypeId key, TypeId value) { return Make("map", {key, value}); }
  TypeId TypeOf(TypeId type) { return Make("type", {type}); }
  TypeId Make(std::string_view name, std::vector<TypeId> arguments);

  // Does a value of `from` fit where `to` is expected? Finds out parameters on the way; none if it
  // does not fit.
  bool Assign(TypeId from, TypeId to);
  bool AssignAll(std::span<const TypeId> from, std::span<const TypeId> to);
  // The type of a list with elements of both; dyn if they have none in common.
  TypeId Join(TypeId a, TypeId b);

  // Parameters replaced by what was found; those still unknown by themselves.
  TypeId Resolved(TypeId type) const;
  // dyn, or a parameter of which nothing is known.
  bool IsOpen(TypeId type) const;
  bool Is(TypeId type, std::string_view name) const;  // "list", "map", "type"
  TypeId Argument(TypeId type, size_t index) const;   // of a list, map or type
  std::string NameOf(TypeId type) const;              // "list(int)"; unknown: "dyn"
  bool IsSame(TypeId a, TypeId b) const { return NameOf(a) == NameOf(b); }

 private:
  struct Entry {
    std::string name;  // empty: a parameter
    std::vector<TypeId> arguments;
    TypeId found = 0;  // of a parameter; 0 is dyn, so it is stored plus one
  };
  bool Fits(TypeId from, TypeId to);
  bool Substitute(TypeId type, TypeId parameter);
  bool Occurs(TypeId parameter, TypeId type) const;
  bool IsAsGeneral(TypeId a, TypeId b) const;
  bool IsParameter(TypeId type) const { return entries_[type].name.empty(); }
  void Bind(TypeId parameter, TypeId type);

  std::vector<Entry> entries_;
  struct Change {
    TypeId parameter;
    TypeId before;
  };
  std::vector<Change> changes_;  // to be taken back when an assignment fails
};

// "string.(int, list<A>) -> map<A, int>": capitals are parameters.
struct Signature {
  bool is_method = false;
  std::vector<TypeId> parameters;  // of a method, the receiver first
  TypeId result = Type::kDyn;
};
// Of a text that is right: those of our own tables and of a checked environment.
Signature ParseSignature(std::string_view text, TypeTable& types);

}  // namespace spotter::segment
