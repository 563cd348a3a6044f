// SPDX-License-Identifier: Apache-2.0
#include "intake/intake.h"

#include <set>

#include "connect/canonical_event.h"
#include "connect/source_type.h"
#include "wire/wire.h"

namespace spotter::intake {
namespace {

using connect::Decoded;
using model::MemberEvent;
using model::TenantId;

constexpr std::string_view kCloudEventJson = "application/cloudevents+json";

void SetDefaultSites(const TenantInfo& tenant, std::vector<MemberEvent>& events) {
  for (MemberEvent& event : events) {
    if (!event.site.empty()) continue;
    if (const SourceInfo* source = tenant.FindSource(event.source)) event.site = source->site;
  }
}

// A word of few, for the counter of refused requests.
std::string_view ReasonOf(const Status& status) {
  switch (status.code()) {
    case StatusCode::kNotFound:
      return "not_found";
    case StatusCode::kUnauthenticated:
      return "unauthenticated";
    case StatusCode::kPermissionDenied:
      return "permission_denied";
    case StatusCode::kInvalidArgument:
      return "invalid";
    default:
      return "unavailable";
  }
}

Decoded DecodeEventAgain(const DeadLetter& letter, const connect::DecodeSettings& settings) {
  Decoded decoded;
  auto event = wire::DecodeEvent(letter.bytes);
  if (!event.ok()) {
    decoded.rejections.push_back({"malformed_event", std::string(MessageOf(event.status()))});
  } else if (auto refused = connect::MakeCanonical(*event, settings)) {
    decoded.rejections.push_back(*std::move(refused));
  } else {
    decoded.events.push_back(*std::move(event));
  }
  return decoded;
}

Decoded DecodeAgain(const DeadLetter& letter, const connect::DecodeSettings& settings) {
  if (letter.content_type == kMemberEventType) return DecodeEventAgain(letter, settings);
  if (letter.source == kCloudEventsSource) {
    return connect::DecodeCloudEvents(letter.content_type, {}, letter.bytes, settings);
  }
  return connect::DecodeWebhook(letter.source, letter.bytes, settings);
}

}  // namespace

Status Intake::Count(const Status& status) {
  if (!status.ok()) counters_.refused.Add(ReasonOf(status));
  return status;
}

StatusOr<TenantInfo> Intake::FindTenant(const TenantId& tenant) const {
  SPOTTER_RETURN_IF_ERROR(logs_.Of(tenant).status());
  auto info = tenants_.Find(tenant);
  if (!info) return NotFound("unknown tenant '{}'", tenant.value().substr(0, 64));
  if (info->is_moving) {
    return Unavailable("tenant '{}' is moving to another shard: come again in a few seconds",
                       tenant.value());
  }
  return *std::move(info);
}

StatusOr<TenantInfo> Intake::Admit(const TenantId& tenant) {
  dead_letters_.Expire();
  return Counted(FindTenant(tenant));
}

connect::DecodeSettings Intake::SettingsOf(const TenantId& tenant, const TenantInfo& info) const {
  return {.tenant = tenant, .kind = info.kind, .region = info.region, .received_at = clock_.Now()};
}

StatusOr<std::vector<BodyResult>> Intake::Publish(const TenantId& tenant,
                                                  std::vector<MemberEvent> events) {
  SPOTTER_ASSIGN_OR_RETURN(const TenantInfo info, Admit(tenant));
  const connect::DecodeSettings settings = SettingsOf(tenant, info);
  std::vector<Part> parts(events.size());
  std::vector<std::string> refused_bytes(events.size());
  for (size_t i = 0; i < events.size(); ++i) {
    MemberEvent& event = events[i];
    const EventTime told = event.event_time;
    parts[i].source = event.source;
    parts[i].content_type = kMemberEventType;
    if (auto refused = connect::MakeCanonical(event, settings)) {
      parts[i].decoded.rejections.push_back(*std::move(refused));
      refused_bytes[i] = wire::EncodeEvent(event);
      parts[i].bytes = refused_bytes[i];
      continue;
    }
    parts[i].decoded.clamped = event.event_time == told ? 0 : 1;
    parts[i].decoded.events.push_back(std::move(event));
  }
  return Counted(Store(tenant, info, std::move(parts), /*backfill=*/false));
}

StatusOr<std::vector<BodyResult>> Intake::HandleCloudEvents(const TenantId& tenant,
                                                            std::span<const CloudEventBody> bodies,
                                                            bool backfill) {
  SPOTTER_ASSIGN_OR_RETURN(const TenantInfo info, Admit(tenant));
  connect::DecodeSettings settings = SettingsOf(tenant, info);
  settings.backfill = backfill;
  std::vector<Part> parts;
  for (const CloudEventBody& body : bodies) {
    parts.push_back({.decoded = connect::DecodeCloudEvents(body.content_type, body.headers,
                                                           body.body, settings),
                     .source = std::string(kCloudEventsSource),
                     .content_type = std::string(body.content_type),
                     .bytes = body.body});
  }
  return Counted(Store(tenant, info, std::move(parts), backfill));
}

StatusOr<std::vector<BodyResult>> Intake::HandleTrusted(const TenantId& tenant,
                                                        std::span<const TrustedBody> bodies) {
  SPOTTER_ASSIGN_OR_RETURN(const TenantInfo info, FindTenant(tenant));
  const connect::DecodeSettings settings = SettingsOf(tenant, info);
  std::vector<Part> parts;
  for (const TrustedBody& body : bodies) {
    const bool is_raw = !body.source.empty();
    parts.push_back({.decoded = is_raw ? connect::DecodeWebhook(body.source, body.body, settings)
                                       : connect::DecodeCloudEvents(body.content_type, body.headers,
                                                                    body.body, settings),
                     .source = std::string(is_raw ? body.source : kCloudEventsSource),
                     .content_type = std::string(is_raw ? "application/json" : body.content_type),
                     .bytes = body.body,
                     .origin = body.origin,
                     .letters_kept = body.letters_kept});
  }
  return Store(tenant, info, std::move(parts), /*backfill=*/false);
}

Status Intake::KeepUnread(std::vector<DeadLetter> letters) {
  std::vector<std::string> reasons;
  for (DeadLetter& letter : letters) {
    letter.received_at = clock_.Now();
    reasons.push_back(letter.reason);
  }
  SPOTTER_RETURN_IF_ERROR(dead_letters_.AddAll(std::move(letters)).status());
  for (const std::string& reason : reasons) counters_.rejected.Add(reason);
  return OkStatus();
}

Status Intake::VerifyWebhook(const TenantInfo& tenant, std::string_view source,
                             std::span<const connect::Header> headers, std::string_view url,
                             std::string_view body) const {
  const SourceInfo* declared = tenant.FindSource(source);
  const std::string secret = declared == nullptr ? "" : declared->webhook_secret;
  if (secret.empty() && options_.accept_unsigned) return OkStatus();
  return connect::VerifySignature(source, headers, url, body, secret, clock_.Now());
}

StatusOr<BodyResult> Intake::HandleWebhook(const TenantId& tenant, std::string_view source,
                                           std::span<const connect::Header> headers,
                                           std::string_view url, std::string_view body) {
  SPOTTER_ASSIGN_OR_RETURN(const TenantInfo info, Admit(tenant));
  if (!connect::IsWebhookSource(source)) {
    return Count(NotFound("unknown source '{}': expected one of {}", source.substr(0, 64),
                          connect::kSourceTypes));
  }
  SPOTTER_RETURN_IF_ERROR(Count(VerifyWebhook(info, source, headers, url, body)));
  std::vector<Part> parts(1);
  parts[0] = {.decoded = connect::DecodeWebhook(source, body, SettingsOf(tenant, info)),
              .source = std::string(source),
              .content_type = "application/json",
              .bytes = body};
  SPOTTER_ASSIGN_OR_RETURN(auto results, Counted(Store(tenant, info, std::move(parts), false)));
  return std::move(results.front());
}

StatusOr<BodyResult> Intake::Redrive(const TenantId& tenant, std::string_view id) {
  SPOTTER_ASSIGN_OR_RETURN(const TenantInfo info, Admit(tenant));
  SPOTTER_ASSIGN_OR_RETURN(const DeadLetter letter, dead_letters_.Get(tenant.value(), id));
  connect::DecodeSettings settings = SettingsOf(tenant, info);
  settings.backfill = letter.backfill;
  Decoded decoded = DecodeAgain(letter, settings);
  BodyResult result;
  if (!decoded.rejections.empty()) {
    for (const auto& [reason, detail, bytes] : decoded.rejections) {
      result.refused.push_back({reason, detail, letter.id});
    }
    return result;
  }
  std::vector<Part> parts(1);
  parts[0].decoded = std::move(decoded);
  SPOTTER_ASSIGN_OR_RETURN(auto results,
                           Counted(Store(tenant, info, std::move(parts), letter.backfill)));
  // A crash before the mark leaves the letter to be re-driven again: idempotent by entity version.
  SPOTTER_RETURN_IF_ERROR(dead_letters_.Resolve(tenant.value(), letter.id, Resolution::kRedriven));
  return std::move(results.front());
}

Status Intake::KeepRefused(const TenantId& tenant, const std::vector<Part>& parts, bool backfill,
                           std::vector<BodyResult>& results) {
  std::vector<DeadLetter> letters;
  const auto is_kept = [](const Part& part) {
    return part.letters_kept != nullptr && *part.letters_kept;
  };
  for (size_t i = 0; i < parts.size(); ++i) {
    const Part& part = parts[i];
    for (const connect::Rejection& rejection : part.decoded.rejections) {
      results[i].refused.push_back({rejection.reason, rejection.detail, ""});
      if (is_kept(part)) continue;
      const bool is_whole = rejection.bytes.empty();
      letters.push_back(
          {.tenant = tenant.value(),
           .source = part.source,
           .reason = rejection.reason,
           .detail = rejection.detail,
           .content_type = is_whole ? part.content_type : std::string(kCloudEventJson),
           .backfill = backfill,
           .received_at = clock_.Now(),
           .origin = std::string(part.origin),
           .bytes = is_whole ? std::string(part.bytes) : rejection.bytes});
    }
  }
  if (letters.empty()) return OkStatus();
  SPOTTER_ASSIGN_OR_RETURN(std::vector<std::string> ids, dead_letters_.AddAll(std::move(letters)));
  size_t next = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (is_kept(parts[i])) continue;
    for (RefusedPart& part : results[i].refused) part.dead_letter = std::move(ids[next++]);
    if (parts[i].letters_kept != nullptr) *parts[i].letters_kept = true;
  }
  return OkStatus();
}

Status Intake::AppendEvents(const TenantId& tenant, std::vector<Part>& parts,
                            std::vector<BodyResult>& results) {
  std::vector<std::string> payloads;
  std::vector<model::EventKind> kinds;
  std::set<std::string> sources;
  for (Part& part : parts) {
    for (MemberEvent& event : part.decoded.events) {
      kinds.push_back(event.kind);
      sources.insert(event.source);
      payloads.push_back(wire::Encode(model::LogRecord(std::move(event))));
    }
  }
  if (payloads.empty()) return OkStatus();
  const std::vector<std::string_view> views(payloads.begin(), payloads.end());
  SPOTTER_ASSIGN_OR_RETURN(const std::shared_ptr<log::Log> log, logs_.Of(tenant));
  SPOTTER_ASSIGN_OR_RETURN(const std::vector<log::Offset> offsets, log->Append(views));
  SPOTTER_RETURN_IF_ERROR(log->WaitDurable(offsets.back()));
  size_t next = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    results[i].accepted = parts[i].decoded.events.size();
    if (results[i].accepted > 0) results[i].offset = offsets[next];
    next += results[i].accepted;
    counters_.clamped += static_cast<int64_t>(parts[i].decoded.clamped);
  }
  for (const model::EventKind kind : kinds) counters_.Accept(kind);
  for (const std::string& source : sources) {
    counters_.last_events.Note(tenant.value(), source, clock_.Now());
  }
  for (const std::string& payload : payloads) {
    counters_.bytes += static_cast<int64_t>(payload.size());
  }
  return OkStatus();
}

StatusOr<std::vector<BodyResult>> Intake::Store(const TenantId& tenant, const TenantInfo& info,
                                                std::vector<Part> parts, bool backfill) {
  std::vector<BodyResult> results(parts.size());
  for (size_t i = 0; i < parts.size(); ++i) {
    SetDefaultSites(info, parts[i].decoded.events);
    results[i].ignored = parts[i].decoded.ignored;
  }
  SPOTTER_RETURN_IF_ERROR(KeepRefused(tenant, parts, backfill, results));
  SPOTTER_RETURN_IF_ERROR(AppendEvents(tenant, parts, results));
  for (const BodyResult& result : results) {
    for (const RefusedPart& part : result.refused) counters_.rejected.Add(part.reason);
    for (const std::string& type : result.ignored) counters_.ignored.Add(type);
  }
  return results;
}

}  // namespace spotter::intake
