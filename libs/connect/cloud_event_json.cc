// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "connect/cloud_event.h"
#include "connect/json_object.h"
#include "connect/json_text.h"

namespace spotter::connect {
namespace {

void ReadData(const JsonObject& object, CloudEvent& event) {
  if (const auto data = object.Find("data")) {
    event.form = DataForm::kJson;
    event.data = simdjson::minify(*data);
    // A JSON string under a content type that is not JSON is the text itself.
    std::string_view text;
    const bool is_json =
        event.datacontenttype.empty() || event.datacontenttype.find("json") != std::string::npos;
    if (!is_json && data->get(text) == simdjson::SUCCESS) {
      event.form = DataForm::kBytes;
      event.data = text;
    }
    return;
  }
  if (!object.Find("data_base64")) return;
  auto bytes = FromBase64(object.MaybeText("data_base64"));
  if (!bytes) {
    object.reading().Reject("bad_base64", object.PathOf("data_base64"), "other characters",
                            "base64 with padding");
    return;
  }
  event.form = DataForm::kBytes;
  event.data = *std::move(bytes);
}

CloudEvent ReadEvent(const JsonObject& object) {
  CloudEvent event;
  event.specversion = object.Text("specversion");
  event.id = object.Text("id");
  event.source = object.Text("source");
  event.type = object.Text("type");
  event.time = object.MaybeText("time");
  event.datacontenttype = object.MaybeText("datacontenttype");
  ReadData(object, event);
  return event;
}

// Attribute names of the specification in the order they are written.
void AppendMember(std::string& json, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  json += json.size() == 1 ? "" : ",";
  AppendJsonString(json, name);
  json.push_back(':');
  AppendJsonString(json, value);
}

}  // namespace

void ReadJson(std::string_view body, std::vector<CloudEvent>& events, Decoded& out) {
  const DecodeSettings settings;  // the attributes of a CloudEvent need nothing of the tenant
  Reading reading{.source = "cloudevent", .type = {}, .settings = settings};
  simdjson::dom::parser parser;
  const JsonObject object = ParseBody(parser, body, reading);
  CloudEvent event;
  if (object.present()) event = ReadEvent(object);
  if (reading.rejection) {
    out.rejections.push_back(*std::move(reading.rejection));
  } else {
    events.push_back(std::move(event));
  }
}

void ReadJsonBatch(std::string_view body, std::vector<CloudEvent>& events, Decoded& out) {
  simdjson::dom::parser parser;
  simdjson::dom::array batch;
  if (parser.parse(body.data(), body.size()).get(batch) != simdjson::SUCCESS) {
    const bool is_utf8 = simdjson::validate_utf8(body.data(), body.size());
    out.rejections.push_back({is_utf8 ? "malformed_json" : "invalid_utf8",
                              fmt::format("cloudevents batch: found {} bytes, expected a JSON "
                                          "array of CloudEvents in UTF-8",
                                          body.size())});
    return;
  }
  if (batch.size() > kCloudEventsMax) {
    out.rejections.push_back(
        {"too_many",
         fmt::format("cloudevents batch: expected at most {} events", kCloudEventsMax)});
    return;
  }
  for (const simdjson::dom::element element : batch) {
    const std::string text = simdjson::minify(element);
    const size_t rejected = out.rejections.size();
    ReadJson(text, events, out);
    if (out.rejections.size() > rejected) out.rejections.back().bytes = text;
  }
}

std::string ToStructuredJson(const CloudEvent& event) {
  std::string json = "{";
  AppendMember(json, "specversion", event.specversion);
  AppendMember(json, "id", event.id);
  AppendMember(json, "source", event.source);
  AppendMember(json, "type", event.type);
  AppendMember(json, "time", event.time);
  AppendMember(json, "datacontenttype",
               event.form == DataForm::kProtobuf ? "application/protobuf" : event.datacontenttype);
  if (event.form == DataForm::kJson) {
    json += ",\"data\":" + event.data;
  } else if (event.form != DataForm::kNone) {
    AppendMember(json, "data_base64", ToBase64(event.data));
  }
  return json + "}";
}

}  // namespace spotter::connect
