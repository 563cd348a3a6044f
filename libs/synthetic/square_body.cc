// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/assert.h"
#include "synthetic/bodies.h"

namespace spotter::synthetic {
namespace {

using model::AttributeId;
using model::MemberEvent;

constexpr std::string_view kMerchant = "MLSPOTTERSTUDIO";

std::string IdentifierOf(const MemberEvent& event, model::IdentifierType type) {
  for (const auto& identifier : event.identifiers) {
    if (identifier.type == type) return identifier.raw;
  }
  return "";
}

std::string Customer(const MemberEvent& event) {
  const auto joined = event.attributes.TimeOf(AttributeId::joined_at).value_or(event.event_time);
  return fmt::format(
      R"("customer":{{"created_at":"{}","creation_source":"DIRECTORY","email_address":"{}",)"
      R"("family_name":"{}","given_name":"{}","id":"{}","phone_number":"{}",)"
      R"("preferences":{{"email_unsubscribed":false}},"updated_at":"{}","version":{}}})",
      FormatTime(joined), IdentifierOf(event, model::IdentifierType::kEmail),
      event.attributes.Text(AttributeId::family_name),
      event.attributes.Text(AttributeId::given_name), event.customer_id,
      IdentifierOf(event, model::IdentifierType::kPhone), FormatTime(event.event_time),
      event.entity.version - 1);
}

std::string_view BookingStatus(std::string_view status) {
  if (status == "no_show") return "NO_SHOW";
  if (status == "cancelled") return "CANCELLED_BY_CUSTOMER";
  return "ACCEPTED";
}

std::string Booking(const MemberEvent& event) {
  const auto start = event.attributes.TimeOf(AttributeId::class_start).value_or(EventTime{});
  const auto end = event.attributes.TimeOf(AttributeId::class_end).value_or(start);
  return fmt::format(
      R"("booking":{{"appointment_segments":[{{"duration_minutes":{},)"
      R"("service_variation_id":"{}","service_variation_version":1605808735978,)"
      R"("team_member_id":"{}"}}],"created_at":"{}","customer_id":"{}","customer_note":"",)"
      R"("id":"{}","location_id":"{}","seller_note":"","start_at":"{}","status":"{}",)"
      R"("updated_at":"{}","version":{}}})",
      (end - start) / Minutes(1), event.attributes.Text(AttributeId::class_id),
      event.attributes.Text(AttributeId::instructor), FormatTime(event.event_time),
      event.customer_id, event.entity.id, event.site, FormatTime(start),
      BookingStatus(event.attributes.Text(AttributeId::status)), FormatTime(event.event_time),
      event.entity.version - 1);
}

std::string Money(const MemberEvent& event) {
  return fmt::format(R"({{"amount":{},"currency":"{}"}})",
                     event.attributes.Int(AttributeId::amount_minor),
                     event.attributes.Text(AttributeId::currency));
}

std::string Payment(const MemberEvent& event) {
  const bool pending = event.attributes.Text(AttributeId::status) == "pending";
  return fmt::format(
      R"("payment":{{"amount_money":{0},"approved_money":{0},"card_details":{{)"
      R"("entry_method":"EMV","status":"{1}"}},"created_at":"{2}","customer_id":"{3}",)"
      R"("delay_action":"CANCEL","delay_duration":"PT168H","id":"{4}","location_id":"{5}",)"
      R"("order_id":"{6}","receipt_number":"{7}","source_type":"CARD","status":"{8}",)"
      R"("total_money":{0},"updated_at":"{2}","version_token":"v{9}"}})",
      Money(event), pending ? "AUTHORIZED" : "CAPTURED", FormatTime(event.event_time),
      event.customer_id, event.entity.id, event.site, event.attributes.Text(AttributeId::order_id),
      event.entity.id.substr(3, 4), pending ? "APPROVED" : "COMPLETED", event.source_event_id);
}

std::string Refund(const MemberEvent& event) {
  const bool pending = event.attributes.Text(AttributeId::status) == "pending";
  return fmt::format(
      R"("refund":{{"amount_money":{},"created_at":"{}","id":"{}","location_id":"{}",)"
      R"("order_id":"{}","payment_id":"{}","status":"{}","updated_at":"{}","version":{}}})",
      Money(event), FormatTime(event.event_time), event.entity.id, event.site,
      event.attributes.Text(AttributeId::order_id), event.attributes.Text(AttributeId::payment_id),
      pending ? "PENDING" : "COMPLETED", FormatTime(event.event_time), pending ? 4 : 7);
}

}  // namespace

std::string SquareBody(const MemberEvent& event) {
  const std::string& type = event.entity.type == "member" ? "customer" : event.entity.type;
  const bool pending = event.attributes.Text(AttributeId::status) == "pending";
  const bool first = event.entity.version == 1 || pending;  // the others are "updated"
  std::string object;
  if (type == "customer") object = Customer(event);
  if (type == "booking") object = Booking(event);
  if (type == "payment") object = Payment(event);
  if (type == "refund") object = Refund(event);
  Assert(!object.empty(), "square sends customers, bookings, payments and refunds");
  return fmt::format(
      R"({{"created_at":"{}","data":{{"id":"{}","object":{{{}}},"type":"{}"}},"event_id":"{}",)"
      R"("merchant_id":"{}","type":"{}.{}"}})",
      FormatTime(event.event_time), event.entity.id, object, type, event.source_event_id, kMerchant,
      type, first ? "created" : "updated");
}

}  // namespace spotter::synthetic
