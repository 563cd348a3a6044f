// SPDX-License-Identifier: Apache-2.0
//
// Events of one member, as a connector would make them.
#pragma once

#include <string>
#include <utility>

#include "model/event.h"

namespace spotter::profile {

inline constexpr EventTime kDay0{1'700'000'000'000};
inline EventTime Day(int day) { return kDay0 + Days(day); }

struct Said {
  model::EventKind kind = model::EventKind::unspecified;
  std::string event_id;
  EventTime time;
  model::EntityReference entity = {};
  model::AttributeSet attributes = {};
  std::vector<model::Identifier> identifiers = {};
};

inline model::MemberEvent MakeEvent(Said said) {
  model::MemberEvent event;
  event.tenant = model::TenantId("studio");
  event.source = "square";
  event.source_event_id = std::move(said.event_id);
  event.kind = said.kind;
  event.event_time = said.time;
  event.entity = std::move(said.entity);
  event.customer_id = "c1";
  event.attributes = std::move(said.attributes);
  event.identifiers = std::move(said.identifiers);
  return event;
}

}  // namespace spotter::profile
