// SPDX-License-Identifier: Apache-2.0
//
// Decoded bodies as lines of text, so that a test compares what a reader can read.
#pragma once

#include <fmt/format.h>

#include <string>

#include "connect/connector.h"

namespace spotter::connect {

inline std::string PrintEvent(const model::MemberEvent& event) {
  std::string text = fmt::format("{} {} {} {}", event.source, event.source_event_id,
                                 NameOf(event.kind), FormatTime(event.event_time));
  text += fmt::format("\n  {} {} version {} updated {}", event.entity.type, event.entity.id,
                      event.entity.version, FormatTime(event.entity.update_time));
  if (!event.customer_id.empty()) text += "\n  customer " + event.customer_id;
  if (!event.site.empty()) text += "\n  site " + event.site;
  for (const model::Identifier& identifier : event.identifiers) {
    text += fmt::format("\n  {} '{}' = '{}'", NameOf(identifier.type), identifier.raw,
                        identifier.normalized);
  }
  for (const model::Attribute& attribute : event.attributes.items()) {
    text += fmt::format("\n  .{} {}", InfoOf(attribute.id).name, model::ToText(attribute.value));
  }
  for (const model::Field& field : event.fields) {
    text += fmt::format("\n  +{} {}", field.name, model::ToText(field.value));
  }
  return text + "\n";
}

inline std::string PrintDecoded(const Decoded& decoded) {
  std::string text;
  for (const auto& event : decoded.events) text += PrintEvent(event);
  for (const auto& rejection : decoded.rejections) {
    text += fmt::format("rejected {}: {}\n", rejection.reason, rejection.detail);
  }
  for (const auto& ignored : decoded.ignored) text += fmt::format("ignored {}\n", ignored);
  return text;
}

// Late 2026, in the United States.
inline DecodeSettings TestSettings() {
  return {.tenant = model::TenantId("studio"), .received_at = *ParseTime("2026-11-22T12:00:00Z")};
}

}  // namespace spotter::connect
