// SPDX-License-Identifier: Apache-2.0
//
// Stripe's webhooks: {id, type, created, data: {object: {...}}}. Epoch seconds, minor units, no
// versions: the event's own time orders the states of an object. It counts whole seconds, and
// "created, updated, deleted" often fall into one, so the type's place in that life is added as
// milliseconds; what is still equal is ordered by event id.
//
// Two shapes are in use (the tables in docs/connectors.md): before 2025 an invoice names its
// subscription at the top and a subscription its period; now `parent.subscription_details` and the
// subscription's items do.
#include <array>

#include "connect/canonical_event.h"
#include "connect/webhook_body.h"

namespace spotter::connect {
namespace {

using model::AttributeId;
using model::EventKind;
using model::IdentifierType;
using model::MemberEvent;

// The place of a type in the life of its object, among events of the same second.
int64_t RankOf(std::string_view type) {
  if (type.ends_with(".created") || type == "charge.succeeded" ||
      type == "invoice.payment_failed") {
    return 0;
  }
  return type.ends_with(".deleted") ? 2 : 1;
}

MemberEvent StartEvent(const JsonObject& envelope, const JsonObject& object,
                       std::string_view entity_type) {
  MemberEvent event;
  event.source = envelope.reading().source;
  event.source_event_id = envelope.Text("id");
  event.event_time = envelope.Seconds("created", TimeRule::kHappened);
  event.entity.type = entity_type;
  event.entity.id = object.Text("id");
  event.entity.update_time = event.event_time + Duration(RankOf(envelope.reading().type));
  return event;
}

// Stripe keeps one name; the first word is how a message would greet.
void SetName(std::string_view name, MemberEvent& event) {
  const size_t first = name.find_first_not_of(' ');
  if (first == std::string_view::npos) return;
  name.remove_prefix(first);
  const size_t space = name.find(' ');
  SetText(event, AttributeId::given_name, std::string(name.substr(0, space)));
  const size_t rest = space == std::string_view::npos ? space : name.find_first_not_of(' ', space);
  if (rest != std::string_view::npos) {
    SetText(event, AttributeId::family_name, std::string(name.substr(rest)));
  }
}

void AddContact(const JsonObject& holder, MemberEvent& event) {
  const std::string_view region = holder.reading().settings.region;
  AddIdentifier(event, IdentifierType::kEmail, holder.MaybeText("email"), region);
  AddIdentifier(event, IdentifierType::kPhone, holder.MaybeText("phone"), region);
  AddIdentifier(event, IdentifierType::kName, holder.MaybeText("name"), region);
}

void DecodeCustomer(const JsonObject& envelope, const JsonObject& customer, Events& events) {
  MemberEvent event = StartEvent(envelope, customer, "member");
  event.kind = envelope.reading().type == "customer.created" ? EventKind::member_created
                                                             : EventKind::member_updated;
  event.customer_id = event.entity.id;
  AddContact(customer, event);
  SetName(customer.MaybeText("name"), event);
  SetText(event, AttributeId::postal_code,
          customer.MaybeObject("address").MaybeText("postal_code"));
  if (const auto joined = customer.MaybeSeconds("created", TimeRule::kHappened)) {
    event.attributes.Set(AttributeId::joined_at, *joined);
  }
  events.push_back(std::move(event));
}

std::string SubscriptionOf(const JsonObject& invoice) {
  const std::string now =
      invoice.MaybeObject("parent").MaybeObject("subscription_details").MaybeId("subscription");
  return now.empty() ? invoice.MaybeId("subscription") : now;
}

// An invoice says only how the member stands; the money is counted from its charge.
MemberEvent InvoiceEvent(const JsonObject& envelope, const JsonObject& invoice) {
  MemberEvent event = StartEvent(envelope, invoice, "invoice");
  event.customer_id = invoice.MaybeId("customer");
  const std::string_view region = envelope.reading().settings.region;
  if (event.customer_id.empty()) {
    AddIdentifier(event, IdentifierType::kEmail, invoice.MaybeText("customer_email"), region);
    AddIdentifier(event, IdentifierType::kPhone, invoice.MaybeText("customer_phone"), region);
    AddIdentifier(event, IdentifierType::kName, invoice.MaybeText("customer_name"), region);
  }
  SetText(event, AttributeId::currency, invoice.Text("currency"));
  SetText(event, AttributeId::payment_id, invoice.MaybeId("charge"));
  if (std::string subscription = SubscriptionOf(invoice); !subscription.empty()) {
    event.fields.push_back({"subscription", std::move(subscription)});
  }
  return event;
}

void DecodeInvoicePaid(const JsonObject& envelope, const JsonObject& invoice, Events& events) {
  MemberEvent event = InvoiceEvent(envelope, invoice);
  event.kind = EventKind::invoice_changed;
  event.attributes.Set(AttributeId::status, std::string("paid"));
  event.attributes.Set(AttributeId::payment_status, std::string("active"));
  event.attributes.Set(AttributeId::amount_minor, invoice.Amount("amount_paid"));
  events.push_back(std::move(event));
}

void DecodeInvoiceFailed(const JsonObject& envelope, const JsonObject& invoice, Events& events) {
  MemberEvent event = InvoiceEvent(envelope, invoice);
  event.kind = EventKind::payment_failed;
  event.attributes.Set(AttributeId::status, std::string("payment_failed"));
  event.attributes.Set(AttributeId::payment_status, std::string("past_due"));
  event.attributes.Set(AttributeId::amount_minor, invoice.Amount("amount_due"));
  events.push_back(std::move(event));
}

void SetCard(const JsonObject& charge, MemberEvent& event) {
  const JsonObject card = charge.MaybeObject("payment_method_details").MaybeObject("card");
  SetText(event, AttributeId::card_last_four, card.MaybeText("last4"));
  SetCardExpiry(event, card.MaybeInt("exp_year"), card.MaybeInt("exp_month"));
}

// charge.succeeded and charge.refunded carry the whole charge: the same payment, at two times.
void DecodeCharge(const JsonObject& envelope, const JsonObject& charge, Events& events) {
  MemberEvent event = StartEvent(envelope, charge, "payment");
  event.kind = EventKind::purchase;
  event.customer_id = charge.MaybeId("customer");
  // An authorised card is not money yet; the capture comes as an event of its own.
  const bool captured = !charge.Find("captured") || charge.Flag("captured");
  event.attributes.Set(AttributeId::status, std::string(captured ? "completed" : "pending"));
  const int64_t amount = charge.Amount("amount");
  const int64_t taken = captured ? charge.MaybeInt("amount_captured").value_or(amount) : amount;
  event.attributes.Set(AttributeId::amount_minor, taken);
  event.attributes.Set(AttributeId::refunded_minor,
                       charge.Find("amount_refunded") ? charge.Amount("amount_refunded") : 0);
  event.attributes.Set(AttributeId::currency, charge.Text("currency"));
  SetCard(charge, event);
  if (event.customer_id.empty()) {
    const JsonObject billing = charge.MaybeObject("billing_details");
    AddContact(billing, event);
    if (!billing.Find("email")) {
      AddIdentifier(event, IdentifierType::kEmail, charge.MaybeText("receipt_email"),
                    envelope.reading().settings.region);
    }
  }
  if (std::string invoice = charge.MaybeId("invoice"); !invoice.empty()) {
    event.fields.push_back({"invoice", std::move(invoice)});  // before 2025
  }
  events.push_back(std::move(event));
}

// X24: how the membership stands and how its payment stands are two things.
struct Standing {
  std::string_view theirs;
  std::string_view membership;
  std::string_view payment;
};
constexpr std::array<Standing, 8> kStandings{{{"trialing", "trial", "active"},
                                              {"active", "active", "active"},
                                              {"past_due", "active", "past_due"},
                                              {"unpaid", "active", "past_due"},
                                              {"incomplete", "active", "past_due"},
                                              {"incomplete_expired", "cancelled", "cancelled"},
                                              {"paused", "paused", "active"},
                                              {"canceled", "cancelled", "cancelled"}}};

Standing StandingOf(const JsonObject& envelope, const JsonObject& subscription) {
  const std::string status = subscription.Text("status");
  if (envelope.reading().type.ends_with(".deleted")) return {"canceled", "cancelled", "cancelled"};
  std::string known;
  for (const Standing& row : kStandings) {
    if (row.theirs == status) return row;
    known += known.empty() ? "" : ", ";
    known += row.theirs;
  }
  envelope.reading().Reject("unknown_value", subscription.PathOf("status"),
                            fmt::format("'{}'", status.substr(0, 40)), known);
  return {};
}

void SetTerm(const JsonObject& subscription, const JsonObject& item, MemberEvent& event) {
  const auto cancel_at = subscription.MaybeSeconds("cancel_at", TimeRule::kAny);
  auto period_end = subscription.MaybeSeconds("current_period_end", TimeRule::kAny);
  if (!period_end) period_end = item.MaybeSeconds("current_period_end", TimeRule::kAny);
  const auto ended_at = subscription.MaybeSeconds("ended_at", TimeRule::kHappened);
  const bool ends = ended_at || cancel_at || subscription.Flag("cancel_at_period_end");
  event.attributes.Set(AttributeId::auto_renews, !ends);
  if (const auto end = ended_at ? ended_at : cancel_at ? cancel_at : period_end) {
    event.attributes.Set(AttributeId::contract_end, *end);
  }
}

void DecodeSubscription(const JsonObject& envelope, const JsonObject& subscription,
                        Events& events) {
  MemberEvent event = StartEvent(envelope, subscription, "membership");
  event.kind = EventKind::membership_changed;
  event.customer_id = subscription.MaybeId("customer");
  Standing standing = StandingOf(envelope, subscription);
  // A studio freezes a member by pausing collection; Stripe still calls the subscription active.
  if (standing.membership == "active" && subscription.Find("pause_collection")) {
    standing.membership = "paused";
  }
  event.attributes.Set(AttributeId::status, std::string(standing.membership));
  event.attributes.Set(AttributeId::membership_status, std::string(standing.membership));
  event.attributes.Set(AttributeId::payment_status, std::string(standing.payment));
  const JsonObject item = subscription.MaybeObject("items").MaybeFirst("data");
  std::string plan = item.MaybeId("price");
  if (plan.empty()) plan = subscription.MaybeId("plan");
  SetText(event, AttributeId::plan, plan);
  SetTerm(subscription, item, event);
  events.push_back(std::move(event));
}

}  // namespace

std::span<const BodyType> StripeBodies() {
  static constexpr std::array<BodyType, 9> kBodies{{
      {"customer.created", "", DecodeCustomer},
      {"customer.updated", "", DecodeCustomer},
      {"invoice.paid", "", DecodeInvoicePaid},
      {"invoice.payment_failed", "", DecodeInvoiceFailed},
      {"charge.succeeded", "", DecodeCharge},
      {"charge.refunded", "", DecodeCharge},
      {"customer.subscription.created", "", DecodeSubscription},
      {"customer.subscription.updated", "", DecodeSubscription},
      {"customer.subscription.deleted", "", DecodeSubscription},
  }};
  return kBodies;
}

}  // namespace spotter::connect
