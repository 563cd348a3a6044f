// SPDX-License-Identifier: Apache-2.0
#include "conformance/cel_case.h"

#include <simdjson.h>

#include <cmath>
#include <deque>
#include <fstream>
#include <map>

#include "conformance/host_zones.h"
#include "segment/checker.h"
#include "segment/literals.h"
#include "segment/parser.h"

namespace spotter::segment {
namespace {

namespace dom = simdjson::dom;

std::string TextOf(dom::element json, std::string_view key) {
  std::string_view text;
  return json[key].get(text) == simdjson::SUCCESS ? std::string(text) : "";
}

// Types: from the suite's JSON to the names that our signatures and the checker use. "?" is in
// what has none here.
std::string TypeName(dom::element type);

std::string TypeNames(dom::element types) {
  std::string names;
  for (const dom::element type : types.get_array()) {
    names += (names.empty() ? "" : ", ") + TypeName(type);
  }
  return names;
}

std::string TypeName(dom::element type) {
  static const std::map<std::string, std::string, std::less<>> kNames = {
      {"BOOL", "bool"},
      {"INT64", "int"},
      {"UINT64", "uint"},
      {"DOUBLE", "double"},
      {"STRING", "string"},
      {"BYTES", "bytes"},
      {"TIMESTAMP", "timestamp"},
      {"DURATION", "duration"},
      {"google.protobuf.Timestamp", "timestamp"},
      {"google.protobuf.Duration", "duration"}};
  const auto known = [](std::string_view name) {
    const auto found = kNames.find(name);
    return found == kNames.end() ? "?" : found->second;
  };
  dom::element inner;
  for (const std::string_view key : {"primitive", "wellKnown", "messageType"}) {
    if (type[key].get(inner) == simdjson::SUCCESS) return known(TextOf(type, key));
  }
  if (type["typeParam"].get(inner) == simdjson::SUCCESS) return TextOf(type, "typeParam");
  if (type["listType"].get(inner) == simdjson::SUCCESS) {
    return fmt::format("list<{}>", TypeName(inner["elemType"].value()));
  }
  if (type["mapType"].get(inner) == simdjson::SUCCESS) {
    return fmt::format("map<{}, {}>", TypeName(inner["keyType"].value()),
                       TypeName(inner["valueType"].value()));
  }
  if (type["abstractType"].get(inner) == simdjson::SUCCESS) {
    return fmt::format("{}<{}>", TextOf(inner, "name"), TypeNames(inner["parameterTypes"].value()));
  }
  if (type["dyn"].get(inner) == simdjson::SUCCESS) return "dyn";
  if (type["null"].error() == simdjson::SUCCESS) return "null";
  return "?";
}

std::string Base64Decoded(std::string_view text) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    if (c == '=') break;
    bits = bits << 6 | static_cast<uint32_t>(kDigits.find(c));
    if ((count += 6) < 8) continue;
    bytes.push_back(static_cast<char>(bits >> (count -= 8) & 0xFF));
  }
  return bytes;
}

// Values of the suite's JSON, and what they point into.
class Values {
 public:
  // nullopt: a message or another value that is not in the language.
  std::optional<Value> Of(dom::element json) {
    const auto field = *json.get_object().value().begin();
    const std::string_view kind = field.key;
    const dom::element value = field.value;
    if (kind == "nullValue") return NullValue();
    if (kind == "boolValue") return BoolValue(value.get_bool());
    if (kind == "int64Value") return IntValue(std::stoll(Text(value)));
    if (kind == "uint64Value") return UintValue(std::stoull(Text(value)));
    if (kind == "doubleValue") return DoubleValue(Real(value));
    if (kind == "stringValue") return StringValue(Kept(Text(value)));
    if (kind == "bytesValue") return BytesValue(Kept(Base64Decoded(Text(value))));
    if (kind == "typeValue") return TypeValue(Kept(Text(value)));
    if (kind == "listValue") return List(value);
    if (kind == "mapValue") return Map(value);
    if (kind == "objectValue") return Object(value);
    return std::nullopt;
  }

 private:
  static std::string Text(dom::element value) { return std::string(value.get_string().value()); }
  static double Real(dom::element value) {
    double real = 0;
    if (value.get_double().get(real) == simdjson::SUCCESS) return real;
    const std::string text = Text(value);
    return text == "NaN" ? std::nan("") : text == "Infinity" ? HUGE_VAL : -HUGE_VAL;
  }
  std::string_view Kept(std::string text) { return texts_.emplace_back(std::move(text)); }

  std::optional<Value> List(dom::element json) {
    std::vector<Value>& items = lists_.emplace_back();
    dom::array array;
    if (json["values"].get(array) != simdjson::SUCCESS) return ListValue(items);
    for (const dom::element element : array) {
      const std::optional<Value> item = Of(element);
      if (!item) return std::nullopt;
      items.push_back(*item);
    }
    return ListValue(items);
  }
  std::optional<Value> Map(dom::element json) {
    std::vector<Value>& items = lists_.emplace_back();
    dom::array array;
    if (json["entries"].get(array) != simdjson::SUCCESS) return MapValue(items);
    for (const dom::element entry : array) {
      for (const std::string_view part : {"key", "value"}) {
        const std::optional<Value> item = Of(entry[part].value());
        if (!item) return std::nullopt;
        items.push_back(*item);
      }
    }
    return MapValue(items);
  }
  static std::optional<Value> Object(dom::element json) {
    const std::string type = TextOf(json, "@type");
    const std::string text = TextOf(json, "value");
    if (type == "type.googleapis.com/google.protobuf.Duration") {
      const FineTime span = *ParseDurationText(text);
      return DurationValue(span.ms, 0, EventTime::Max(), {}, span.nanos);
    }
    if (type == "type.googleapis.com/google.protobuf.Timestamp") {
      const FineTime time = *ParseTimestampText(text);
      return TimeValue(time.ms, 0, EventTime::Max(), {}, time.nanos);
    }
    return std::nullopt;
  }

  std::deque<std::string> texts_;
  std::deque<std::vector<Value>> lists_;
};

// The same kind and the same content: 1 and 1.0 are not, NaN and NaN are.
bool IsSame(const Value& a, const Value& b) {
  if (a.kind != b.kind) return false;
  const std::span<const Value> items = b.elements();
  switch (a.kind) {
    case ValueKind::kDouble:
      return (std::isnan(a.real) && std::isnan(b.real)) ||
             (a.real == b.real && std::signbit(a.real) == std::signbit(b.real));
    case ValueKind::kString:
    case ValueKind::kBytes:
    case ValueKind::kType:
      return a.text == b.text;
    case ValueKind::kTime:
    case ValueKind::kDuration:
      return a.number == b.number && a.nanos == b.nanos;
    case ValueKind::kList:
      return std::ranges::equal(a.elements(), items, IsSame);
    case ValueKind::kMap:
      if (a.number != b.number) return false;
      for (size_t i = 0; i < items.size(); i += 2) {
        bool is_there = false;
        for (size_t j = 0; j < items.size(); j += 2) {
          is_there =
              is_there || (IsSame(a.items[j], items[i]) && IsSame(a.items[j + 1], items[i + 1]));
        }
        if (!is_there) return false;
      }
      return true;
    default:
      return a.number == b.number;
  }
}

std::string Described(const Value& value) {
  if (value.is_error()) return fmt::format("error '{}'", value.text);
  return fmt::format("{} {} {} '{}'", TypeNameOf(value), value.number,
                     value.kind == ValueKind::kDouble ? value.real : 0.0, value.text);
}

struct Declared {
  Environment environment;
  std::vector<Value> variables;
  std::string trouble;
};

Declared ReadEnvironment(dom::element test, Values& values) {
  Declared declared;
  Environment& environment = declared.environment;
  environment.container = TextOf(test, "container");
  bool is_unchecked = false;
  if (test["disableCheck"].get(is_unchecked) != simdjson::SUCCESS) is_unchecked = false;
  environment.is_checked = !is_unchecked;
  dom::array types;
  if (test["typeEnv"].get(types) == simdjson::SUCCESS) {
    for (const dom::element entry : types) {
      const std::string name = TextOf(entry, "name");
      dom::element type;
      if (entry["ident"]["type"].get(type) == simdjson::SUCCESS) {
        environment.variables.push_back({.name = name, .type = TypeName(type)});
      } else {
        for (const dom::element overload : entry["function"]["overloads"].get_array()) {
          environment.functions.push_back(
              {.name = name,
               .signature = fmt::format("({}) -> {}", TypeNames(overload["params"].value()),
                                        TypeName(overload["resultType"].value()))});
        }
      }
    }
  }
  for (const auto& variable : environment.variables) {
    if (variable.type.find('?') != std::string::npos) declared.trouble = "a message is declared";
  }
  declared.variables.resize(environment.variables.size(), ErrorValue("the variable is not bound"));
  dom::object bindings;
  if (test["bindings"].get(bindings) != simdjson::SUCCESS) return declared;
  for (const auto& [name, binding] : bindings) {
    const std::optional<Value> value = values.Of(binding["value"].value());
    if (!value) declared.trouble = "a message is bound";
    auto at = std::ranges::find(environment.variables, name, &Environment::Variable::name);
    if (at == environment.variables.end()) {
      environment.variables.push_back({.name = std::string(name)});
      declared.variables.emplace_back();
      at = environment.variables.end() - 1;
    }
    if (value) {
      declared.variables[static_cast<size_t>(at - environment.variables.begin())] = *value;
    }
  }
  return declared;
}

// "list<int>" of a signature as the checker writes it: "list(int)".
std::string AsChecked(std::string name) {
  std::ranges::replace(name, '<', '(');
  std::ranges::replace(name, '>', ')');
  return name;
}

std::string Run(dom::element test) {
  Values values;
  const Declared declared = ReadEnvironment(test, values);
  if (!declared.trouble.empty()) return declared.trouble;
  const bool wants_error = test["evalError"].error() == simdjson::SUCCESS ||
                           test["anyEvalErrors"].error() == simdjson::SUCCESS;

  const StatusOr<Ast> ast = Parse(TextOf(test, "expr"));
  const StatusOr<Code> code =
      ast.ok() ? Check(*ast, declared.environment) : StatusOr<Code>(ast.status());
  if (!code.ok()) {
    // What is refused by name, or unknown, has not been tried: that is not the error of a test.
    const std::string message(MessageOf(code.status()));
    const bool is_out =
        message.find("not in the language") != std::string::npos || message.starts_with("unknown ");
    return wants_error && !is_out ? "" : "refused: " + message;
  }

  dom::element deduced;
  if (test["typedResult"]["deducedType"].get(deduced) == simdjson::SUCCESS) {
    const std::string wanted = AsChecked(TypeName(deduced));
    if (code->type != wanted) return fmt::format("type {}, expected {}", code->type, wanted);
  }
  if (test["checkOnly"].error() == simdjson::SUCCESS) return "";

  const model::MemberView nobody{};
  const HostZones zones;
  Workspace work;
  const Value found =
      Evaluate(*code, static_cast<uint32_t>(code->nodes.size() - 1),
               Input{.member = nobody, .zones = &zones, .variables = declared.variables}, work);
  if (wants_error) {
    if (!found.is_error()) return fmt::format("{}, expected an error", Described(found));
    const bool is_out = found.text.find("not in the language") != std::string_view::npos;
    return is_out ? "refused: " + std::string(found.text) : "";
  }
  std::optional<Value> wanted = BoolValue(true);
  dom::element json;
  if (test["value"].get(json) == simdjson::SUCCESS ||
      test["typedResult"]["result"].get(json) == simdjson::SUCCESS) {
    wanted = values.Of(json);
  }
  if (!wanted) return "a message is expected";
  if (IsSame(found, *wanted)) return "";
  return fmt::format("{}, expected {}", Described(found), Described(*wanted));
}

}  // namespace

StatusOr<std::vector<CelCase>> ReadCelCases(const std::string& path) {
  std::ifstream file(path);
  if (!file.is_open()) return NotFound("no file {}", path);
  dom::parser parser;
  std::vector<CelCase> cases;
  std::map<std::string, int> seen;
  for (std::string line; std::getline(file, line);) {
    if (line.empty()) continue;
    const dom::element test = parser.parse(line);
    std::string key = fmt::format("{}/{}/{}", TextOf(test, "file"), TextOf(test, "section"),
                                  TextOf(test, "name"));
    if (const int count = ++seen[key]; count > 1) key += fmt::format("#{}", count);
    cases.push_back({.key = std::move(key), .json = std::move(line)});
  }
  return cases;
}

std::string RunCelCase(const CelCase& cel_case) {
  dom::parser parser;
  return Run(parser.parse(cel_case.json));
}

}  // namespace spotter::segment
