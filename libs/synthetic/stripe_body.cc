// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/assert.h"
#include "synthetic/bodies.h"

namespace spotter::synthetic {
namespace {

using model::AttributeId;
using model::EventKind;
using model::MemberEvent;

// The `object` of an event and its type, in the shape of API version 2020-08-27.
struct Object {
  std::string type;
  std::string json;
};

std::string RawOf(const MemberEvent& event, model::IdentifierType type) {
  for (const auto& identifier : event.identifiers) {
    if (identifier.type == type) return identifier.raw;
  }
  return "";
}

int64_t SecondsOf(EventTime time) { return time.ms / 1000; }

Object Customer(const MemberEvent& event) {
  const auto joined = event.attributes.TimeOf(AttributeId::joined_at).value_or(event.event_time);
  return {
      "customer.created",
      fmt::format(R"({{"id":"{}","object":"customer","address":null,"balance":0,"created":{},)"
                  R"("currency":"usd","delinquent":false,"description":null,"email":"{}",)"
                  R"("livemode":false,"metadata":{{}},"name":"{}","phone":"{}",)"
                  R"("preferred_locales":[],"shipping":null,"tax_exempt":"none"}})",
                  event.customer_id, SecondsOf(joined), RawOf(event, model::IdentifierType::kEmail),
                  RawOf(event, model::IdentifierType::kName),
                  RawOf(event, model::IdentifierType::kPhone))};
}

Object Subscription(const MemberEvent& event) {
  const bool cancelled = event.attributes.Text(AttributeId::membership_status) == "cancelled";
  const bool past_due = event.attributes.Text(AttributeId::payment_status) == "past_due";
  const int64_t at = SecondsOf(event.event_time);
  const auto end = event.attributes.TimeOf(AttributeId::contract_end).value_or(event.event_time);
  const std::string ended = cancelled ? fmt::format("{}", at) : "null";
  return {
      cancelled ? "customer.subscription.deleted" : "customer.subscription.updated",
      fmt::format(R"({{"id":"{0}","object":"subscription","billing_cycle_anchor":{1},)"
                  R"("cancel_at_period_end":false,"canceled_at":{2},)"
                  R"("collection_method":"charge_automatically","created":{1},)"
                  R"("current_period_end":{3},"current_period_start":{1},"customer":"{4}",)"
                  R"("ended_at":{2},"items":{{"object":"list","data":[{{"id":"si_{5}",)"
                  R"("object":"subscription_item","price":{{"id":"{6}","object":"price",)"
                  R"("currency":"usd","unit_amount":12900,"recurring":{{"interval":"month",)"
                  R"("interval_count":1}}}},"quantity":1}}],"has_more":false,"total_count":1}},)"
                  R"("livemode":false,"metadata":{{}},"plan":{{"id":"{6}","object":"plan",)"
                  R"("amount":12900,"currency":"usd","interval":"month"}},"quantity":1,)"
                  R"("start_date":{1},"status":"{7}","trial_end":null,"trial_start":null}})",
                  event.entity.id, at, ended, SecondsOf(end), event.customer_id,
                  event.entity.id.substr(4, 14), event.attributes.Text(AttributeId::plan),
                  cancelled  ? "canceled"
                  : past_due ? "past_due"
                             : "active")};
}

Object Invoice(const MemberEvent& event) {
  const bool failed = event.kind == EventKind::payment_failed;
  const int64_t amount = event.attributes.Int(AttributeId::amount_minor);
  const int64_t at = SecondsOf(event.event_time);
  return {failed ? "invoice.payment_failed" : "invoice.paid",
          fmt::format(R"({{"id":"{}","object":"invoice","amount_due":{},"amount_paid":{},)"
                      R"("amount_remaining":{},"attempt_count":1,"attempted":true,)"
                      R"("billing_reason":"subscription_cycle",)"
                      R"("collection_method":"charge_automatically","created":{},)"
                      R"("currency":"usd","customer":"{}","customer_email":null,)"
                      R"("livemode":false,"metadata":{{}},"paid":{},"status":"{}",)"
                      R"("status_transitions":{{"finalized_at":{},"paid_at":{}}},)"
                      R"("total":{}}})",
                      event.entity.id, amount, failed ? 0 : amount, failed ? amount : 0, at,
                      event.customer_id, !failed, failed ? "open" : "paid", at,
                      failed ? std::string("null") : fmt::format("{}", at), amount)};
}

Object Charge(const MemberEvent& event) {
  const int64_t amount = event.attributes.Int(AttributeId::amount_minor);
  const int64_t refunded = event.attributes.Int(AttributeId::refunded_minor);
  return {refunded > 0 ? "charge.refunded" : "charge.succeeded",
          fmt::format(R"({{"id":"{0}","object":"charge","amount":{1},"amount_captured":{1},)"
                      R"("amount_refunded":{2},"billing_details":{{"address":null,"email":null,)"
                      R"("name":null,"phone":null}},"captured":true,"created":{3},)"
                      R"("currency":"usd","customer":"{4}","description":"Subscription update",)"
                      R"("dispute":null,"disputed":false,"failure_code":null,"invoice":null,)"
                      R"("livemode":false,"metadata":{{}},"paid":true,"receipt_email":null,)"
                      R"("refunded":{5},"refunds":{{"object":"list","data":[],)"
                      R"("has_more":false,"total_count":0}},"status":"succeeded"}})",
                      event.entity.id, amount, refunded, SecondsOf(event.event_time),
                      event.customer_id, refunded == amount)};
}

}  // namespace

std::string StripeBody(const MemberEvent& event) {
  Object object;
  if (event.entity.type == "member") object = Customer(event);
  if (event.entity.type == "membership") object = Subscription(event);
  if (event.entity.type == "invoice") object = Invoice(event);
  if (event.entity.type == "payment") object = Charge(event);
  Assert(!object.json.empty(), "stripe sends customers, subscriptions, invoices and charges");
  return fmt::format(R"({{"id":"{}","object":"event","api_version":"2020-08-27","created":{},)"
                     R"("data":{{"object":{}}},"livemode":false,"pending_webhooks":1,)"
                     R"("request":{{"id":null,"idempotency_key":null}},"type":"{}"}})",
                     event.source_event_id, SecondsOf(event.event_time), object.json, object.type);
}

}  // namespace spotter::synthetic
