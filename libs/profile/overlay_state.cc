// SPDX-License-Identifier: Apache-2.0
#include "profile/overlay_state.h"

#include <algorithm>
#include <compare>

namespace spotter::profile {
namespace {

using model::Attribute;
using model::AttributeId;
using model::AttributeSet;
using model::AttributeStamp;
using model::Entity;
using model::EventKind;
using model::MemberEvent;

constexpr size_t kSeenEventsMax = 32;

// The order of an entity's states.
struct Stamp {
  int64_t version = 0;
  uint64_t tie = 0;
  friend auto operator<=>(const Stamp&, const Stamp&) = default;
};

bool IsVersioned(const MemberEvent& event) {
  return event.entity.version != 0 || event.entity.update_time.ms != 0;
}

Stamp StampOf(const MemberEvent& event) {
  const uint64_t tie = Hash64Of(event.source_event_id);
  if (event.entity.version != 0) return {event.entity.version, tie};
  if (event.entity.update_time.ms != 0) return {event.entity.update_time.ms, tie};
  return {event.event_time.ms, tie};
}

std::string_view UsualStatus(EventKind kind, std::string_view type) {
  switch (kind) {
    case EventKind::booking_created:
      return "booked";
    case EventKind::booking_cancelled:
      return "cancelled";
    case EventKind::attendance:
      return "completed";
    case EventKind::purchase:
      return type == "payment" ? "completed" : "";
    case EventKind::refund:
      return type == "refund" ? "completed" : "";
    case EventKind::payment_failed:
      return type == "invoice" ? "payment_failed" : "failed";
    default:
      return "";
  }
}

// What the event says of its entity, including what its kind says by itself.
AttributeSet SaidBy(const MemberEvent& event, std::string_view type) {
  AttributeSet said = event.attributes;
  const std::string_view given = said.Text(AttributeId::status);
  if (given.empty()) {
    const std::string_view usual = UsualStatus(event.kind, type);
    if (!usual.empty()) said.Set(AttributeId::status, std::string(usual));
  } else if (event.kind == EventKind::attendance && given == "checked_in") {
    said.Set(AttributeId::status, std::string("completed"));
  }
  if (event.kind == EventKind::tag_changed && said.Find(AttributeId::removed) == nullptr) {
    said.Set(AttributeId::removed, false);
  }
  return said;
}

bool HasSmallerId(const AttributeStamp& stamp, AttributeId id) { return stamp.id < id; }

void OverlayNewer(const AttributeSet& said, const Stamp& stamp, const MemberEvent& event,
                  Entity& entity) {
  std::vector<AttributeStamp> older;
  auto known = entity.older.begin();
  for (const Attribute& attribute : entity.attributes.items()) {
    const bool was_older = known != entity.older.end() && known->id == attribute.id;
    if (said.Find(attribute.id) == nullptr) {
      older.push_back(was_older ? *known
                                : AttributeStamp{attribute.id, entity.version, entity.version_tie,
                                                 entity.changed_at});
    }
    if (was_older) ++known;
  }
  entity.older = std::move(older);
  entity.attributes.Overlay(said);
  entity.version = stamp.version;
  entity.version_tie = stamp.tie;
  entity.changed_at = event.event_time;
  entity.last_kind = event.kind;
}

void OverlayOlder(const AttributeSet& said, const Stamp& stamp, const MemberEvent& event,
                  Entity& entity) {
  for (const Attribute& attribute : said.items()) {
    const auto at =
        std::lower_bound(entity.older.begin(), entity.older.end(), attribute.id, HasSmallerId);
    const AttributeStamp now{attribute.id, stamp.version, stamp.tie, event.event_time};
    if (at != entity.older.end() && at->id == attribute.id) {
      if (Stamp{at->version, at->tie} >= stamp) continue;
      *at = now;
    } else {
      if (entity.attributes.Find(attribute.id) != nullptr) continue;  // said by the newest state
      entity.older.insert(at, now);
    }
    entity.attributes.Set(attribute.id, attribute.value);
  }
}

void Remember(uint64_t event, Entity& entity) {
  entity.seen_events.push_back(event);
  if (entity.seen_events.size() > kSeenEventsMax) {
    entity.seen_events.erase(entity.seen_events.begin());
  }
}

}  // namespace

Entity FirstState(uint64_t id, std::string_view type, const MemberEvent& event) {
  const Stamp stamp = StampOf(event);
  Entity entity;
  entity.id = id;
  entity.type = type;
  entity.time = event.event_time;
  entity.changed_at = event.event_time;
  entity.last_kind = event.kind;
  entity.version = stamp.version;
  entity.version_tie = stamp.tie;
  entity.attributes = SaidBy(event, type);
  if (!IsVersioned(event)) Remember(stamp.tie, entity);
  return entity;
}

std::optional<Entity> NextState(const Entity& known, const MemberEvent& event) {
  const Stamp stamp = StampOf(event);
  const Stamp newest{known.version, known.version_tie};
  if (stamp == newest) return std::nullopt;
  const bool versioned = IsVersioned(event);
  if (!versioned && std::find(known.seen_events.begin(), known.seen_events.end(), stamp.tie) !=
                        known.seen_events.end()) {
    return std::nullopt;
  }

  const AttributeSet said = SaidBy(event, known.type);
  Entity next = known;
  next.time = std::min(known.time, event.event_time);
  if (stamp > newest) {
    OverlayNewer(said, stamp, event, next);
  } else {
    OverlayOlder(said, stamp, event, next);
  }
  if (!versioned) {
    if (next.attributes == known.attributes && next.time == known.time) return std::nullopt;
    Remember(stamp.tie, next);
  }
  if (next == known) return std::nullopt;
  return next;
}

}  // namespace spotter::profile
