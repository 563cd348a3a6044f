// SPDX-License-Identifier: Apache-2.0
#include "intake/bind_message.h"

#include "connect/header.h"
#include "connect/source_type.h"
#include "intake/intake.h"

namespace spotter::intake {
namespace {

using connect::FindHeader;

constexpr std::string_view kContentTypeHeader = "content-type";
// "content_type" is what connect says of a CloudEvent with another one; its letters are of us too.
constexpr std::string_view kNoContentType = "content_type";

bool IsCloudEvent(std::string_view content_type, const std::vector<connect::Header>& headers) {
  // Without case, and whatever stands behind the media type (";charset=utf-8").
  constexpr std::string_view kStructured = "application/cloudevents";
  return (content_type.size() >= kStructured.size() &&
          connect::EqualsIgnoringCase(content_type.substr(0, kStructured.size()), kStructured)) ||
         !FindHeader(headers, "ce_specversion").empty() ||
         !FindHeader(headers, "ce-specversion").empty();
}

// Why the body cannot be handed to a connector: reason and detail; reason "" if it can.
std::pair<std::string, std::string> WhyUnread(const BoundBody& body, const TopicOptions& options,
                                              std::string_view tenant_header) {
  if (body.tenant.value().empty()) {
    return {"no_tenant", fmt::format("kafka message: header '{}': found nothing, expected a tenant",
                                     tenant_header)};
  }
  if (!model::ValidateTenantId(body.tenant.value()).ok()) {
    return {"unknown_tenant",
            fmt::format("kafka message: header '{}': expected 1 to 64 of a-z, 0-9 and '-'",
                        tenant_header)};
  }
  if (body.body.size() > options.body_bytes_max) {
    return {"too_large", fmt::format("kafka message: found {} bytes, expected at most {}; the "
                                     "first {} are kept here, all of them at {}",
                                     body.body.size(), options.body_bytes_max,
                                     options.kept_bytes_max, body.origin)};
  }
  if (!body.source.empty()) {
    if (connect::IsWebhookSource(body.source)) return {};
    return {"unknown_source", fmt::format("kafka message: header '{}': expected one of {}",
                                          kSourceHeader, connect::kSourceTypes)};
  }
  if (IsCloudEvent(body.content_type, body.headers)) return {};
  return {std::string(kNoContentType),
          fmt::format("kafka message: expected header content-type application/cloudevents+json, "
                      "+protobuf or a batch of them, or headers ce_*, or header '{}'",
                      kSourceHeader)};
}

}  // namespace

DeadLetter UnreadLetter(const BoundBody& body, std::string reason, std::string detail) {
  return {.tenant = body.tenant.value(),
          .source = body.source.empty() ? std::string(kCloudEventsSource) : body.source,
          .reason = std::move(reason),
          .detail = std::move(detail),
          .content_type = body.source.empty() ? body.content_type : "application/json",
          .origin = body.origin,
          .bytes = body.body};
}

Binding BindMessage(log_kafka::SourceMessage&& message, const TopicOptions& options) {
  if (!message.value.has_value()) return Tombstone{};
  const auto declared = options.tenant_headers.find(message.topic);
  const std::string& tenant_header =
      declared == options.tenant_headers.end() ? options.tenant_header : declared->second;
  BoundBody body;
  for (auto& [name, value] : message.headers) {
    body.headers.push_back({std::move(name), std::move(value)});
  }
  body.tenant = model::TenantId(std::string(FindHeader(body.headers, tenant_header)));
  body.source = FindHeader(body.headers, kSourceHeader);
  body.content_type = FindHeader(body.headers, kContentTypeHeader);
  body.body = *std::move(message.value);
  body.origin = fmt::format("{}[{}]@{}", message.topic, message.partition, message.offset);

  auto [reason, detail] = WhyUnread(body, options, tenant_header);
  if (reason.empty()) return body;
  // Names come from outside: only so much of one is kept. A shrunk body frees its memory.
  constexpr size_t kNameMax = 64;
  if (body.tenant.value().size() > kNameMax) {
    body.tenant = model::TenantId(body.tenant.value().substr(0, kNameMax));
  }
  body.source = body.source.substr(0, kNameMax);
  body.content_type = body.content_type.substr(0, kNameMax);
  if (body.body.size() > options.body_bytes_max) {
    body.body = body.body.substr(0, options.kept_bytes_max);
  }
  return UnreadLetter(body, std::move(reason), std::move(detail));
}

}  // namespace spotter::intake
