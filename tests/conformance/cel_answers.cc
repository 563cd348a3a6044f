// SPDX-License-Identifier: Apache-2.0
//
// cel_answers FIRST COUNT: random expressions of these seeds, one a line: the expression, a tab,
// what our CEL makes of it in the notation of bufbuild_answers.mjs.
#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "conformance/cel_generator.h"
#include "conformance/host_zones.h"
#include "segment/checker.h"
#include "segment/literals.h"
#include "segment/parser.h"

namespace spotter::segment {
namespace {

std::string HexOf(std::string_view bytes) {
  std::string hex;
  for (const char c : bytes) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return hex;
}

std::string Nanoseconds(const Value& value) {
  return fmt::format("{}", static_cast<__int128>(value.number) * 1'000'000 + value.nanos);
}

std::string Notation(const Value& value) {
  switch (value.kind) {
    case ValueKind::kNull:
      return "null";
    case ValueKind::kBool:
      return value.number != 0 ? "true" : "false";
    case ValueKind::kInt:
      return fmt::format("int {}", value.number);
    case ValueKind::kUint:
      return fmt::format("uint {}", value.magnitude());
    case ValueKind::kDouble:
      return std::isnan(value.real)
                 ? "double nan"
                 : fmt::format("double {:016x}", std::bit_cast<uint64_t>(value.real));
    case ValueKind::kString:
      return "string " + HexOf(value.text);
    case ValueKind::kBytes:
      return "bytes " + HexOf(value.text);
    case ValueKind::kTime:
      return "time " + Nanoseconds(value);
    case ValueKind::kDuration:
      return "span " + Nanoseconds(value);
    case ValueKind::kType:
      return fmt::format("type {}", value.text);
    case ValueKind::kList: {
      std::vector<std::string> items;
      for (const Value& item : value.elements()) items.push_back(Notation(item));
      return fmt::format("[{}]", fmt::join(items, ", "));
    }
    case ValueKind::kMap: {
      std::vector<std::string> entries;
      const std::span<const Value> items = value.elements();
      for (size_t i = 0; i < items.size(); i += 2) {
        entries.push_back(Notation(items[i]) + ": " + Notation(items[i + 1]));
      }
      std::ranges::sort(entries);
      return fmt::format("{{{}}}", fmt::join(entries, ", "));
    }
    default:
      return "error";
  }
}

std::string AnswerTo(const std::string& text) {
  static const std::vector<Value> kList = {IntValue(1), IntValue(2), IntValue(3)};
  static const std::vector<Value> kMap = {StringValue("a"), IntValue(1), StringValue("b"),
                                          IntValue(2)};
  static const FineTime kTime = *ParseTimestampText("2024-02-29T12:34:56.789Z");
  static const std::vector<std::pair<std::string, Value>> kVariables = {
      {"i", IntValue(7)},
      {"j", IntValue(-3)},
      {"u", UintValue(5)},
      {"d", DoubleValue(2.5)},
      {"s", StringValue("h\u00e9llo")},
      {"b", BytesValue("ab")},
      {"l", ListValue(kList)},
      {"m", MapValue(kMap)},
      {"t", TimeValue(kTime.ms, 0, EventTime::Max(), {}, kTime.nanos)},
      {"z", NullValue()}};
  Environment environment;
  environment.is_checked = false;  // as the other one
  std::vector<Value> values;
  for (const auto& [name, value] : kVariables) {
    environment.variables.push_back({.name = name});
    values.push_back(value);
  }
  const StatusOr<Ast> ast = Parse(text);
  if (!ast.ok()) return "error";
  const StatusOr<Code> code = Check(*ast, environment);
  if (!code.ok()) return "error";
  const model::MemberView nobody{};
  const HostZones zones;
  Workspace work;
  return Notation(Evaluate(*code, static_cast<uint32_t>(code->nodes.size() - 1),
                           Input{.member = nobody, .zones = &zones, .variables = values}, work));
}

}  // namespace
}  // namespace spotter::segment

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: cel_answers FIRST COUNT\n");
    return 2;
  }
  const uint64_t first = std::strtoull(argv[1], nullptr, 10);
  const uint64_t count = std::strtoull(argv[2], nullptr, 10);
  for (uint64_t seed = first; seed < first + count; ++seed) {
    const std::string expression = spotter::segment::RandomCel(seed);
    fmt::print("{}\t{}\n", expression, spotter::segment::AnswerTo(expression));
  }
  return 0;
}
