// SPDX-License-Identifier: Apache-2.0
#include "scenario/read_values.h"

#include <charconv>
#include <set>

#include "connect/connector.h"

namespace spotter::scenario {
namespace {

using model::AttributeId;
using model::IdentifierType;

StatusOr<model::Scalar> ReadScalar(const model::AttributeInfo& info, std::string_view text,
                                   EventTime now) {
  switch (info.type) {
    case model::ScalarType::kBool:
      return model::Scalar(text == "true");
    case model::ScalarType::kInt: {
      SPOTTER_ASSIGN_OR_RETURN(const int64_t value, ReadInt(text));
      return model::Scalar(value);
    }
    case model::ScalarType::kDouble:
      return model::Scalar(std::stod(std::string(text)));
    case model::ScalarType::kString:
      return model::Scalar(std::string(text));
    case model::ScalarType::kTime: {
      SPOTTER_ASSIGN_OR_RETURN(const EventTime time, ReadTime(text, now));
      return model::Scalar(time);
    }
  }
  return InvalidArgument("'{}': an attribute of unknown type", info.name);
}

// The keys that are not attributes.
const std::set<std::string_view> kEventKeys = {
    "id",   "source", "customer", "entity", "version",  "update", "time",
    "site", "email",  "phone",    "as",     "backfill", "name"};

Status ReadAttributes(const Line& line, EventTime now, model::MemberEvent& event) {
  for (const auto& [key, text] : line.options) {
    if (kEventKeys.contains(key)) continue;
    const model::AttributeInfo* info = model::FindAttribute(key);
    if (info == nullptr) return InvalidArgument("'{}' is no attribute of an event", key);
    SPOTTER_ASSIGN_OR_RETURN(model::Scalar value, ReadScalar(*info, text, now));
    event.attributes.Set(info->id, std::move(value));
  }
  return OkStatus();
}

void ReadIdentifiers(const Line& line, model::MemberEvent& event) {
  const auto add = [&](IdentifierType type, std::string_view raw) {
    if (raw.empty()) return;
    event.identifiers.push_back({.type = type, .raw = std::string(raw), .normalized = ""});
  };
  add(IdentifierType::kEmail, line.Option("email"));
  add(IdentifierType::kPhone, line.Option("phone"));
  std::string name(line.Option("given_name"));
  if (line.Has("family_name")) name.append(" ").append(line.Option("family_name"));
  add(IdentifierType::kName, name);
}

Status ReadEntity(const Line& line, EventTime now, model::EntityReference& entity) {
  const std::string_view text = line.Option("entity");
  const size_t colon = std::min(text.find(':'), text.size());
  entity.type = text.substr(0, colon);
  if (colon < text.size()) entity.id = text.substr(colon + 1);
  if (line.Has("version")) {
    SPOTTER_ASSIGN_OR_RETURN(entity.version, ReadInt(line.Option("version")));
  }
  if (line.Has("update")) {
    SPOTTER_ASSIGN_OR_RETURN(entity.update_time, ReadTime(line.Option("update"), now));
  }
  return OkStatus();
}

StatusOr<int> ReadMinuteOfDay(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return InvalidArgument("'{}': expected HH:MM", text);
  SPOTTER_ASSIGN_OR_RETURN(const int64_t hour, ReadInt(text.substr(0, 2)));
  SPOTTER_ASSIGN_OR_RETURN(const int64_t minute, ReadInt(text.substr(3)));
  return static_cast<int>(hour * 60 + minute);
}

// NAME:INTERVAL,NAME:INTERVAL
StatusOr<std::vector<model::SourceDeclaration>> ReadSources(std::string_view text) {
  std::vector<model::SourceDeclaration> sources;
  while (!text.empty()) {
    const std::string_view one = text.substr(0, text.find(','));
    const size_t colon = std::min(one.find(':'), one.size());
    model::SourceDeclaration& source = sources.emplace_back();
    source.name = one.substr(0, colon);
    if (colon < one.size()) {
      SPOTTER_ASSIGN_OR_RETURN(source.interval, ParseDuration(one.substr(colon + 1)));
    }
    text.remove_prefix(std::min(one.size() + 1, text.size()));
  }
  return sources;
}

}  // namespace

StatusOr<int64_t> ReadInt(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size()) return value;
  return InvalidArgument("'{}': expected a whole number", text);
}

StatusOr<EventTime> ReadTime(std::string_view text, EventTime now) {
  if (text == "now") return now;
  if (text == "never") return EventTime::Max();
  if (!text.starts_with('+') && !text.starts_with('-')) return ParseTime(text);
  SPOTTER_ASSIGN_OR_RETURN(const Duration distance, ParseDuration(text.substr(1)));
  return text.front() == '+' ? now + distance : now - distance;
}

StatusOr<model::MemberEvent> ReadEvent(const Line& line, const World& world) {
  model::MemberEvent event;
  event.tenant = world.settings.id;
  event.kind = model::FindEventKind(line.Word(1));
  const std::string_view ref = line.Word(2);
  const size_t at = std::min(ref.rfind('@'), ref.size());
  event.customer_id = ref.substr(0, at);
  event.source =
      line.Has("source") ? line.Option("source") : ref.substr(std::min(at + 1, ref.size()));
  if (line.Has("customer")) event.customer_id = line.Option("customer");
  event.source_event_id =
      line.Has("id") ? std::string(line.Option("id")) : fmt::format("line-{}", line.number);
  event.event_time = world.now();
  if (line.Has("time")) {
    SPOTTER_ASSIGN_OR_RETURN(event.event_time, ReadTime(line.Option("time"), world.now()));
  }
  SPOTTER_RETURN_IF_ERROR(ReadEntity(line, world.now(), event.entity));
  event.site = line.Option("site");
  event.backfill = line.Option("backfill") == "true";
  SPOTTER_RETURN_IF_ERROR(ReadAttributes(line, world.now(), event));
  ReadIdentifiers(line, event);
  SPOTTER_RETURN_IF_ERROR(connect::Canonicalize(event, {.tenant = world.settings.id,
                                                        .kind = world.settings.kind,
                                                        .region = world.settings.region,
                                                        .received_at = world.now()}));
  return event;
}

StatusOr<model::TenantSettings> ReadTenant(const Line& line, model::TenantSettings settings) {
  settings.id = model::TenantId(std::string(line.Word(1)));
  if (settings.suppression_key.empty()) settings.suppression_key = std::string(32, 'k');
  for (const auto& [key, text] : line.options) {
    if (key == "kind") {
      settings.kind = text == "mentor"  ? model::TenantKind::kMentor
                      : text == "coach" ? model::TenantKind::kCoach
                                        : model::TenantKind::kStudio;
    } else if (key == "zone") {
      settings.time_zone = text;
    } else if (key == "region") {
      settings.region = text;
    } else if (key == "sms_per_week") {
      SPOTTER_ASSIGN_OR_RETURN(const int64_t most, ReadInt(text));
      settings.sms_per_week = static_cast<int>(most);
    } else if (key == "quiet_from") {
      SPOTTER_ASSIGN_OR_RETURN(settings.quiet_from_minute, ReadMinuteOfDay(text));
    } else if (key == "quiet_until") {
      SPOTTER_ASSIGN_OR_RETURN(settings.quiet_until_minute, ReadMinuteOfDay(text));
    } else if (key == "sources") {
      SPOTTER_ASSIGN_OR_RETURN(settings.sources, ReadSources(text));
    } else if (key != "request" && key != "rules") {
      return InvalidArgument("'{}' is no setting of a tenant", key);
    }
  }
  return settings;
}

}  // namespace spotter::scenario
