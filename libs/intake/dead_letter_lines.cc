// SPDX-License-Identifier: Apache-2.0
#include "intake/dead_letter_lines.h"

#include <simdjson.h>

#include "connect/json_text.h"

namespace spotter::intake {
namespace {

void AppendMember(std::string& json, std::string_view name, std::string_view value) {
  json += json.empty() ? "{" : ",";
  connect::AppendJsonString(json, name);
  json.push_back(':');
  connect::AppendJsonString(json, value);
}

std::string TextOf(const simdjson::dom::object& object, std::string_view key) {
  std::string_view text;
  if (object.at_key(key).get(text) != simdjson::SUCCESS) return "";
  return std::string(text);
}

}  // namespace

std::string FormatLetter(const DeadLetter& letter) {
  std::string json;
  AppendMember(json, "id", letter.id);
  AppendMember(json, "tenant", letter.tenant);
  AppendMember(json, "source", letter.source);
  AppendMember(json, "reason", letter.reason);
  AppendMember(json, "detail", letter.detail);
  AppendMember(json, "content_type", letter.content_type);
  AppendMember(json, "received_at", FormatTime(letter.received_at));
  json += letter.backfill ? ",\"backfill\":true" : "";
  if (!letter.origin.empty()) AppendMember(json, "origin", letter.origin);
  AppendMember(json, "bytes", connect::ToBase64(letter.bytes));
  return json + "}\n";
}

std::string FormatMark(std::string_view tenant, std::string_view id, Resolution how, EventTime at) {
  std::string json;
  AppendMember(json, "id", id);
  AppendMember(json, "tenant", tenant);
  AppendMember(json, "resolved", NameOf(how));
  AppendMember(json, "received_at", FormatTime(at));
  return json + "}\n";
}

StatusOr<Line> ParseLine(std::string_view text) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(text.data(), text.size()).get(object) != simdjson::SUCCESS) {
    return InvalidArgument("dead letter: expected a JSON object on the line");
  }
  Line line;
  line.letter.id = TextOf(object, "id");
  line.letter.tenant = TextOf(object, "tenant");
  SPOTTER_ASSIGN_OR_RETURN(line.letter.received_at, ParseTime(TextOf(object, "received_at")));
  line.is_mark = !TextOf(object, "resolved").empty();
  if (line.is_mark) return line;
  line.letter.source = TextOf(object, "source");
  line.letter.reason = TextOf(object, "reason");
  line.letter.detail = TextOf(object, "detail");
  line.letter.content_type = TextOf(object, "content_type");
  bool backfill = false;
  line.letter.origin = TextOf(object, "origin");
  line.letter.backfill = object.at_key("backfill").get(backfill) == simdjson::SUCCESS && backfill;
  auto bytes = connect::FromBase64(TextOf(object, "bytes"));
  if (!bytes) return InvalidArgument("dead letter '{}': expected bytes in base64", line.letter.id);
  line.letter.bytes = *std::move(bytes);
  return line;
}

}  // namespace spotter::intake
