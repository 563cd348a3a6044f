// SPDX-License-Identifier: Apache-2.0
//
// One type to another; base64.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "segment/functions.h"
#include "segment/literals.h"
#include "segment/utf8.h"

namespace spotter::segment {
namespace {

constexpr std::string_view kRange = "the number is out of range";
constexpr std::string_view kNoNumber = "the text is not a number";

Value Same(const Call& call) { return call[0]; }

template <typename Number>
Value Parsed(std::string_view text, Value (*make)(Number, EventTime)) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && at == end ? make(number, EventTime::Max()) : ErrorValue(kNoNumber);
}

Value UintToInt(const Call& call) {
  return call[0].number < 0 ? ErrorValue(kRange) : IntValue(call[0].number);
}
Value DoubleToInt(const Call& call) {
  const double real = call[0].real;
  // The ends are what other numbers are rounded to, so they are out as well.
  return real > -0x1p63 && real < 0x1p63 ? IntValue(static_cast<int64_t>(real))
                                         : ErrorValue(kRange);
}
Value TextToInt(const Call& call) { return Parsed<int64_t>(call[0].text, IntValue); }
Value TimeToInt(const Call& call) {
  const int64_t ms = call[0].number;
  return IntValue((ms - (ms % 1000 + 1000) % 1000) / 1000, NextStep(call[0], 1000, call.now));
}

Value IntToUint(const Call& call) {
  return call[0].number < 0 ? ErrorValue(kRange) : UintValue(call[0].magnitude());
}
Value DoubleToUint(const Call& call) {
  const double real = call[0].real;
  return real >= 0 && real < 0x1p64 ? UintValue(static_cast<uint64_t>(real)) : ErrorValue(kRange);
}
Value TextToUint(const Call& call) { return Parsed<uint64_t>(call[0].text, UintValue); }

Value IntToDouble(const Call& call) { return DoubleValue(static_cast<double>(call[0].number)); }
Value UintToDouble(const Call& call) {
  return DoubleValue(static_cast<double>(call[0].magnitude()));
}
Value TextToDouble(const Call& call) { return Parsed<double>(call[0].text, DoubleValue); }

Value Kept(const Call& call, std::string_view text, EventTime until = EventTime::Max()) {
  const std::string_view kept = call.work.Keep(text);
  return call.work.is_over_bound() ? Workspace::OverBound() : StringValue(kept, until);
}
Value NumberToText(const Call& call) { return Kept(call, NumberText(call[0])); }
Value BoolToText(const Call& call) { return StringValue(call[0].is_true() ? "true" : "false"); }
Value BytesToText(const Call& call) {
  if (InvalidUtf8At(call[0].text) != std::string_view::npos) {
    return ErrorValue("bytes are not UTF-8");
  }
  return StringValue(call[0].text);
}
Value TimeToText(const Call& call) {
  return Kept(call, TimestampText({.ms = call[0].number, .nanos = call[0].nanos}),
              NextStep(call[0], 1, call.now));
}
Value DurationToText(const Call& call) {
  return Kept(call, DurationText({.ms = call[0].number, .nanos = call[0].nanos}),
              NextStep(call[0], 1, call.now));
}

Value TextToBytes(const Call& call) { return BytesValue(call[0].text); }

Value TextToBool(const Call& call) {
  constexpr std::string_view kTrue[] = {"1", "t", "true", "TRUE", "True"};
  constexpr std::string_view kFalse[] = {"0", "f", "false", "FALSE", "False"};
  if (std::ranges::find(kTrue, call[0].text) != std::end(kTrue)) return BoolValue(true);
  if (std::ranges::find(kFalse, call[0].text) != std::end(kFalse)) return BoolValue(false);
  return ErrorValue("the text is not a bool");
}

Value TextToTime(const Call& call) {
  const StatusOr<FineTime> time = ParseTimestampText(call[0].text);
  return time.ok() ? TimeValue(time->ms, 0, EventTime::Max(), call.now, time->nanos)
                   : ErrorValue("the text is not a timestamp of the years 1 to 9999");
}
Value IntToTime(const Call& call) {
  int64_t ms = 0;
  if (__builtin_mul_overflow(call[0].number, 1000, &ms)) ms = std::numeric_limits<int64_t>::max();
  return TimeValue(ms, 0, EventTime::Max(), call.now);
}
Value TextToDuration(const Call& call) {
  const StatusOr<FineTime> span = ParseDurationText(call[0].text);
  return span.ok() ? DurationValue(span->ms, 0, EventTime::Max(), call.now, span->nanos)
                   : ErrorValue("the text is not a duration");
}

Value TypeOf(const Call& call) {
  const bool is_type = call[0].kind == ValueKind::kType;
  return TypeValue(is_type ? "type" : TypeNameOf(call[0]));
}

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

Value Base64Encode(const Call& call) {
  const std::string_view bytes = call[0].text;
  TextBuilder out(call.work);
  for (size_t at = 0; at < bytes.size(); at += 3) {
    uint32_t bits = 0;
    for (size_t i = 0; i < 3; ++i) {
      bits = bits << 8 | (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0U);
    }
    for (size_t i = 0; i < 4; ++i) {
      const bool is_padding = at + i > bytes.size();
      out.Add(is_padding ? "=" : kBase64.substr(bits >> (18 - 6 * i) & 63, 1));
    }
  }
  return out.Take();
}

Value Base64Decode(const Call& call) {
  std::string_view text = call[0].text;
  for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  std::string bytes;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const size_t digit = kBase64.find(c);
    if (digit == std::string_view::npos) return ErrorValue("the text is not base64");
    bits = bits << 6 | static_cast<uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes.push_back(static_cast<char>(bits >> count & 0xFF));
  }
  if (count == 6) return ErrorValue("the text is not base64");  // a lone digit
  TextBuilder out(call.work);
  out.Add(bytes);
  return out.Take(ValueKind::kBytes);
}

constexpr Function kFunctions[] = {
    {"int", "(int) -> int", Same},
    {"int", "(uint) -> int", UintToInt},
    {"int", "(double) -> int", DoubleToInt},
    {"int", "(string) -> int", TextToInt},
    {"int", "(timestamp) -> int", TimeToInt},
    {"uint", "(uint) -> uint", Same},
    {"uint", "(int) -> uint", IntToUint},
    {"uint", "(double) -> uint", DoubleToUint},
    {"uint", "(string) -> uint", TextToUint},
    {"double", "(double) -> double", Same},
    {"double", "(int) -> double", IntToDouble},
    {"double", "(uint) -> double", UintToDouble},
    {"double", "(string) -> double", TextToDouble},
    {"string", "(string) -> string", Same},
    {"string", "(int) -> string", NumberToText},
    {"string", "(uint) -> string", NumberToText},
    {"string", "(double) -> string", NumberToText},
    {"string", "(bool) -> string", BoolToText},
    {"string", "(bytes) -> string", BytesToText},
    {"string", "(timestamp) -> string", TimeToText},
    {"string", "(duration) -> string", DurationToText},
    {"bytes", "(bytes) -> bytes", Same},
    {"bytes", "(string) -> bytes", TextToBytes},
    {"bool", "(bool) -> bool", Same},
    {"bool", "(string) -> bool", TextToBool},
    {"timestamp", "(timestamp) -> timestamp", Same},
    {"timestamp", "(string) -> timestamp", TextToTime},
    {"timestamp", "(int) -> timestamp", IntToTime},
    {"duration", "(duration) -> duration", Same},
    {"duration", "(string) -> duration", TextToDuration},
    {"dyn", "(A) -> dyn", Same},
    {"type", "(A) -> type<A>", TypeOf},
    {"base64.encode", "(bytes) -> string", Base64Encode},
    {"base64.decode", "(string) -> bytes", Base64Decode},
};

}  // namespace

std::span<const Function> ConversionFunctions() { return kFunctions; }

}  // namespace spotter::segment
