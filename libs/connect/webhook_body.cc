// SPDX-License-Identifier: Apache-2.0
#include "connect/webhook_body.h"

#include <fmt/format.h>

#include <algorithm>

#include "connect/canonical_event.h"
#include "connect/source_type.h"

namespace spotter::connect {
namespace {

// A type's name goes into metrics and logs, so it is a name and not whatever was sent.
std::string PrintableType(std::string_view type) {
  constexpr size_t kTypeMax = 80;
  const bool is_name =
      type.size() <= kTypeMax && std::all_of(type.begin(), type.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_';
      });
  return is_name ? std::string(type) : "unnamed";
}

std::span<const BodyType> BodiesOf(std::string_view source_type) {
  if (source_type == "square") return SquareBodies();
  if (source_type == "stripe") return StripeBodies();
  return {};
}

}  // namespace

std::string TranslateWord(const JsonObject& object, std::string_view key, std::string_view word,
                          std::span<const Word> dictionary) {
  for (const Word& entry : dictionary) {
    if (entry.theirs == word) return std::string(entry.ours);
  }
  std::string expected;
  for (const Word& entry : dictionary) {
    if (!expected.empty()) expected += ", ";
    expected += entry.theirs;
  }
  object.reading().Reject("unknown_value", object.PathOf(key),
                          fmt::format("'{}'", word.substr(0, 40)), expected);
  return "";
}

void SetText(model::MemberEvent& event, model::AttributeId id, std::string text) {
  if (!text.empty()) event.attributes.Set(id, std::move(text));
}

void SetCardExpiry(model::MemberEvent& event, std::optional<int64_t> year,
                   std::optional<int64_t> month) {
  if (!year || !month || *year < 2000 || *year > 9999 || *month < 1 || *month > 12) return;
  event.attributes.Set(model::AttributeId::card_expiry, fmt::format("{}-{:02}", *year, *month));
}

Decoded DecodeWebhook(std::string_view source, std::string_view body,
                      const DecodeSettings& settings) {
  Decoded decoded;
  Reading reading{.source = source, .type = {}, .settings = settings};
  const std::span<const BodyType> bodies = BodiesOf(SourceTypeOf(source));
  if (bodies.empty()) {
    decoded.rejections.push_back(
        {"unknown_source",
         fmt::format("source '{}': expected one of {}", source.substr(0, 64), kSourceTypes)});
    return decoded;
  }
  simdjson::dom::parser parser;
  const JsonObject envelope = ParseBody(parser, body, reading);
  const std::string type = envelope.present() ? envelope.Text("type") : "";
  const auto known = std::find_if(bodies.begin(), bodies.end(),
                                  [&](const BodyType& row) { return row.name == type; });
  if (!reading.rejection && known == bodies.end()) {
    decoded.ignored.push_back(fmt::format("{}.{}", SourceTypeOf(source), PrintableType(type)));
    return decoded;
  }
  Events events;
  if (!reading.rejection) {
    reading.type = type;
    const JsonObject object = envelope.Object("data").Object("object");
    known->decode(envelope, known->object.empty() ? object : object.Object(known->object), events);
  }
  if (reading.rejection) {
    decoded.rejections.push_back(*std::move(reading.rejection));
  } else {
    Accept(std::move(events), settings, decoded);
  }
  return decoded;
}

}  // namespace spotter::connect
