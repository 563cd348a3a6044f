// SPDX-License-Identifier: Apache-2.0
#include "synthetic/recorder.h"

#include <fmt/format.h>

#include "base/hash.h"

namespace spotter::synthetic {
namespace {

using model::IdentifierType;

// Of connect::kNormalizerVersion: our names are ASCII and our phones E.164, so that normalising
// them is lower-casing. A test compares the two.
constexpr uint32_t kNormalizerVersion = 1;

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return lower;
}

std::string SquareEventId(std::string_view id) {
  const std::string hex = Hex(HashOf(id));
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4),
                     hex.substr(16, 4), hex.substr(20, 12));
}

}  // namespace

model::MemberEvent& Recorder::Add(std::string_view source, model::EventKind kind, EventTime time,
                                  EntityName entity) {
  model::MemberEvent event;
  event.tenant = options_.tenant;
  event.source = source;
  event.kind = kind;
  event.event_time = time;
  event.entity = {std::string(entity.type), std::move(entity.id), entity.version, time};
  const std::string id = NewId("event");
  // Square reports within a minute, Stripe a little later, our own systems at once.
  if (source == kSquare) {
    event.source_event_id = SquareEventId(id);
    event.customer_id = member_.square_id;
    event.site = Sites()[static_cast<size_t>(member_.site)].square_location;
  } else if (source == kStripe) {
    event.source_event_id = "evt_" + id.substr(0, 24);
    event.customer_id = member_.stripe_id;
  } else {
    event.source_event_id = fmt::format("{}-{}", source, id.substr(0, 20));
    event.customer_id = source == kDoor ? member_.door_id : member_.app_id;
    event.site = Sites()[static_cast<size_t>(member_.site)].square_location;
  }
  const int64_t slowest = source == kStripe ? 90 : source == kSquare ? 40 : 4;
  const Duration latency(latency_.Between(300, slowest * 1000));
  deliveries_.push_back({time + latency, member_.number, std::move(event)});
  return deliveries_.back().event;
}

void Recorder::AddIdentifiers(model::MemberEvent& event) const {
  const std::string name = member_.given_name + " " + member_.family_name;
  event.identifiers = {
      {IdentifierType::kEmail, member_.email, member_.email, kNormalizerVersion},
      {IdentifierType::kPhone, member_.phone, member_.phone, kNormalizerVersion},
      {IdentifierType::kName, name, Lower(name), kNormalizerVersion},
  };
}

}  // namespace spotter::synthetic
