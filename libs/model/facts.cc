// SPDX-License-Identifier: Apache-2.0
//
// What an entity counts as: the ledger of X4 and X26, and the table from entity types to facts.
#include "model/entity.h"

namespace spotter::model {
namespace {

using A = AttributeId;

struct Ledger {
  const Entity& entity;
  std::vector<Fact>& facts;

  std::string_view status() const { return entity.attributes.Text(A::status); }
  void Add(FactKind kind, EventTime time, int64_t amount = 0) const {
    const uint32_t currency = amount == 0 ? 0 : PackCurrency(entity.attributes.Text(A::currency));
    facts.push_back({kind, time, entity.id, amount, currency});
  }
};

// When it happened rather than when it was recorded: a class is visited or missed at its start.
EventTime HappenedAt(const Entity& entity) {
  return entity.attributes.TimeOf(A::class_start).value_or(SetAt(entity, A::status));
}

void AddBooking(const Ledger& ledger) {
  const Entity& entity = ledger.entity;
  const std::string_view status = ledger.status();
  const bool fee_kept = entity.attributes.Flag(A::fee_kept);
  const bool cancelled = status == "cancelled" || status == "late_cancel";
  if (status != "refunded" && (!cancelled || fee_kept)) {
    ledger.Add(FactKind::booking, entity.time);
  }
  if (status == "completed") ledger.Add(FactKind::visit, HappenedAt(entity));
  if (status == "no_show") ledger.Add(FactKind::no_show, HappenedAt(entity));
  if (status == "late_cancel") ledger.Add(FactKind::late_cancel, HappenedAt(entity));
  if (status == "cancelled" || status == "refunded") {
    ledger.Add(FactKind::cancellation, SetAt(entity, A::status));
  }
}

// A check-in that belongs to no booking.
void AddAttendance(const Ledger& ledger) {
  const std::string_view status = ledger.status();
  if (status == "completed") ledger.Add(FactKind::visit, HappenedAt(ledger.entity));
  if (status == "no_show") ledger.Add(FactKind::no_show, HappenedAt(ledger.entity));
  if (status == "late_cancel") ledger.Add(FactKind::late_cancel, HappenedAt(ledger.entity));
}

int64_t Amount(const Entity& entity, AttributeId id) { return entity.attributes.Int(id); }
int64_t Negative(int64_t amount) { return amount > 0 ? -amount : amount; }

void AddPayment(const Ledger& ledger) {
  const Entity& entity = ledger.entity;
  const std::string_view status = ledger.status();
  if (status == "completed" || status == "succeeded") {
    ledger.Add(FactKind::purchase, entity.time, Amount(entity, A::amount_minor));
    const int64_t refunded = Amount(entity, A::refunded_minor);
    if (refunded > 0) {
      ledger.Add(FactKind::refund, SetAt(entity, A::refunded_minor), -refunded);
    }
  }
  if (status == "failed") ledger.Add(FactKind::payment_failed, SetAt(entity, A::status));
}

void AddRefund(const Ledger& ledger) {
  if (ledger.status() != "completed" && ledger.status() != "succeeded") return;
  ledger.Add(FactKind::refund, ledger.entity.time,
             Negative(Amount(ledger.entity, A::amount_minor)));
}

// A dispute takes the money when it is lost; until then it is only known of.
void AddDispute(const Ledger& ledger) {
  if (ledger.status() != "lost") return;
  ledger.Add(FactKind::dispute, SetAt(ledger.entity, A::status),
             Negative(Amount(ledger.entity, A::amount_minor)));
}

// An invoice asks for money; the payment that settles it is its own entity and is what counts.
void AddInvoice(const Ledger& ledger) {
  if (ledger.status() == "payment_failed") {
    ledger.Add(FactKind::payment_failed, SetAt(ledger.entity, A::status));
  }
  ledger.Add(FactKind::invoice, ledger.entity.time);
}

void AddScan(const Ledger& ledger) {
  const Scalar* granted = ledger.entity.attributes.Find(A::granted);
  if (granted == nullptr || *granted != Scalar(false)) {
    ledger.Add(FactKind::scan, ledger.entity.time);
  }
}

void AddMember(const Ledger& ledger) {
  const Entity& entity = ledger.entity;
  ledger.Add(FactKind::signup, entity.attributes.TimeOf(A::joined_at).value_or(entity.time));
}

struct Rule {
  std::string_view type;
  void (*add)(const Ledger&);  // nullptr: one fact of `kind` at the entity's time
  FactKind kind;
  bool is_lasting;  // describes the member as she is, not something that once happened
};

constexpr Rule kRules[] = {
    {"booking", AddBooking, FactKind::booking, false},
    {"payment", AddPayment, FactKind::purchase, false},
    {"attendance", AddAttendance, FactKind::visit, false},
    {"scan", AddScan, FactKind::scan, false},
    {"member", AddMember, FactKind::signup, true},
    {"invoice", AddInvoice, FactKind::invoice, false},
    {"refund", AddRefund, FactKind::refund, false},
    {"dispute", AddDispute, FactKind::dispute, false},
    {"membership", nullptr, FactKind::membership, true},
    {"payment_method", nullptr, FactKind::payment_method, true},
    {"pack", nullptr, FactKind::session_pack, true},
    {"consultation", nullptr, FactKind::consultation, false},
    {"form", nullptr, FactKind::intake_form, true},
    {"assessment", nullptr, FactKind::assessment, false},
    {"workout", nullptr, FactKind::workout, false},
    {"block", nullptr, FactKind::block, true},
    {"goal", nullptr, FactKind::goal, true},
    {"checkin", nullptr, FactKind::checkin_form, false},
    {"consent", nullptr, FactKind::consent, true},
    {"message", nullptr, FactKind::message_in, false},
    {"outcome", nullptr, FactKind::message_outcome, false},
    {"offer", nullptr, FactKind::offer_redeemed, false},
    {"web", nullptr, FactKind::app_event, false},
    {"note", nullptr, FactKind::staff_note, false},
    {"tag", nullptr, FactKind::tag, true},
    {"class", nullptr, FactKind::class_change, false},
    {"lead", nullptr, FactKind::lead, true},
    {"referral", nullptr, FactKind::referral, true},
    {"waitlist", nullptr, FactKind::waitlist, false},
};

const Rule* FindRule(std::string_view type) {
  for (const Rule& rule : kRules) {
    if (rule.type == type) return &rule;
  }
  return nullptr;
}

}  // namespace

bool IsLifetime(FactKind kind) {
  return kind == FactKind::visit || kind == FactKind::booking || kind == FactKind::purchase ||
         kind == FactKind::refund || kind == FactKind::dispute;
}

bool IsLasting(std::string_view entity_type) {
  const Rule* rule = FindRule(entity_type);
  return rule != nullptr && rule->is_lasting;
}

void FactsOf(const Entity& entity, std::vector<Fact>& facts) {
  const Rule* rule = FindRule(entity.type);
  if (rule == nullptr) return;  // a type of a tenant's own: kept, never counted
  const Ledger ledger{entity, facts};
  if (rule->add == nullptr) {
    ledger.Add(rule->kind, entity.time);
  } else {
    rule->add(ledger);
  }
}

}  // namespace spotter::model
