// SPDX-License-Identifier: Apache-2.0
//
// The standard library: what a function is called, what it takes and gives, and how it is done.
// A table is its documentation; the checker and the evaluator read the same one.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "segment/expression.h"
#include "segment/types.h"
#include "segment/value.h"
#include "segment/workspace.h"

namespace spotter::segment {

struct Call {
  std::span<const Value> arguments;  // no errors among them; of the kinds of the signature
  EventTime now;
  const ZoneLookup* zones;
  Workspace& work;

  const Value& operator[](size_t i) const { return arguments[i]; }
};

struct Function {
  std::string_view name;
  std::string_view signature;  // as ParseSignature reads it
  // nullptr: an operator, which the evaluator does itself. The answer need not hold longer than
  // the arguments do; a function that reads moving times says until when it holds.
  Value (*run)(const Call&) = nullptr;
};

// One row of the tables, ready to be chosen by the kinds of values.
struct Overload {
  const Function* function = nullptr;
  bool is_method = false;
  std::vector<uint16_t> kinds;  // of each parameter: a bit per ValueKind

  bool Takes(std::span<const Value> arguments) const;
};

// Those of a name, in the order of the tables; empty for an unknown one.
std::span<const Overload> FindOverloads(std::string_view name);
// Every name that is called as a function or as a method; operators are left out. Sorted.
std::span<const std::string_view> FunctionNames();
std::span<const std::string_view> MethodNames();

// The tables.
std::span<const Function> OperatorFunctions();
std::span<const Function> TextFunctions();
std::span<const Function> FormatFunctions();
std::span<const Function> TimeFunctions();
std::span<const Function> ConversionFunctions();
std::span<const Function> MathFunctions();

// A text that grows within the bounds of an evaluation.
class TextBuilder {
 public:
  explicit TextBuilder(Workspace& work) : work_(work) {}
  void Add(std::string_view text);
  std::string_view text() const { return text_; }
  Value Take(ValueKind kind = ValueKind::kString);  // or OverBound()

 private:
  Workspace& work_;
  std::string text_;
};

// As string() writes it.
std::string NumberText(const Value& number);

}  // namespace spotter::segment
