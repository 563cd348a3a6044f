// SPDX-License-Identifier: Apache-2.0
#include "profile/address_event.h"

namespace spotter::profile {
namespace {

using model::AttributeId;
using model::EventKind;
using model::MemberEvent;

std::string_view UsualType(EventKind kind) {
  switch (kind) {
    case EventKind::unspecified:
      return "";
    case EventKind::member_created:
    case EventKind::member_updated:
      return "member";
    case EventKind::lead_enquired:
      return "lead";
    case EventKind::referral:
      return "referral";
    case EventKind::membership_changed:
      return "membership";
    case EventKind::payment_method_changed:
      return "payment_method";
    case EventKind::booking_created:
    case EventKind::booking_changed:
    case EventKind::booking_cancelled:
    case EventKind::attendance:
      return "booking";
    case EventKind::waitlisted:
      return "waitlist";
    case EventKind::class_changed:
      return "class";
    case EventKind::purchase:
    case EventKind::payment_failed:
      return "payment";
    case EventKind::refund:
      return "refund";
    case EventKind::dispute:
      return "dispute";
    case EventKind::scan_recorded:
      return "scan";
    case EventKind::session_pack_changed:
      return "pack";
    case EventKind::consultation:
      return "consultation";
    case EventKind::intake_form:
      return "form";
    case EventKind::assessment:
      return "assessment";
    case EventKind::workout_logged:
      return "workout";
    case EventKind::block_assigned:
      return "block";
    case EventKind::goal_set:
      return "goal";
    case EventKind::checkin_form:
      return "checkin";
    case EventKind::consent_changed:
      return "consent";
    case EventKind::message_in:
      return "message";
    case EventKind::message_outcome:
      return "outcome";
    case EventKind::offer_redeemed:
      return "offer";
    case EventKind::web_or_app_event:
      return "web";
    case EventKind::staff_note:
      return "note";
    case EventKind::tag_changed:
      return "tag";
    case EventKind::invoice_changed:
      return "invoice";
  }
  return "";
}

}  // namespace

EntityAddress AddressOf(const MemberEvent& event) {
  const auto& [type, id, version, update_time] = event.entity;
  if (event.kind == EventKind::attendance && type.empty() && id.empty()) {
    // A check-in says how its booking went; one without a booking stands for itself.
    const std::string_view booking = event.attributes.Text(AttributeId::booking_id);
    if (!booking.empty()) return {"booking", booking};
    return {"attendance", event.source_event_id};
  }
  return {type.empty() ? UsualType(event.kind) : type, id.empty() ? event.source_event_id : id};
}

uint64_t EntityIdOf(const MemberEvent& event) {
  const EntityAddress address = AddressOf(event);
  return model::MakeEntityId(event.source, address.type, address.id);
}

bool NeedsEntityIndex(const MemberEvent& event) {
  const std::string_view type = AddressOf(event).type;
  return type == "payment" || type == "booking" || type == "invoice";
}

OwnerReference OwnerOf(const MemberEvent& event) {
  const EntityAddress address = AddressOf(event);
  const bool names_itself = !event.entity.id.empty();
  if (names_itself && (address.type == "payment" || address.type == "invoice")) {
    return {address.type, address.id};
  }
  if (address.type == "booking" && (names_itself || event.kind == EventKind::attendance)) {
    return {address.type, address.id};
  }
  const std::string_view payment = event.attributes.Text(AttributeId::payment_id);
  if (!payment.empty()) return {"payment", payment};
  const std::string_view booking = event.attributes.Text(AttributeId::booking_id);
  if (!booking.empty()) return {"booking", booking};
  return {};
}

}  // namespace spotter::profile
