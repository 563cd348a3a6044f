// SPDX-License-Identifier: Apache-2.0
#include "segment/functions.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace spotter::segment {
namespace {

// Equality is not among them: it takes any two types that can have a value in common.
constexpr Function kOperators[] = {
    {"+", "(int, int) -> int"},
    {"+", "(uint, uint) -> uint"},
    {"+", "(double, double) -> double"},
    {"+", "(string, string) -> string"},
    {"+", "(bytes, bytes) -> bytes"},
    {"+", "(list<A>, list<A>) -> list<A>"},
    {"+", "(timestamp, duration) -> timestamp"},
    {"+", "(duration, timestamp) -> timestamp"},
    {"+", "(duration, duration) -> duration"},
    {"-", "(int, int) -> int"},
    {"-", "(uint, uint) -> uint"},
    {"-", "(double, double) -> double"},
    {"-", "(timestamp, timestamp) -> duration"},
    {"-", "(timestamp, duration) -> timestamp"},
    {"-", "(duration, duration) -> duration"},
    {"*", "(int, int) -> int"},
    {"*", "(uint, uint) -> uint"},
    {"*", "(double, double) -> double"},
    {"/", "(int, int) -> int"},
    {"/", "(uint, uint) -> uint"},
    {"/", "(double, double) -> double"},
    {"%", "(int, int) -> int"},
    {"%", "(uint, uint) -> uint"},
    {"in", "(A, list<A>) -> bool"},
    {"in", "(A, map<A, B>) -> bool"},
    {"[]", "(list<A>, int) -> A"},
    {"[]", "(map<A, B>, A) -> B"},
};

constexpr uint16_t BitOf(ValueKind kind) {
  return static_cast<uint16_t>(1U << static_cast<unsigned>(kind));
}

uint16_t KindsOf(TypeId type, const TypeTable& types) {
  if (types.IsOpen(type)) return static_cast<uint16_t>(~BitOf(ValueKind::kError));
  if (types.Is(type, "list")) return BitOf(ValueKind::kList);
  if (types.Is(type, "map")) return BitOf(ValueKind::kMap);
  if (types.Is(type, "type")) return BitOf(ValueKind::kType);
  static constexpr ValueKind kOfSimple[] = {
      ValueKind::kError, ValueKind::kNull,     ValueKind::kBool,   ValueKind::kInt,
      ValueKind::kUint,  ValueKind::kDouble,   ValueKind::kString, ValueKind::kBytes,
      ValueKind::kTime,  ValueKind::kDuration, ValueKind::kEvent};
  return BitOf(kOfSimple[types.Resolved(type)]);
}

struct Library {
  std::map<std::string_view, std::vector<Overload>> overloads;
  std::vector<std::string_view> functions;
  std::vector<std::string_view> methods;

  Library() {
    std::set<std::string_view> names[2];
    for (const std::span<const Function> table :
         {OperatorFunctions(), TextFunctions(), FormatFunctions(), TimeFunctions(),
          ConversionFunctions(), MathFunctions()}) {
      for (const Function& function : table) {
        TypeTable types;
        const Signature signature = ParseSignature(function.signature, types);
        Overload overload{.function = &function, .is_method = signature.is_method};
        for (const TypeId parameter : signature.parameters) {
          overload.kinds.push_back(KindsOf(parameter, types));
        }
        overloads[function.name].push_back(std::move(overload));
        if (function.run != nullptr) names[signature.is_method ? 1 : 0].insert(function.name);
      }
    }
    functions.assign(names[0].begin(), names[0].end());
    methods.assign(names[1].begin(), names[1].end());
  }
};

const Library& TheLibrary() {
  static const Library kLibrary;
  return kLibrary;
}

}  // namespace

bool Overload::Takes(std::span<const Value> arguments) const {
  return std::ranges::equal(arguments, kinds, [](const Value& argument, uint16_t allowed) {
    return (BitOf(argument.kind) & allowed) != 0;
  });
}

std::span<const Overload> FindOverloads(std::string_view name) {
  const auto found = TheLibrary().overloads.find(name);
  return found == TheLibrary().overloads.end() ? std::span<const Overload>() : found->second;
}

std::span<const std::string_view> FunctionNames() { return TheLibrary().functions; }
std::span<const std::string_view> MethodNames() { return TheLibrary().methods; }
std::span<const Function> OperatorFunctions() { return kOperators; }

void TextBuilder::Add(std::string_view text) {
  constexpr size_t kBytesPerStep = 16;
  if (work_.Spend(static_cast<int64_t>(1 + text.size() / kBytesPerStep))) text_ += text;
}

Value TextBuilder::Take(ValueKind kind) {
  Value value{.kind = kind};
  if (!work_.is_over_bound()) value.text = work_.Keep(text_);
  return work_.is_over_bound() ? Workspace::OverBound() : value;
}

std::string NumberText(const Value& number) {
  if (number.kind == ValueKind::kInt) return fmt::format("{}", number.number);
  if (number.kind == ValueKind::kUint) return fmt::format("{}", number.magnitude());
  if (std::isnan(number.real)) return "NaN";
  if (std::isinf(number.real)) return number.real > 0 ? "Infinity" : "-Infinity";
  return fmt::format("{}", number.real);
}

}  // namespace spotter::segment
