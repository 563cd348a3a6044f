// SPDX-License-Identifier: Apache-2.0
#include "connect/json_object.h"

#include <fmt/format.h>

namespace spotter::connect {
namespace {

// How much of a value that names no person (a time, a status) a rejection quotes.
constexpr size_t kQuotedMax = 40;

std::string Quote(std::string_view text) {
  return text.size() <= kQuotedMax ? fmt::format("'{}'", text)
                                   : fmt::format("{} bytes of text", text.size());
}

}  // namespace

void Reading::Reject(std::string_view reason, std::string_view path, std::string_view found,
                     std::string_view expected) {
  if (rejection) return;
  std::string detail{source};
  if (!type.empty()) detail += " " + type;
  if (!path.empty()) detail += fmt::format(": {}", path);
  rejection = Rejection{std::string(reason),
                        fmt::format("{}: found {}, expected {}", detail, found, expected)};
}

std::string_view DescribeType(simdjson::dom::element element) {
  using simdjson::dom::element_type;
  switch (element.type()) {
    case element_type::ARRAY:
      return "an array";
    case element_type::OBJECT:
      return "an object";
    case element_type::INT64:
      return "an integer";
    case element_type::UINT64:
      return "an integer above 2^63";
    case element_type::DOUBLE:
      return "a fraction";
    case element_type::STRING:
      return "text";
    case element_type::BOOL:
      return "a boolean";
    case element_type::NULL_VALUE:
      return "null";
  }
  return "something else";
}

std::optional<simdjson::dom::element> JsonObject::Find(std::string_view key) const {
  if (!object_) return std::nullopt;
  simdjson::dom::element element;
  if (object_->at_key(key).get(element) != simdjson::SUCCESS) return std::nullopt;
  if (element.is_null()) return std::nullopt;
  return element;
}

std::string JsonObject::PathOf(std::string_view key) const {
  return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

std::optional<simdjson::dom::element> JsonObject::Require(std::string_view key,
                                                          std::string_view expected) const {
  auto element = Find(key);
  if (!element) reading_->Reject("missing_field", PathOf(key), "nothing", expected);
  return element;
}

void JsonObject::WrongType(std::string_view key, simdjson::dom::element found,
                           std::string_view expected) const {
  reading_->Reject("wrong_type", PathOf(key), DescribeType(found), expected);
}

JsonObject JsonObject::Object(std::string_view key) const {
  Require(key, "an object");
  return MaybeObject(key);
}

JsonObject JsonObject::MaybeObject(std::string_view key) const {
  JsonObject none(*reading_, std::nullopt, PathOf(key));
  const auto element = Find(key);
  if (!element) return none;
  simdjson::dom::object object;
  if (element->get(object) != simdjson::SUCCESS) {
    WrongType(key, *element, "an object");
    return none;
  }
  return {*reading_, object, PathOf(key)};
}

JsonObject JsonObject::MaybeFirst(std::string_view key) const {
  JsonObject none(*reading_, std::nullopt, PathOf(key));
  const auto element = Find(key);
  if (!element) return none;
  simdjson::dom::array array;
  if (element->get(array) != simdjson::SUCCESS) {
    WrongType(key, *element, "an array of objects");
    return none;
  }
  if (array.begin() == array.end()) return none;
  simdjson::dom::object object;
  if ((*array.begin()).get(object) != simdjson::SUCCESS) {
    WrongType(key, *array.begin(), "an array of objects");
    return none;
  }
  return {*reading_, object, PathOf(key) + "[0]"};
}

std::string JsonObject::Text(std::string_view key) const {
  if (!Require(key, "text")) return "";
  std::string text = MaybeText(key);
  if (text.empty()) reading_->Reject("missing_field", PathOf(key), "empty text", "text");
  return text;
}

std::string JsonObject::MaybeText(std::string_view key) const {
  const auto element = Find(key);
  if (!element) return "";
  std::string_view text;
  if (element->get(text) != simdjson::SUCCESS) WrongType(key, *element, "text");
  return std::string(text);
}

int64_t JsonObject::Int(std::string_view key) const {
  Require(key, "an integer");
  return MaybeInt(key).value_or(0);
}

std::optional<int64_t> JsonObject::MaybeInt(std::string_view key) const {
  const auto element = Find(key);
  if (!element) return std::nullopt;
  int64_t value = 0;
  if (element->get(value) != simdjson::SUCCESS) {
    WrongType(key, *element, "an integer");
    return std::nullopt;
  }
  return value;
}

int64_t JsonObject::Amount(std::string_view key) const {
  const int64_t amount = Int(key);
  if (amount < 0) {
    reading_->Reject("out_of_range", PathOf(key), "a negative amount", "minor units from 0 on");
  }
  return amount;
}

EventTime JsonObject::Time(std::string_view key, TimeRule rule) const {
  Require(key, "RFC 3339");
  return MaybeTime(key, rule).value_or(EventTime{});
}

std::optional<EventTime> JsonObject::MaybeTime(std::string_view key, TimeRule rule) const {
  const auto element = Find(key);
  if (!element) return std::nullopt;
  std::string_view text;
  if (element->get(text) != simdjson::SUCCESS) {
    WrongType(key, *element, "RFC 3339");
    return std::nullopt;
  }
  const auto time = ParseTime(text);
  if (!time.ok()) {
    reading_->Reject("bad_time", PathOf(key), Quote(text), "RFC 3339");
    return std::nullopt;
  }
  return Checked(key, *time, rule);
}

EventTime JsonObject::Seconds(std::string_view key, TimeRule rule) const {
  Require(key, "seconds since 1970");
  return MaybeSeconds(key, rule).value_or(EventTime{});
}

std::optional<EventTime> JsonObject::MaybeSeconds(std::string_view key, TimeRule rule) const {
  constexpr int64_t kEndOfYear9999 = 253402300799;
  const auto seconds = MaybeInt(key);
  if (!seconds) return std::nullopt;
  if (*seconds > kEndOfYear9999) {
    reading_->Reject("bad_time", PathOf(key), fmt::format("{} (milliseconds?)", *seconds),
                     "seconds since 1970");
    return std::nullopt;
  }
  if (*seconds < 0) {
    reading_->Reject("bad_time", PathOf(key), fmt::format("{}", *seconds), "seconds since 1970");
    return std::nullopt;
  }
  return Checked(key, EventTime{*seconds * 1000}, rule);
}

std::optional<EventTime> JsonObject::Checked(std::string_view key, EventTime time,
                                             TimeRule rule) const {
  const std::string expected = WhyAbsurd(time, rule, reading_->settings.received_at);
  if (expected.empty()) return time;
  reading_->Reject("bad_time", PathOf(key), FormatTime(time), expected);
  return std::nullopt;
}

bool JsonObject::Flag(std::string_view key) const {
  const auto element = Find(key);
  if (!element) return false;
  bool flag = false;
  if (element->get(flag) != simdjson::SUCCESS) WrongType(key, *element, "a boolean");
  return flag;
}

std::string JsonObject::MaybeId(std::string_view key) const {
  const auto element = Find(key);
  if (!element) return "";
  if (element->is_object()) return MaybeObject(key).Text("id");
  return MaybeText(key);
}

JsonObject ParseBody(simdjson::dom::parser& parser, std::string_view body, Reading& reading) {
  JsonObject none(reading, std::nullopt, "");
  simdjson::dom::element root;
  const auto error = parser.parse(body.data(), body.size()).get(root);
  // simdjson may meet a syntax error before it meets bad UTF-8; the encoding is the better reason.
  if (error != simdjson::SUCCESS && !simdjson::validate_utf8(body.data(), body.size())) {
    reading.Reject("invalid_utf8", "", "bytes that are not UTF-8", "JSON in UTF-8");
    return none;
  }
  if (error != simdjson::SUCCESS) {
    reading.Reject("malformed_json", "",
                   fmt::format("{} bytes ({})", body.size(), simdjson::error_message(error)),
                   "a JSON object");
    return none;
  }
  simdjson::dom::object object;
  if (root.get(object) != simdjson::SUCCESS) {
    reading.Reject("wrong_type", "", DescribeType(root), "a JSON object");
    return none;
  }
  return {reading, object, ""};
}

}  // namespace spotter::connect
