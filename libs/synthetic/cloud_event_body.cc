// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "synthetic/bodies.h"
#include "synthetic/recorder.h"
#include "wire/wire.h"

namespace spotter::synthetic {

std::string CloudEventBody(const model::MemberEvent& event) {
  return fmt::format(
      R"({{"specversion":"1.0","id":"{}","source":"/studio/{}","type":"spotter.member_event.v1",)"
      R"("time":"{}","datacontenttype":"application/json","data":{}}})",
      event.source_event_id, event.source, FormatTime(event.event_time),
      wire::EncodeEventJson(event));
}

Webhook BodyOf(const Delivery& delivery) {
  const model::MemberEvent& event = delivery.event;
  const std::string_view status = event.attributes.Text(model::AttributeId::status);
  const bool by_front_desk = status == "checked_in" || status == "late_cancel";
  if (event.source == kSquare && !by_front_desk) {
    return {delivery.at, delivery.member, "square", SquareBody(event)};
  }
  if (event.source == kStripe) {
    return {delivery.at, delivery.member, "stripe", StripeBody(event)};
  }
  return {delivery.at, delivery.member, "spotter", CloudEventBody(event)};
}

}  // namespace spotter::synthetic
