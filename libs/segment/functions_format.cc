// SPDX-License-Identifier: Apache-2.0
//
// 'text'.format([...]) and strings.quote, of CEL's string extensions.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "segment/functions.h"
#include "segment/literals.h"
#include "segment/utf8.h"

namespace spotter::segment {
namespace {

bool IsReal(const Value& value) { return value.kind == ValueKind::kDouble; }
bool IsInteger(const Value& value) {
  return value.kind == ValueKind::kInt || value.kind == ValueKind::kUint;
}

class Formatter {
 public:
  explicit Formatter(const Call& call) : call_(call), out_(call.work) {}

  Value Run() {
    std::string_view rest = call_[0].text;
    while (!rest.empty() && error_.empty()) {
      const size_t plain = std::min(rest.find('%'), rest.size());
      out_.Add(rest.substr(0, plain));
      rest.remove_prefix(plain);
      if (!rest.empty()) Clause(rest);
    }
    if (!error_.empty()) return ErrorValue(error_, until_);
    Value text = out_.Take();
    text.valid_until = std::min(text.valid_until, until_);
    return text;
  }

 private:
  void Fail(std::string_view why) {
    if (error_.empty()) error_ = why;
  }

  // "%s", "%.3f", "%%"; `rest` begins with the percent sign.
  void Clause(std::string_view& rest) {
    rest.remove_prefix(1);
    int precision = 6;
    if (rest.starts_with('.')) {
      precision = 0;
      for (rest.remove_prefix(1); !rest.empty() && rest[0] >= '0' && rest[0] <= '9';
           rest.remove_prefix(1)) {
        precision = std::min(precision * 10 + (rest[0] - '0'), 1000);
      }
    }
    constexpr int kPrecisionMax = 100;
    if (precision > kPrecisionMax) return Fail("a number is formatted with over 100 digits");
    if (rest.empty()) return Fail("a format ends in '%'");
    const char verb = rest[0];
    rest.remove_prefix(1);
    if (verb == '%') return out_.Add("%");
    if (std::string_view("sdfebxXo").find(verb) == std::string_view::npos) {
      return Fail("a format has an unknown clause, expected one of %s %d %f %e %b %x %X %o");
    }
    if (next_ >= call_[1].elements().size()) return Fail("a format has more clauses than values");
    const Value& value = call_[1].elements()[next_++];
    switch (verb) {
      case 's':
        return Text(value);
      case 'd':
        if (!IsInteger(value) && !IsReal(value)) return Fail("%d takes numbers only");
        return out_.Add(NumberText(value));
      case 'f':
      case 'e':
        return Real(value, verb, precision);
      default:
        return Digits(value, verb);
    }
  }

  void Real(const Value& value, char verb, int precision) {
    double real = value.real;
    if (value.kind == ValueKind::kInt) real = static_cast<double>(value.number);
    if (value.kind == ValueKind::kUint) real = static_cast<double>(value.magnitude());
    if (!IsInteger(value) && !IsReal(value)) return Fail("%f and %e take numbers only");
    if (!std::isfinite(real)) return out_.Add(NumberText(value));
    out_.Add(verb == 'f' ? fmt::format("{:.{}f}", real, precision)
                         : fmt::format("{:.{}e}", real, precision));
  }

  void Digits(const Value& value, char verb) {
    const bool is_hex = verb == 'x' || verb == 'X';
    if (is_hex && (value.kind == ValueKind::kString || value.kind == ValueKind::kBytes)) {
      for (const char c : value.text) {
        const auto byte = static_cast<unsigned char>(c);
        out_.Add(verb == 'x' ? fmt::format("{:02x}", byte) : fmt::format("{:02X}", byte));
      }
      return;
    }
    const bool is_bool = verb == 'b' && value.kind == ValueKind::kBool;
    if (!IsInteger(value) && !is_bool) return Fail("%b, %o and %x take whole numbers only");
    const bool is_negative = value.kind == ValueKind::kInt && value.number < 0;
    const uint64_t size = is_negative ? 0 - value.magnitude() : value.magnitude();
    if (is_negative) out_.Add("-");
    out_.Add(verb == 'b'   ? fmt::format("{:b}", size)
             : verb == 'o' ? fmt::format("{:o}", size)
             : verb == 'x' ? fmt::format("{:x}", size)
                           : fmt::format("{:X}", size));
  }

  // What moves is read at this instant and reads otherwise a millisecond later.
  void Moves(const Value& value) { until_ = std::min(until_, NextStep(value, 1, call_.now)); }

  void Text(const Value& value) {
    switch (value.kind) {
      case ValueKind::kNull:
        return out_.Add("null");
      case ValueKind::kBool:
        return out_.Add(value.is_true() ? "true" : "false");
      case ValueKind::kInt:
      case ValueKind::kUint:
      case ValueKind::kDouble:
        return out_.Add(NumberText(value));
      case ValueKind::kBytes:
        if (InvalidUtf8At(value.text) != std::string_view::npos) return Fail("bytes are not UTF-8");
        return out_.Add(value.text);
      case ValueKind::kString:
      case ValueKind::kType:
        return out_.Add(value.text);
      case ValueKind::kTime:
        Moves(value);
        return out_.Add(TimestampText({.ms = value.number, .nanos = value.nanos}));
      case ValueKind::kDuration:
        Moves(value);
        return out_.Add(DurationText({.ms = value.number, .nanos = value.nanos}));
      case ValueKind::kList:
        return List(value);
      case ValueKind::kMap:
        return Map(value);
      case ValueKind::kError:
      case ValueKind::kEvent:
        break;
    }
    Fail("%s does not take such a value");
  }

  void List(const Value& list) {
    out_.Add("[");
    for (const Value& element : list.elements()) {
      if (&element != list.items) out_.Add(", ");
      if (call_.work.is_over_bound()) return;
      Text(element);
    }
    out_.Add("]");
  }

  // Ordered by what is written of the keys.
  void Map(const Value& map) {
    std::vector<std::pair<std::string, const Value*>> entries;
    for (size_t i = 0; i < map.elements().size(); i += 2) {
      const Value& key = map.items[i];
      if (!call_.work.Spend(1)) return;
      entries.emplace_back(key.kind == ValueKind::kBool     ? (key.is_true() ? "true" : "false")
                           : key.kind == ValueKind::kString ? std::string(key.text)
                                                            : NumberText(key),
                           &map.items[i + 1]);
    }
    std::ranges::stable_sort(entries, {}, &std::pair<std::string, const Value*>::first);
    out_.Add("{");
    for (size_t i = 0; i < entries.size() && !call_.work.is_over_bound(); ++i) {
      if (i > 0) out_.Add(", ");
      out_.Add(entries[i].first);
      out_.Add(": ");
      Text(*entries[i].second);
    }
    out_.Add("}");
  }

  const Call& call_;
  TextBuilder out_;
  size_t next_ = 0;
  EventTime until_ = EventTime::Max();
  std::string_view error_;
};

Value Format(const Call& call) { return Formatter(call).Run(); }

Value Quote(const Call& call) {
  static constexpr std::string_view kFrom = "\a\b\f\n\r\t\v\\\"";
  static constexpr std::string_view kTo = "abfnrtv\\\"";
  TextBuilder out(call.work);
  out.Add("\"");
  for (const char& c : call[0].text) {
    const size_t at = kFrom.find(c);
    if (at == std::string_view::npos) {
      out.Add({&c, 1});
    } else {
      out.Add("\\");
      out.Add(kTo.substr(at, 1));
    }
  }
  out.Add("\"");
  return out.Take();
}

constexpr Function kFunctions[] = {
    {"format", "string.(list<dyn>) -> string", Format},
    {"strings.quote", "(string) -> string", Quote},
};

}  // namespace

std::span<const Function> FormatFunctions() { return kFunctions; }

}  // namespace spotter::segment
