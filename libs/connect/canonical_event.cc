// SPDX-License-Identifier: Apache-2.0
#include "connect/canonical_event.h"

#include <simdjson.h>

#include <algorithm>
#include <tuple>

#include "connect/normalize.h"
#include "connect/status_words.h"
#include "connect/time_rule.h"

namespace spotter::connect {
namespace {

using model::AttributeId;
using model::MemberEvent;

// Generous to any real source, and small enough that one event cannot crowd out a batch.
constexpr size_t kIdBytesMax = 256;
constexpr size_t kNameBytesMax = 64;
constexpr size_t kTextBytesMax = 8192;
constexpr size_t kIdentifiersMax = 16;
constexpr size_t kFieldsMax = 64;

template <typename... Args>
Rejection Refuse(std::string_view reason, fmt::format_string<Args...> format, Args&&... args) {
  return {std::string(reason), fmt::format(format, std::forward<Args>(args)...)};
}

bool IsSourceName(std::string_view name) {
  return !name.empty() && name.size() <= kNameBytesMax &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
                  c == '.';
         });
}

// Bytes that no source's id or text contains; a NUL is what C programs downstream would stop at.
std::optional<Rejection> CheckText(std::string_view path, std::string_view text, size_t bytes_max) {
  if (text.size() > bytes_max) {
    return Refuse("too_long", "{}: found {} bytes, expected at most {}", path, text.size(),
                  bytes_max);
  }
  if (!simdjson::validate_utf8(text.data(), text.size())) {
    return Refuse("invalid_utf8", "{}: found bytes that are not UTF-8", path);
  }
  if (text.find('\0') != std::string_view::npos) {
    return Refuse("bad_text", "{}: found a NUL character, expected text", path);
  }
  return std::nullopt;
}

std::optional<Rejection> CheckIds(const MemberEvent& event) {
  if (!IsSourceName(event.source)) {
    return Refuse("bad_source", "source: expected 1 to {} of [a-z0-9._-]", kNameBytesMax);
  }
  if (event.kind == model::EventKind::unspecified) {
    return Refuse("unknown_kind", "kind: expected a kind of spotter.v1.EventKind");
  }
  if (event.source_event_id.empty()) {
    return Refuse("missing_field", "source_event_id: expected an id unique within the source");
  }
  if (event.entity.type.empty() && !event.entity.id.empty()) {
    return Refuse("missing_field", "entity.type: expected the type of entity.id");
  }
  if (event.entity.version < 0) {
    return Refuse("out_of_range", "entity.version: found {}, expected 0 or more",
                  event.entity.version);
  }
  if (event.customer_id.empty() && event.identifiers.empty() && event.entity.id.empty()) {
    return Refuse("no_member",
                  "expected a customer_id, an identifier or an entity to find the member by");
  }
  for (const auto& [path, text, bytes_max] :
       {std::tuple{"source_event_id", std::string_view(event.source_event_id), kIdBytesMax},
        {"customer_id", event.customer_id, kIdBytesMax},
        {"entity.id", event.entity.id, kIdBytesMax},
        {"entity.type", event.entity.type, kNameBytesMax},
        {"site", event.site, kIdBytesMax}}) {
    if (auto refused = CheckText(path, text, bytes_max)) return refused;
  }
  return std::nullopt;
}

std::optional<Rejection> CheckTime(std::string_view path, EventTime time, TimeRule rule,
                                   EventTime received_at) {
  const std::string expected = WhyAbsurd(time, rule, received_at);
  if (expected.empty()) return std::nullopt;
  return Refuse("bad_time", "{}: found {}, expected {}", path, FormatTime(time), expected);
}

TimeRule RuleOf(AttributeId id) {
  return id == AttributeId::class_start || id == AttributeId::class_end ? TimeRule::kPlanned
                                                                        : TimeRule::kAny;
}

std::optional<Rejection> CheckTimes(const MemberEvent& event, EventTime received_at) {
  if (event.event_time == EventTime{}) {
    return Refuse("missing_field", "event_time: expected when it happened");
  }
  if (auto refused = CheckTime("event_time", event.event_time, TimeRule::kHappened, received_at)) {
    return refused;
  }
  // It orders the states of the entity for ever, so it is refused but never moved.
  if (event.entity.update_time != EventTime{}) {
    return CheckTime("entity.update_time", event.entity.update_time, TimeRule::kHappened,
                     received_at);
  }
  return std::nullopt;
}

std::optional<Rejection> CheckAttributes(MemberEvent& event, EventTime received_at) {
  for (const model::Attribute& attribute : event.attributes.items()) {
    const std::string path = fmt::format("attributes.{}", InfoOf(attribute.id).name);
    if (const auto* text = std::get_if<std::string>(&attribute.value)) {
      if (auto refused = CheckText(path, *text, kTextBytesMax)) return refused;
    }
    if (const auto* time = std::get_if<EventTime>(&attribute.value)) {
      if (auto refused = CheckTime(path, *time, RuleOf(attribute.id), received_at)) return refused;
    }
  }
  if (auto refused = MakeWordsOurs(event)) return refused;
  std::string currency{event.attributes.Text(AttributeId::currency)};
  if (currency.empty()) return std::nullopt;
  for (char& c : currency) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  if (currency.size() != 3 ||
      !std::all_of(currency.begin(), currency.end(), [](char c) { return c >= 'A' && c <= 'Z'; })) {
    return Refuse("bad_currency", "attributes.currency: expected three letters of ISO 4217");
  }
  event.attributes.Set(AttributeId::currency, std::move(currency));
  return std::nullopt;
}

// C13: normalised here whoever sent it, so that equal values are equal in the log; each one once.
std::optional<Rejection> NormalizeIdentifiers(MemberEvent& event, std::string_view region) {
  if (event.identifiers.size() > kIdentifiersMax) {
    return Refuse("too_many", "identifiers: found {}, expected at most {}",
                  event.identifiers.size(), kIdentifiersMax);
  }
  std::vector<model::Identifier> kept;
  for (model::Identifier& given : event.identifiers) {
    const std::string& raw = given.raw.empty() ? given.normalized : given.raw;
    if (auto refused = CheckText("identifiers.raw", raw, kIdBytesMax)) return refused;
    model::Identifier identifier = MakeIdentifier(given.type, raw, region);
    const bool seen = std::any_of(kept.begin(), kept.end(), [&](const model::Identifier& other) {
      return other.type == identifier.type && other.normalized == identifier.normalized &&
             (!identifier.normalized.empty() || other.raw == identifier.raw);
    });
    if (!seen && !raw.empty()) kept.push_back(std::move(identifier));
  }
  event.identifiers = std::move(kept);
  return std::nullopt;
}

std::optional<Rejection> SortFields(MemberEvent& event) {
  if (event.fields.size() > kFieldsMax) {
    return Refuse("too_many", "fields: found {}, expected at most {}", event.fields.size(),
                  kFieldsMax);
  }
  for (const model::Field& field : event.fields) {
    if (field.name.empty()) return Refuse("missing_field", "fields.name: expected a name");
    if (auto refused = CheckText("fields.name", field.name, kNameBytesMax)) return refused;
    if (const auto* text = std::get_if<std::string>(&field.value)) {
      const std::string path = fmt::format("fields.{}", field.name);
      if (auto refused = CheckText(path, *text, kTextBytesMax)) return refused;
    }
  }
  std::stable_sort(event.fields.begin(), event.fields.end(),
                   [](const auto& a, const auto& b) { return a.name < b.name; });
  const auto twice =
      std::adjacent_find(event.fields.begin(), event.fields.end(),
                         [](const auto& a, const auto& b) { return a.name == b.name; });
  if (twice == event.fields.end()) return std::nullopt;
  return Refuse("duplicate_field", "fields: found '{}' twice, expected each name once",
                twice->name);
}

}  // namespace

std::optional<Rejection> MakeCanonical(MemberEvent& event, const DecodeSettings& settings) {
  event.tenant = settings.tenant;
  event.backfill = event.backfill || settings.backfill;
  if (auto refused = NormalizeIdentifiers(event, settings.region)) return refused;
  if (auto refused = CheckIds(event)) return refused;
  if (auto refused = CheckTimes(event, settings.received_at)) return refused;
  if (auto refused = CheckAttributes(event, settings.received_at)) return refused;
  if (auto refused = SortFields(event)) return refused;
  event.event_time = ClampAhead(event.event_time, settings.received_at);
  return std::nullopt;
}

Status Canonicalize(MemberEvent& event, const DecodeSettings& settings) {
  if (const auto refused = MakeCanonical(event, settings)) {
    return InvalidArgument("event '{}': {}", event.source_event_id.substr(0, kIdBytesMax),
                           refused->detail);
  }
  return OkStatus();
}

void AddIdentifier(MemberEvent& event, model::IdentifierType type, std::string_view raw,
                   std::string_view region) {
  if (raw.find_first_not_of(" \t\r\n") == std::string_view::npos) return;
  event.identifiers.push_back(MakeIdentifier(type, raw, region));
}

void Accept(std::vector<MemberEvent> events, const DecodeSettings& settings, Decoded& out) {
  size_t clamped = 0;
  for (MemberEvent& event : events) {
    const EventTime told = event.event_time;
    if (const auto refused = MakeCanonical(event, settings)) {
      out.rejections.push_back(
          {refused->reason,
           fmt::format("{}: {}", event.source.substr(0, kNameBytesMax), refused->detail)});
      return;
    }
    if (event.event_time != told) ++clamped;
  }
  out.clamped += clamped;
  std::move(events.begin(), events.end(), std::back_inserter(out.events));
}

}  // namespace spotter::connect
