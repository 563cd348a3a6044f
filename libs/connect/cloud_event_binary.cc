// SPDX-License-Identifier: Apache-2.0
//
// CloudEvents as protobuf, and in binary mode.
#include <fmt/format.h>

#include <charconv>

#include "connect/cloud_event.h"
#include "connect/header.h"
#include "io/cloudevents/v1/cloudevents.pb.h"

namespace spotter::connect {
namespace {

using Proto = io::cloudevents::v1::CloudEvent;
using Value = Proto::CloudEventAttributeValue;

std::string TextOf(const Proto& proto, const std::string& name) {
  const auto found = proto.attributes().find(name);
  if (found == proto.attributes().end()) return "";
  const Value& value = found->second;
  switch (value.attr_case()) {
    case Value::kCeString:
      return value.ce_string();
    case Value::kCeUri:
      return value.ce_uri();
    case Value::kCeUriRef:
      return value.ce_uri_ref();
    case Value::kCeTimestamp: {
      const auto& time = value.ce_timestamp();
      constexpr int64_t kSecondsMax = 253402300799;
      if (time.seconds() < -kSecondsMax || time.seconds() > kSecondsMax) return "out of range";
      return FormatTime({time.seconds() * 1000 + time.nanos() / 1000000});
    }
    default:
      return "";
  }
}

CloudEvent FromProto(const Proto& proto) {
  CloudEvent event{.specversion = proto.spec_version(),
                   .id = proto.id(),
                   .source = proto.source(),
                   .type = proto.type(),
                   .time = TextOf(proto, "time"),
                   .datacontenttype = TextOf(proto, "datacontenttype")};
  switch (proto.data_case()) {
    case Proto::kBinaryData:
      event.form = DataForm::kBytes;
      event.data = proto.binary_data();
      break;
    case Proto::kTextData:
      event.form = DataForm::kBytes;
      event.data = proto.text_data();
      break;
    case Proto::kProtoData:
      event.form = DataForm::kProtobuf;
      event.data = proto.proto_data().value();
      break;
    case Proto::DATA_NOT_SET:
      break;
  }
  return event;
}

void AddFromProto(const Proto& proto, std::vector<CloudEvent>& events, Decoded& out) {
  CloudEvent event = FromProto(proto);
  for (const auto& [name, value] : {std::pair{"id", &event.id},
                                    {"source", &event.source},
                                    {"type", &event.type},
                                    {"spec_version", &event.specversion}}) {
    if (!value->empty()) continue;
    out.rejections.push_back({"missing_field",
                              fmt::format("cloudevent: {}: found nothing, expected text", name),
                              ToStructuredJson(event)});
    return;
  }
  events.push_back(std::move(event));
}

// HTTP carries what is not printable ASCII as %XX; a '%' that starts no such code is itself.
std::string PercentDecode(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned char byte = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16).ptr ==
            text.data() + i + 3) {
      decoded.push_back(static_cast<char>(byte));
      i += 2;
    } else {
      decoded.push_back(text[i]);
    }
  }
  return decoded;
}

std::string BinaryAttribute(std::span<const Header> headers, std::string_view name) {
  std::string_view value = FindHeader(headers, fmt::format("ce-{}", name));
  if (!value.empty()) return PercentDecode(value);
  return std::string(FindHeader(headers, fmt::format("ce_{}", name)));
}

}  // namespace

void ReadProtobuf(std::string_view body, std::vector<CloudEvent>& events, Decoded& out) {
  Proto proto;
  if (!proto.ParseFromArray(body.data(), static_cast<int>(body.size()))) {
    out.rejections.push_back(
        {"malformed_protobuf",
         fmt::format("cloudevent: found {} bytes, expected an io.cloudevents.v1.CloudEvent",
                     body.size())});
    return;
  }
  AddFromProto(proto, events, out);
}

void ReadProtobufBatch(std::string_view body, std::vector<CloudEvent>& events, Decoded& out) {
  io::cloudevents::v1::CloudEventBatch batch;
  if (!batch.ParseFromArray(body.data(), static_cast<int>(body.size()))) {
    out.rejections.push_back(
        {"malformed_protobuf", fmt::format("cloudevents batch: found {} bytes, expected an "
                                           "io.cloudevents.v1.CloudEventBatch",
                                           body.size())});
    return;
  }
  if (static_cast<size_t>(batch.events_size()) > kCloudEventsMax) {
    out.rejections.push_back(
        {"too_many",
         fmt::format("cloudevents batch: expected at most {} events", kCloudEventsMax)});
    return;
  }
  for (const Proto& proto : batch.events()) AddFromProto(proto, events, out);
}

void ReadBinary(std::string_view content_type, std::span<const Header> headers,
                std::string_view body, std::vector<CloudEvent>& events, Decoded& out) {
  CloudEvent event{.specversion = BinaryAttribute(headers, "specversion"),
                   .id = BinaryAttribute(headers, "id"),
                   .source = BinaryAttribute(headers, "source"),
                   .type = BinaryAttribute(headers, "type"),
                   .time = BinaryAttribute(headers, "time"),
                   .datacontenttype = std::string(content_type),
                   .form = body.empty() ? DataForm::kNone : DataForm::kBytes,
                   .data = std::string(body)};
  for (const auto& [name, value] :
       {std::pair{"id", &event.id}, {"source", &event.source}, {"type", &event.type}}) {
    if (!value->empty()) continue;
    out.rejections.push_back(
        {"missing_field",
         fmt::format("cloudevent: header ce-{}: found nothing, expected text", name),
         ToStructuredJson(event)});
    return;
  }
  events.push_back(std::move(event));
}

}  // namespace spotter::connect
