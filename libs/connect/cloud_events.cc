// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

#include "connect/canonical_event.h"
#include "connect/cloud_event.h"
#include "connect/header.h"
#include "connect/source_type.h"
#include "wire/wire.h"

namespace spotter::connect {
namespace {

constexpr std::string_view kOwnType = "spotter.member_event.v1";

std::string MediaType(std::string_view content_type) {
  std::string type(content_type.substr(0, content_type.find(';')));
  while (!type.empty() && type.back() == ' ') type.pop_back();
  for (char& c : type) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return type;
}

std::vector<CloudEvent> ReadEvents(std::string_view content_type, std::span<const Header> headers,
                                   std::string_view body, Decoded& out) {
  std::vector<CloudEvent> events;
  const std::string media_type = MediaType(content_type);
  if (media_type == "application/cloudevents+json") {
    ReadJson(body, events, out);
  } else if (media_type == "application/cloudevents-batch+json") {
    ReadJsonBatch(body, events, out);
  } else if (media_type == "application/cloudevents+protobuf") {
    ReadProtobuf(body, events, out);
  } else if (media_type == "application/cloudevents-batch+protobuf") {
    ReadProtobufBatch(body, events, out);
  } else if (!FindHeader(headers, "ce-specversion").empty() ||
             !FindHeader(headers, "ce_specversion").empty()) {
    ReadBinary(content_type, headers, body, events, out);
  } else {
    out.rejections.push_back(
        {"content_type",
         "cloudevent: expected content type application/cloudevents+json, "
         "application/cloudevents-batch+json, application/cloudevents+protobuf, "
         "application/cloudevents-batch+protobuf, or ce- headers"});
  }
  return events;
}

// "urn:studio:square-north", "//shop/square": what stands last names the source.
std::string_view LastSegment(std::string_view uri) {
  while (uri.ends_with('/')) uri.remove_suffix(1);
  const size_t separator = uri.find_last_of("/:");
  return separator == std::string_view::npos ? uri : uri.substr(separator + 1);
}

// The source whose webhook body the event carries; "" if it carries none.
std::string WebhookSourceOf(const CloudEvent& event) {
  const std::string_view named = LastSegment(event.source);
  for (const std::string_view known : {std::string_view("square"), std::string_view("stripe")}) {
    const bool by_type = event.type == fmt::format("com.{}.webhook", known);
    if (SourceTypeOf(named) == known && (by_type || event.type != kOwnType)) {
      return std::string(named);
    }
    if (by_type) return std::string(known);
  }
  return "";
}

bool IsProtobuf(const CloudEvent& event) {
  const std::string media_type = MediaType(event.datacontenttype);
  return event.form == DataForm::kProtobuf || media_type == "application/protobuf" ||
         media_type == "application/x-protobuf" || media_type == "application/vnd.google.protobuf";
}

// The envelope fills in what the event itself leaves out.
void CompleteFrom(const CloudEvent& envelope, model::MemberEvent& event) {
  if (event.source_event_id.empty()) event.source_event_id = envelope.id;
  if (event.source.empty()) event.source = LastSegment(envelope.source);
  if (event.event_time != EventTime{} || envelope.time.empty()) return;
  if (const auto time = ParseTime(envelope.time); time.ok()) event.event_time = *time;
}

Decoded DecodeOwn(const CloudEvent& envelope, const DecodeSettings& settings) {
  Decoded decoded;
  auto event = IsProtobuf(envelope) ? wire::DecodeEvent(envelope.data)
                                    : wire::DecodeEventJson(envelope.data);
  if (!event.ok()) {
    const bool is_utf8 =
        IsProtobuf(envelope) || simdjson::validate_utf8(envelope.data.data(), envelope.data.size());
    decoded.rejections.push_back({is_utf8 ? "malformed_event" : "invalid_utf8",
                                  fmt::format("cloudevent data: {}", MessageOf(event.status()))});
    return decoded;
  }
  CompleteFrom(envelope, *event);
  std::vector<model::MemberEvent> events;
  events.push_back(*std::move(event));
  Accept(std::move(events), settings, decoded);
  return decoded;
}

Decoded DecodeOne(const CloudEvent& event, const DecodeSettings& settings) {
  Decoded decoded;
  if (!event.specversion.starts_with("1.")) {
    decoded.rejections.push_back({"specversion", "cloudevent: specversion: expected 1.0"});
    return decoded;
  }
  if (event.type == kOwnType) return DecodeOwn(event, settings);
  if (const std::string source = WebhookSourceOf(event); !source.empty()) {
    return DecodeWebhook(source, event.data, settings);
  }
  decoded.ignored.emplace_back("cloudevent.other");
  return decoded;
}

void Append(Decoded part, std::string_view whole, Decoded& out) {
  std::move(part.events.begin(), part.events.end(), std::back_inserter(out.events));
  std::move(part.ignored.begin(), part.ignored.end(), std::back_inserter(out.ignored));
  for (Rejection& rejection : part.rejections) {
    rejection.bytes = whole;
    out.rejections.push_back(std::move(rejection));
  }
  out.clamped += part.clamped;
}

}  // namespace

Decoded DecodeCloudEvents(std::string_view content_type, std::span<const Header> headers,
                          std::string_view body, const DecodeSettings& settings) {
  Decoded out;
  for (const CloudEvent& event : ReadEvents(content_type, headers, body, out)) {
    Decoded part = DecodeOne(event, settings);
    const std::string whole = part.rejections.empty() ? "" : ToStructuredJson(event);
    Append(std::move(part), whole, out);
  }
  return out;
}

Decoded DecodeLine(std::string_view line, const DecodeSettings& settings) {
  Decoded decoded;
  if (!simdjson::validate_utf8(line.data(), line.size())) {
    decoded.rejections.push_back(
        {"invalid_utf8", "line: found bytes that are not UTF-8, expected JSON in UTF-8"});
    return decoded;
  }
  auto event = wire::DecodeEventJson(line);
  if (!event.ok()) {
    decoded.rejections.push_back(
        {"malformed_event", fmt::format("line: {}", MessageOf(event.status()))});
    return decoded;
  }
  std::vector<model::MemberEvent> events;
  events.push_back(*std::move(event));
  Accept(std::move(events), settings, decoded);
  return decoded;
}

}  // namespace spotter::connect
