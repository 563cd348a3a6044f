// SPDX-License-Identifier: Apache-2.0
#include "synthetic/pay.h"

#include <algorithm>

namespace spotter::synthetic {
namespace {

using model::AttributeId;
using model::EventKind;

constexpr Duration kBillingPeriod = Days(30);

// Stripe tells whole seconds and no versions; a change is later than a creation of the same second
// and a deletion later than both, as connect reads it.
void SetRank(model::MemberEvent& event, int64_t rank) {
  event.entity.update_time = event.event_time + Duration(rank);
}

void SetMoney(model::MemberEvent& event, int64_t amount_minor, std::string_view status) {
  event.attributes.Set(AttributeId::amount_minor, amount_minor);
  event.attributes.Set(AttributeId::currency, std::string("USD"));
  event.attributes.Set(AttributeId::status, std::string(status));
}

struct Account {
  const Member& member;
  Recorder& out;
  std::string subscription;
};

// A cancelled subscription has ended; the others are paid up to the next bill and go on.
void ChangeSubscription(Account& account, EventTime at, std::string_view membership,
                        std::string_view payment) {
  const bool cancelled = membership == "cancelled";
  auto& event = account.out.Add(kStripe, EventKind::membership_changed, at,
                                {"membership", account.subscription, 0});
  event.attributes = {{AttributeId::membership_status, std::string(membership)},
                      {AttributeId::payment_status, std::string(payment)},
                      {AttributeId::status, std::string(membership)},
                      {AttributeId::plan, std::string("price_monthlyunlimited00")},
                      {AttributeId::contract_end, cancelled ? at : at + kBillingPeriod},
                      {AttributeId::auto_renews, !cancelled}};
  SetRank(event, cancelled ? 2 : 1);
}

std::string Charge(Account& account, EventTime at) {
  std::string id = "ch_" + account.out.NewId("charge").substr(0, 24);
  auto& event = account.out.Add(kStripe, EventKind::purchase, at, {"payment", id, 0});
  SetMoney(event, kMonthlyFeeMinor, "completed");
  event.attributes.Set(AttributeId::refunded_minor, int64_t{0});
  return id;
}

void SettleInvoice(Account& account, EventTime at, const std::string& invoice, bool paid) {
  auto& event =
      account.out.Add(kStripe, paid ? EventKind::invoice_changed : EventKind::payment_failed, at,
                      {"invoice", invoice, 0});
  SetMoney(event, kMonthlyFeeMinor, paid ? "paid" : "payment_failed");
  event.attributes.Set(AttributeId::payment_status, std::string(paid ? "active" : "past_due"));
  SetRank(event, paid ? 1 : 0);
}

void RefundCharge(Account& account, EventTime at, const std::string& charge) {
  auto& event = account.out.Add(kStripe, EventKind::purchase, at, {"payment", charge, 0});
  SetMoney(event, kMonthlyFeeMinor, "completed");
  event.attributes.Set(AttributeId::refunded_minor, kMonthlyFeeMinor);
  SetRank(event, 1);
}

// One month's bill. False: it was never paid, and the subscription has ended.
bool Bill(Account& account, EventTime at, Random& random) {
  const std::string invoice = "in_" + account.out.NewId("invoice").substr(0, 24);
  EventTime paid_at = at;
  if (random.Chance(0.05)) {
    SettleInvoice(account, at, invoice, false);
    ChangeSubscription(account, at + Seconds(5), "active", "past_due");
    if (random.Chance(0.25)) {
      ChangeSubscription(account, at + Days(10), "cancelled", "cancelled");
      return false;
    }
    paid_at = at + Days(3);
    ChangeSubscription(account, paid_at + Seconds(5), "active", "active");
  }
  const std::string charge = Charge(account, paid_at);
  SettleInvoice(account, paid_at + Seconds(2), invoice, true);
  if (random.Chance(0.01)) RefundCharge(account, paid_at + Days(random.Between(1, 5)), charge);
  return true;
}

}  // namespace

void Pay(const Options& options, const Member& member, Recorder& out) {
  if (!member.subscriber) return;
  Random random = RandomOf(options, member.number, "pay");
  const EventTime end = options.start + Days(options.days);
  // Existing accounts are handed over once the visits are, so that nobody seems to be at risk.
  const EventTime known = member.existing
                              ? options.start + Hours(1) + Seconds(random.Between(0, 600))
                              : member.joined + Hours(random.Between(1, 60));
  auto& customer =
      out.Add(kStripe, EventKind::member_created, known, {"member", member.stripe_id, 0});
  customer.attributes = {{AttributeId::given_name, member.given_name},
                         {AttributeId::family_name, member.family_name},
                         {AttributeId::joined_at, member.existing ? member.joined : known}};
  out.AddIdentifiers(customer);

  Account account{member, out, "sub_" + out.NewId("subscription").substr(0, 24)};
  ChangeSubscription(account, known + Seconds(120), "active", "active");

  EventTime cancels = EventTime::Max();
  const bool faded = member.fades_on_day != kNever && member.returns_on_day == kNever;
  if (random.Chance(faded ? 0.33 : 0.02)) {
    const int after = faded ? member.fades_on_day : 0;
    cancels = options.start + Days(after + random.Between(25, 45)) + Hours(random.Between(8, 20));
    cancels = std::max(cancels, known + Days(7));
  }
  EventTime due = known + Seconds(150);
  if (member.existing)
    due = options.start + Days(random.Between(1, 29)) + Hours(random.Between(2, 22));
  for (; due < std::min(end, cancels); due = due + kBillingPeriod) {
    if (!Bill(account, due, random)) return;
  }
  if (cancels < end) ChangeSubscription(account, cancels, "cancelled", "cancelled");
}

void PayForVisit(Random& random, Recorder& out, EventTime at) {
  const std::string id = "sqp" + out.NewId("payment");
  const std::string order = "sqo" + out.NewId("order").substr(0, 22);
  auto& created = out.Add(kSquare, EventKind::purchase, at, {"payment", id, 0});
  SetMoney(created, kDropInMinor, "pending");
  created.attributes.Set(AttributeId::order_id, order);
  auto& completed = out.Add(kSquare, EventKind::purchase, at + Seconds(2), {"payment", id, 0});
  SetMoney(completed, kDropInMinor, "completed");
  completed.attributes.Set(AttributeId::order_id, order);
  if (!random.Chance(0.03)) return;

  const std::string refund = id + "_" + out.NewId("refund").substr(0, 20);
  const EventTime refunded_at = at + Hours(random.Between(20, 50));
  for (const std::string_view status : {"pending", "completed"}) {
    const bool pending = status == "pending";
    auto& event = out.Add(kSquare, EventKind::refund, refunded_at + Seconds(pending ? 0 : 30),
                          {"refund", refund, 0});
    event.customer_id.clear();  // Square's refunds name their payment and nobody else
    SetMoney(event, kDropInMinor, status);
    event.attributes.Set(AttributeId::payment_id, id);
    event.attributes.Set(AttributeId::order_id, order);
  }
}

}  // namespace spotter::synthetic
