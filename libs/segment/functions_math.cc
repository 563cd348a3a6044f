// SPDX-License-Identifier: Apache-2.0
//
// CEL's math extension.
#include <cmath>
#include <limits>

#include "segment/functions.h"

namespace spotter::segment {
namespace {

bool IsNumber(const Value& value) {
  return value.kind == ValueKind::kInt || value.kind == ValueKind::kUint ||
         value.kind == ValueKind::kDouble;
}

// The first of the greatest, or of the least, of a list.
Value Extreme(const Call& call, BinaryOp better) {
  const std::span<const Value> numbers = call[0].elements();
  if (numbers.empty()) return ErrorValue("math.greatest() and math.least() need a number");
  const Value* best = numbers.data();
  for (const Value& number : numbers) {
    if (!IsNumber(number)) return ErrorValue(kNoOverload);
    if (!call.work.Spend(1)) return Workspace::OverBound();
    if (Compare(better, number, *best, call.now, call.work).is_true()) best = &number;
  }
  return *best;
}
Value Greatest(const Call& call) { return Extreme(call, BinaryOp::kGreater); }
Value Least(const Call& call) { return Extreme(call, BinaryOp::kLess); }

template <double (*Rounding)(double)>
Value Rounded(const Call& call) {
  return DoubleValue(Rounding(call[0].real));
}
double Ceil(double x) { return std::ceil(x); }
double Floor(double x) { return std::floor(x); }
double Round(double x) { return std::round(x); }  // halves away from zero
double Trunc(double x) { return std::trunc(x); }

Value AbsInt(const Call& call) {
  if (call[0].number == std::numeric_limits<int64_t>::min()) return ErrorValue(kOverflow);
  return IntValue(std::abs(call[0].number));
}
Value AbsDouble(const Call& call) { return DoubleValue(std::abs(call[0].real)); }
Value Same(const Call& call) { return call[0]; }

Value SignInt(const Call& call) {
  return IntValue((call[0].number > 0 ? 1 : 0) - (call[0].number < 0 ? 1 : 0));
}
Value SignUint(const Call& call) { return UintValue(call[0].number == 0 ? 0 : 1); }
Value SignDouble(const Call& call) {
  const double real = call[0].real;
  return DoubleValue(std::isnan(real) || real == 0 ? real : real > 0 ? 1.0 : -1.0);
}

Value IsNan(const Call& call) { return BoolValue(std::isnan(call[0].real)); }
Value IsInf(const Call& call) { return BoolValue(std::isinf(call[0].real)); }
Value IsFinite(const Call& call) { return BoolValue(std::isfinite(call[0].real)); }

// Of the kind of the first argument.
Value Bits(const Call& call, uint64_t bits) {
  return call[0].kind == ValueKind::kUint ? UintValue(bits) : IntValue(static_cast<int64_t>(bits));
}
Value BitAnd(const Call& call) { return Bits(call, call[0].magnitude() & call[1].magnitude()); }
Value BitOr(const Call& call) { return Bits(call, call[0].magnitude() | call[1].magnitude()); }
Value BitXor(const Call& call) { return Bits(call, call[0].magnitude() ^ call[1].magnitude()); }
Value BitNot(const Call& call) { return Bits(call, ~call[0].magnitude()); }
Value BitShiftLeft(const Call& call) {
  if (call[1].number < 0) return ErrorValue("a shift by a negative number of bits");
  return Bits(call, call[1].number > 63 ? 0 : call[0].magnitude() << call[1].number);
}
Value BitShiftRight(const Call& call) {
  if (call[1].number < 0) return ErrorValue("a shift by a negative number of bits");
  return Bits(call, call[1].number > 63 ? 0 : call[0].magnitude() >> call[1].number);
}

// greatest and least of several arguments are those of the list of them (checker).
constexpr Function kFunctions[] = {
    {"math.greatest", "(list<A>) -> A", Greatest},
    {"math.least", "(list<A>) -> A", Least},
    {"math.ceil", "(double) -> double", Rounded<Ceil>},
    {"math.floor", "(double) -> double", Rounded<Floor>},
    {"math.round", "(double) -> double", Rounded<Round>},
    {"math.trunc", "(double) -> double", Rounded<Trunc>},
    {"math.abs", "(int) -> int", AbsInt},
    {"math.abs", "(uint) -> uint", Same},
    {"math.abs", "(double) -> double", AbsDouble},
    {"math.sign", "(int) -> int", SignInt},
    {"math.sign", "(uint) -> uint", SignUint},
    {"math.sign", "(double) -> double", SignDouble},
    {"math.isNaN", "(double) -> bool", IsNan},
    {"math.isInf", "(double) -> bool", IsInf},
    {"math.isFinite", "(double) -> bool", IsFinite},
    {"math.bitAnd", "(int, int) -> int", BitAnd},
    {"math.bitAnd", "(uint, uint) -> uint", BitAnd},
    {"math.bitOr", "(int, int) -> int", BitOr},
    {"math.bitOr", "(uint, uint) -> uint", BitOr},
    {"math.bitXor", "(int, int) -> int", BitXor},
    {"math.bitXor", "(uint, uint) -> uint", BitXor},
    {"math.bitNot", "(int) -> int", BitNot},
    {"math.bitNot", "(uint) -> uint", BitNot},
    {"math.bitShiftLeft", "(int, int) -> int", BitShiftLeft},
    {"math.bitShiftLeft", "(uint, int) -> uint", BitShiftLeft},
    {"math.bitShiftRight", "(int, int) -> int", BitShiftRight},
    {"math.bitShiftRight", "(uint, int) -> uint", BitShiftRight},
};

}  // namespace

std::span<const Function> MathFunctions() { return kFunctions; }

}  // namespace spotter::segment
