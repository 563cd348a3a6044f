// SPDX-License-Identifier: Apache-2.0
//
// Square's webhooks: {type, event_id, created_at, data: {object: {NAME: {...}}}}. RFC 3339 times,
// minor units, and an integer version per object that begins at 0; ours begins at 1, so it is one
// more. Payments and refunds have only a version token or none at all: their update time orders.
#include <array>

#include "connect/canonical_event.h"
#include "connect/webhook_body.h"

namespace spotter::connect {
namespace {

using model::AttributeId;
using model::EventKind;
using model::IdentifierType;
using model::MemberEvent;

// `word` of the source in our words; an unknown one rejects the body, because a status that is
// not understood must not be taken for one that is.
std::string Translate(const JsonObject& object, std::string_view key,
                      std::span<const Word> dictionary) {
  return TranslateWord(object, key, object.Text(key), dictionary);
}

void SetVersion(const JsonObject& object, MemberEvent& event) {
  if (const auto version = object.MaybeInt("version"); version && *version >= 0) {
    event.entity.version = *version + 1;
  }
}

MemberEvent StartEvent(const JsonObject& envelope, const JsonObject& object,
                       std::string_view entity_type) {
  MemberEvent event;
  event.source = envelope.reading().source;
  event.source_event_id = envelope.Text("event_id");
  event.entity.type = entity_type;
  event.entity.id = object.Text("id");
  return event;
}

// Objects that know when they were made and last changed: a creation happened then, a change now.
void SetTimes(const JsonObject& object, bool is_creation, MemberEvent& event) {
  const EventTime created = object.Time("created_at", TimeRule::kHappened);
  const EventTime updated = object.MaybeTime("updated_at", TimeRule::kHappened).value_or(created);
  event.event_time = is_creation ? created : updated;
  event.entity.update_time = updated;
}

bool IsCreation(const JsonObject& envelope) {
  return envelope.reading().type.ends_with(".created");
}

EventKind BookingKind(std::string_view status, bool is_creation) {
  if (status == "cancelled") return EventKind::booking_cancelled;
  if (status == "no_show") return EventKind::attendance;
  return is_creation ? EventKind::booking_created : EventKind::booking_changed;
}

void DecodeBooking(const JsonObject& envelope, const JsonObject& booking, Events& events) {
  static constexpr std::array<Word, 7> kStatuses{{{"PENDING", "booked"},
                                                  {"ACCEPTED", "booked"},
                                                  {"CANCELLED_BY_CUSTOMER", "cancelled"},
                                                  {"CANCELLED_BY_SELLER", "cancelled"},
                                                  {"CANCELLED", "cancelled"},
                                                  {"DECLINED", "cancelled"},
                                                  {"NO_SHOW", "no_show"}}};
  MemberEvent event = StartEvent(envelope, booking, "booking");
  SetVersion(booking, event);
  SetTimes(booking, IsCreation(envelope), event);
  event.customer_id = booking.MaybeText("customer_id");
  event.site = booking.MaybeText("location_id");
  const std::string status = Translate(booking, "status", kStatuses);
  event.kind = BookingKind(status, IsCreation(envelope));
  event.attributes.Set(AttributeId::status, status);
  const EventTime start = booking.Time("start_at", TimeRule::kPlanned);
  event.attributes.Set(AttributeId::class_start, start);
  SetText(event, AttributeId::location, event.site);
  const JsonObject segment = booking.MaybeFirst("appointment_segments");
  SetText(event, AttributeId::class_id, segment.MaybeText("service_variation_id"));
  SetText(event, AttributeId::instructor, segment.MaybeText("team_member_id"));
  constexpr int64_t kMinutesMax = 7 * 24 * 60;
  if (const auto minutes = segment.MaybeInt("duration_minutes");
      minutes && *minutes > 0 && *minutes <= kMinutesMax) {
    event.attributes.Set(AttributeId::class_end, start + Minutes(*minutes));
  }
  events.push_back(std::move(event));
}

// A customer who has unsubscribed says so in every later body; the ledger needs its own event.
MemberEvent Unsubscribed(const MemberEvent& customer) {
  MemberEvent event = customer;
  event.kind = EventKind::consent_changed;
  event.source_event_id += "/email_unsubscribed";
  event.entity.type = "consent";
  event.entity.id = customer.entity.id + "/email/marketing";
  event.attributes = {};
  event.attributes.Set(AttributeId::channel, std::string("email"));
  event.attributes.Set(AttributeId::purpose, std::string("marketing"));
  event.attributes.Set(AttributeId::consent_state, std::string("denied"));
  event.attributes.Set(AttributeId::consent_source, customer.source);
  return event;
}

void DecodeCustomer(const JsonObject& envelope, const JsonObject& customer, Events& events) {
  MemberEvent event = StartEvent(envelope, customer, "member");
  SetVersion(customer, event);
  SetTimes(customer, IsCreation(envelope), event);
  event.kind = IsCreation(envelope) ? EventKind::member_created : EventKind::member_updated;
  event.customer_id = event.entity.id;
  const std::string given = customer.MaybeText("given_name");
  const std::string family = customer.MaybeText("family_name");
  const std::string_view region = envelope.reading().settings.region;
  AddIdentifier(event, IdentifierType::kEmail, customer.MaybeText("email_address"), region);
  AddIdentifier(event, IdentifierType::kPhone, customer.MaybeText("phone_number"), region);
  AddIdentifier(event, IdentifierType::kName,
                given.empty() || family.empty() ? given + family : given + " " + family, region);
  SetText(event, AttributeId::given_name, given);
  SetText(event, AttributeId::family_name, family);
  SetText(event, AttributeId::birth_date, customer.MaybeText("birthday"));
  SetText(event, AttributeId::postal_code,
          customer.MaybeObject("address").MaybeText("postal_code"));
  if (const auto joined = customer.MaybeTime("created_at", TimeRule::kHappened)) {
    event.attributes.Set(AttributeId::joined_at, *joined);
  }
  const bool unsubscribed = customer.MaybeObject("preferences").Flag("email_unsubscribed");
  events.push_back(std::move(event));
  if (unsubscribed) events.push_back(Unsubscribed(events.front()));
}

void SetMoney(const JsonObject& money, MemberEvent& event) {
  event.attributes.Set(AttributeId::amount_minor, money.Amount("amount"));
  event.attributes.Set(AttributeId::currency, money.Text("currency"));
}

void SetCard(const JsonObject& payment, MemberEvent& event) {
  const JsonObject card = payment.MaybeObject("card_details").MaybeObject("card");
  SetText(event, AttributeId::card_last_four, card.MaybeText("last_4"));
  SetCardExpiry(event, card.MaybeInt("exp_year"), card.MaybeInt("exp_month"));
}

// Only COMPLETED is money. `refunded_money` is not read: the refund is an entity of its own.
void DecodePayment(const JsonObject& envelope, const JsonObject& payment, Events& events) {
  static constexpr std::array<Word, 5> kStatuses{{{"APPROVED", "pending"},
                                                  {"PENDING", "pending"},
                                                  {"COMPLETED", "completed"},
                                                  {"CANCELED", "cancelled"},
                                                  {"FAILED", "failed"}}};
  MemberEvent event = StartEvent(envelope, payment, "payment");
  SetTimes(payment, IsCreation(envelope), event);
  event.customer_id = payment.MaybeText("customer_id");
  event.site = payment.MaybeText("location_id");
  const std::string status = Translate(payment, "status", kStatuses);
  event.kind = status == "failed" ? EventKind::payment_failed : EventKind::purchase;
  event.attributes.Set(AttributeId::status, status);
  // With the tip, because a refund may give the tip back too.
  const JsonObject total = payment.MaybeObject("total_money");
  SetMoney(total.present() ? total : payment.Object("amount_money"), event);
  SetText(event, AttributeId::order_id, payment.MaybeText("order_id"));
  SetCard(payment, event);
  AddIdentifier(event, IdentifierType::kEmail, payment.MaybeText("buyer_email_address"),
                envelope.reading().settings.region);
  events.push_back(std::move(event));
}

void DecodeRefund(const JsonObject& envelope, const JsonObject& refund, Events& events) {
  static constexpr std::array<Word, 5> kStatuses{{{"PENDING", "pending"},
                                                  {"APPROVED", "pending"},
                                                  {"COMPLETED", "completed"},
                                                  {"REJECTED", "failed"},
                                                  {"FAILED", "failed"}}};
  MemberEvent event = StartEvent(envelope, refund, "refund");
  event.kind = EventKind::refund;
  SetTimes(refund, IsCreation(envelope), event);
  event.site = refund.MaybeText("location_id");
  event.attributes.Set(AttributeId::status, Translate(refund, "status", kStatuses));
  SetMoney(refund.Object("amount_money"), event);
  SetText(event, AttributeId::payment_id, refund.Text("payment_id"));
  SetText(event, AttributeId::order_id, refund.MaybeText("order_id"));
  SetText(event, AttributeId::reason, refund.MaybeText("reason"));
  events.push_back(std::move(event));
}

void DecodeSubscription(const JsonObject& envelope, const JsonObject& subscription,
                        Events& events) {
  static constexpr std::array<Word, 6> kStatuses{{{"PENDING", "trial"},
                                                  {"ACTIVE", "active"},
                                                  {"PAUSED", "paused"},
                                                  {"CANCELED", "cancelled"},
                                                  {"DEACTIVATED", "cancelled"},
                                                  {"COMPLETED", "cancelled"}}};
  MemberEvent event = StartEvent(envelope, subscription, "membership");
  SetVersion(subscription, event);
  event.kind = EventKind::membership_changed;
  // A subscription carries dates only: the notification's time is the best there is.
  event.event_time = envelope.Time("created_at", TimeRule::kHappened);
  event.entity.update_time = event.event_time;
  event.customer_id = subscription.Text("customer_id");
  event.site = subscription.MaybeText("location_id");
  const std::string status = Translate(subscription, "status", kStatuses);
  event.attributes.Set(AttributeId::status, status);
  event.attributes.Set(AttributeId::membership_status, status);
  event.attributes.Set(AttributeId::payment_status,
                       std::string(status == "cancelled" ? "cancelled" : "active"));
  std::string plan = subscription.MaybeText("plan_variation_id");
  if (plan.empty()) plan = subscription.MaybeText("plan_id");  // before 2023
  SetText(event, AttributeId::plan, plan);
  events.push_back(std::move(event));
}

}  // namespace

std::span<const BodyType> SquareBodies() {
  static constexpr std::array<BodyType, 10> kBodies{{
      {"booking.created", "booking", DecodeBooking},
      {"booking.updated", "booking", DecodeBooking},
      {"customer.created", "customer", DecodeCustomer},
      {"customer.updated", "customer", DecodeCustomer},
      {"payment.created", "payment", DecodePayment},
      {"payment.updated", "payment", DecodePayment},
      {"refund.created", "refund", DecodeRefund},
      {"refund.updated", "refund", DecodeRefund},
      {"subscription.created", "subscription", DecodeSubscription},
      {"subscription.updated", "subscription", DecodeSubscription},
  }};
  return kBodies;
}

}  // namespace spotter::connect
