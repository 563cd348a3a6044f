// SPDX-License-Identifier: Apache-2.0
//
// What an entity counts as. mission: D6 D10 D11 X4 X26 B19
#include <gtest/gtest.h>

#include "model/entity.h"
#include "model/timeline.h"

namespace spotter::model {
namespace {

using A = AttributeId;
using std::string_literals::operator""s;

constexpr EventTime kBooked{1'000};
constexpr EventTime kChanged{2'000};
constexpr EventTime kClass{9'000};

std::string Print(const std::vector<Fact>& facts) {
  std::string text;
  for (const Fact& fact : facts) {
    if (!text.empty()) text += ' ';
    text += fmt::format("{}@{}", NameOf(fact.kind), fact.time.ms);
    if (fact.amount_minor != 0) {
      text += fmt::format("={}{}", fact.amount_minor, UnpackCurrency(fact.currency));
    }
  }
  return text;
}

std::string FactsText(std::string type, AttributeSet attributes) {
  Entity entity;
  entity.id = 1;
  entity.type = std::move(type);
  entity.time = kBooked;
  entity.changed_at = kChanged;
  entity.attributes = std::move(attributes);
  std::vector<Fact> facts;
  FactsOf(entity, facts);
  return Print(facts);
}

TEST(FactsOf, ABooking) {
  const struct {
    std::string status;
    bool has_start;
    bool fee_kept;
    std::string expected;
  } cases[] = {
      // status     start  fee    facts
      {"", true, false, "booking@1000"},
      {"booked", true, false, "booking@1000"},
      {"completed", true, false, "booking@1000 visit@9000"},
      {"completed", false, false, "booking@1000 visit@2000"},
      {"no_show", true, false, "booking@1000 no_show@9000"},
      {"no_show", true, true, "booking@1000 no_show@9000"},
      {"late_cancel", true, false, "late_cancel@9000"},
      {"late_cancel", true, true, "booking@1000 late_cancel@9000"},
      {"cancelled", true, false, "cancellation@2000"},
      {"cancelled", true, true, "booking@1000 cancellation@2000"},
      {"refunded", true, false, "cancellation@2000"},
      {"refunded", true, true, "cancellation@2000"},
  };
  for (const auto& [status, has_start, fee_kept, expected] : cases) {
    AttributeSet attributes;
    if (!status.empty()) attributes.Set(A::status, status);
    if (has_start) attributes.Set(A::class_start, kClass);
    if (fee_kept) attributes.Set(A::fee_kept, true);
    EXPECT_EQ(FactsText("booking", attributes), expected) << status << fee_kept;
  }
}

TEST(FactsOf, Money) {
  const AttributeSet paid{{A::amount_minor, int64_t{5000}}, {A::currency, "usd"s}};
  const struct {
    std::string type;
    std::string status;
    int64_t refunded;
    std::string expected;
  } cases[] = {
      {"payment", "completed", 0, "purchase@1000=5000USD"},
      {"payment", "succeeded", 0, "purchase@1000=5000USD"},
      {"payment", "completed", 1500, "purchase@1000=5000USD refund@2000=-1500USD"},
      {"payment", "pending", 0, ""},
      {"payment", "", 0, ""},
      {"payment", "failed", 0, "payment_failed@2000"},
      {"refund", "completed", 0, "refund@1000=-5000USD"},
      {"refund", "pending", 0, ""},
      {"dispute", "open", 0, ""},
      {"dispute", "won", 0, ""},
      {"dispute", "lost", 0, "dispute@2000=-5000USD"},
      {"invoice", "paid", 0, "invoice@1000"},
      {"invoice", "payment_failed", 0, "payment_failed@2000 invoice@1000"},
  };
  for (const auto& [type, status, refunded, expected] : cases) {
    AttributeSet attributes = paid;
    if (!status.empty()) attributes.Set(A::status, status);
    if (refunded != 0) attributes.Set(A::refunded_minor, refunded);
    EXPECT_EQ(FactsText(type, attributes), expected) << type << ' ' << status;
  }
}

TEST(FactsOf, TheRest) {
  const struct {
    std::string type;
    AttributeSet attributes;
    std::string expected;
  } cases[] = {
      {"attendance", {{A::status, "completed"s}}, "visit@2000"},
      {"attendance", {{A::status, "no_show"s}}, "no_show@2000"},
      {"scan", {}, "scan@1000"},
      {"scan", {{A::granted, true}}, "scan@1000"},
      {"scan", {{A::granted, false}}, ""},
      {"member", {}, "signup@1000"},
      {"member", {{A::joined_at, EventTime{500}}}, "signup@500"},
      {"membership", {{A::membership_status, "active"s}}, "membership@1000"},
      {"pack", {}, "session_pack@1000"},
      {"consultation", {{A::status, "set"s}}, "consultation@1000"},
      {"web", {}, "app_event@1000"},
      {"lead", {}, "lead@1000"},
      {"kiosk_ping", {}, ""},
  };
  for (const auto& [type, attributes, expected] : cases) {
    EXPECT_EQ(FactsText(type, attributes), expected) << type;
  }
}

// --- the ledger over time -------------------------------------------------------------------

Entity Payment(uint64_t id, std::string status, int64_t amount, std::string currency = "USD",
               int64_t refunded = 0) {
  Entity entity{.id = id, .time = kBooked, .changed_at = kChanged, .type = "payment"};
  entity.attributes = {{A::status, std::move(status)},
                       {A::amount_minor, amount},
                       {A::currency, std::move(currency)},
                       {A::refunded_minor, refunded}};
  return entity;
}

std::string Spend(const Timeline& timeline) {
  Totals spend = timeline.TotalsOf(FactKind::purchase);
  spend.Merge(timeline.TotalsOf(FactKind::refund));
  spend.Merge(timeline.TotalsOf(FactKind::dispute));
  std::string text;
  for (const auto& [currency, minor] : spend.sums) {
    text += fmt::format("{}{} ", minor, UnpackCurrency(currency));
  }
  return text;
}

TEST(LifetimeSpend, IsASignedLedgerPerCurrency) {  // mission: X4 D11
  Timeline timeline;
  timeline.Put(Payment(1, "completed", 5000));
  timeline.Put(Payment(2, "completed", 3000, "EUR"));
  timeline.Put(Payment(3, "pending", 7000));
  EXPECT_EQ(Spend(timeline), "3000EUR 5000USD ");
  timeline.Put(Payment(1, "completed", 5000, "USD", 2000));  // partly refunded
  EXPECT_EQ(Spend(timeline), "3000EUR 3000USD ");
  timeline.Put(Payment(1, "completed", 5000, "USD", 5000));  // and now whole
  EXPECT_EQ(Spend(timeline), "3000EUR 0USD ");
  Entity dispute = Payment(4, "lost", 3000, "EUR");
  dispute.type = "dispute";
  timeline.Put(dispute);
  EXPECT_EQ(Spend(timeline), "0EUR 0USD ");
}

TEST(TotalBookings, FallWithARefundAndKeepAKeptNoShow) {  // mission: X26 D11
  Timeline timeline;
  const auto put = [&](uint64_t id, std::string status, bool fee_kept) {
    Entity entity{.id = id, .time = kBooked, .changed_at = kChanged, .type = "booking"};
    entity.attributes = {{A::status, std::move(status)}, {A::fee_kept, fee_kept}};
    timeline.Put(entity);
    return timeline.TotalsOf(FactKind::booking).count;
  };
  EXPECT_EQ(put(1, "completed", false), 1);
  EXPECT_EQ(put(2, "no_show", true), 2);
  EXPECT_EQ(put(3, "cancelled", false), 2);  // in neither count nor spend
  EXPECT_EQ(put(4, "cancelled", true), 3);   // the money was kept
  EXPECT_EQ(put(1, "refunded", false), 2);
}

}  // namespace
}  // namespace spotter::model
