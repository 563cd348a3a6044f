// SPDX-License-Identifier: Apache-2.0
#include "connect/status_words.h"

#include <algorithm>
#include <span>

#include "profile/address_event.h"

namespace spotter::connect {
namespace {

using model::AttributeId;
using model::EventKind;
using Words = std::span<const std::string_view>;

struct Spelling {
  std::string_view theirs;
  std::string_view ours;
};
using Spellings = std::span<const Spelling>;

constexpr std::string_view kBooking[] = {"booked",      "completed", "no_show",
                                         "late_cancel", "cancelled", "refunded"};
constexpr Spelling kBookingSpellings[] = {
    {"accepted", "booked"},
    {"confirmed", "booked"},
    {"pending", "booked"},
    {"reserved", "booked"},
    {"scheduled", "booked"},
    {"attended", "completed"},
    {"checked_in", "completed"},
    {"present", "completed"},
    {"showed", "completed"},
    {"absent", "no_show"},
    {"missed", "no_show"},
    {"noshow", "no_show"},
    {"late_canceled", "late_cancel"},
    {"late_cancelled", "late_cancel"},
    {"late_cancellation", "late_cancel"},
    {"canceled", "cancelled"},
    {"declined", "cancelled"},
};

constexpr std::string_view kMoney[] = {"pending", "completed", "succeeded", "failed", "cancelled"};
constexpr Spelling kMoneySpellings[] = {
    {"approved", "pending"},   {"authorized", "pending"}, {"processing", "pending"},
    {"captured", "completed"}, {"complete", "completed"}, {"paid", "completed"},
    {"success", "succeeded"},  {"declined", "failed"},    {"rejected", "failed"},
    {"canceled", "cancelled"}, {"void", "cancelled"},     {"voided", "cancelled"},
};

constexpr std::string_view kDispute[] = {"open", "won", "lost"};
constexpr Spelling kDisputeSpellings[] = {
    {"needs_response", "open"},       {"under_review", "open"},  {"warning_needs_response", "open"},
    {"warning_under_review", "open"}, {"warning_closed", "won"},
};

constexpr std::string_view kInvoice[] = {"open", "paid", "payment_failed", "void"};
constexpr Spelling kInvoiceSpellings[] = {
    {"draft", "open"},
    {"sent", "open"},
    {"unpaid", "open"},
    {"failed", "payment_failed"},
    {"voided", "void"},
    {"cancelled", "void"},
    {"canceled", "void"},
    {"uncollectible", "void"},
    {"past_due", "payment_failed"},
};

constexpr std::string_view kMembership[] = {"trial", "active", "paused", "cancelled"};
constexpr Spelling kMembershipSpellings[] = {
    {"trialing", "trial"}, {"frozen", "paused"}, {"canceled", "cancelled"}};

constexpr std::string_view kPayment[] = {"active", "past_due", "cancelled"};
constexpr Spelling kPaymentSpellings[] = {{"canceled", "cancelled"}};

constexpr std::string_view kConsent[] = {"granted", "denied"};
constexpr Spelling kConsentSpellings[] = {
    {"opted_in", "granted"},    {"subscribed", "granted"}, {"opted_out", "denied"},
    {"unsubscribed", "denied"}, {"revoked", "denied"},     {"withdrawn", "denied"},
};

// By entity type; of the other types a status is free text.
struct Vocabulary {
  std::string_view type;
  std::string_view path;
  Words words;
  Spellings spellings;
};
constexpr Vocabulary kStatuses[] = {
    {"booking", "attributes.status of a booking", kBooking, kBookingSpellings},
    {"attendance", "attributes.status of an attendance", kBooking, kBookingSpellings},
    {"payment", "attributes.status of a payment", kMoney, kMoneySpellings},
    {"refund", "attributes.status of a refund", kMoney, kMoneySpellings},
    {"dispute", "attributes.status of a dispute", kDispute, kDisputeSpellings},
    {"invoice", "attributes.status of an invoice", kInvoice, kInvoiceSpellings},
};

// "No-Show" -> "no_show"
std::string Plain(std::string_view word) {
  std::string plain(word);
  for (char& c : plain) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == '-' || c == ' ') c = '_';
  }
  return plain;
}

std::optional<Rejection> Unknown(std::string_view path, std::string_view found, Words known) {
  return Rejection{"unknown_value", fmt::format("{}: found '{}', expected {}", path,
                                                found.substr(0, 40), fmt::join(known, ", "))};
}

std::optional<Rejection> MakeOurs(model::MemberEvent& event, AttributeId id, std::string_view path,
                                  Words words, Spellings spellings) {
  const std::string_view given = event.attributes.Text(id);
  if (given.empty() || std::find(words.begin(), words.end(), given) != words.end()) {
    return std::nullopt;
  }
  const std::string plain = Plain(given);
  // An attendance has a word of its own for "completed"; the fold reads it.
  if (event.kind == EventKind::attendance && plain == "checked_in") {
    event.attributes.Set(id, plain);
    return std::nullopt;
  }
  std::string_view ours = plain;
  for (const Spelling& spelling : spellings) {
    if (spelling.theirs == plain) ours = spelling.ours;
  }
  if (std::find(words.begin(), words.end(), ours) == words.end()) {
    return Unknown(path, given, words);
  }
  event.attributes.Set(id, std::string(ours));
  return std::nullopt;
}

constexpr std::string_view kBookingTypes[] = {"booking"};
constexpr std::string_view kAttendanceTypes[] = {"booking", "attendance"};
constexpr std::string_view kPurchaseTypes[] = {"payment"};
constexpr std::string_view kFailureTypes[] = {"payment", "invoice"};
constexpr std::string_view kRefundTypes[] = {"refund", "payment"};
constexpr std::string_view kDisputeTypes[] = {"dispute"};
constexpr std::string_view kInvoiceTypes[] = {"invoice"};

// The entity types that a kind counts on; empty: it may be about anything.
Words TypesOf(EventKind kind) {
  switch (kind) {
    case EventKind::booking_created:
    case EventKind::booking_changed:
    case EventKind::booking_cancelled:
      return kBookingTypes;
    case EventKind::attendance:
      return kAttendanceTypes;
    case EventKind::purchase:
      return kPurchaseTypes;
    case EventKind::payment_failed:
      return kFailureTypes;
    case EventKind::refund:
      return kRefundTypes;
    case EventKind::dispute:
      return kDisputeTypes;
    case EventKind::invoice_changed:
      return kInvoiceTypes;
    default:
      return {};
  }
}

}  // namespace

std::optional<Rejection> MakeWordsOurs(model::MemberEvent& event) {
  const std::string_view type = profile::AddressOf(event).type;
  const Words types = TypesOf(event.kind);
  if (!types.empty() && std::find(types.begin(), types.end(), type) == types.end()) {
    return Unknown(fmt::format("entity.type of kind {}", NameOf(event.kind)), type, types);
  }
  for (const Vocabulary& vocabulary : kStatuses) {
    if (vocabulary.type != type) continue;
    if (auto refused = MakeOurs(event, AttributeId::status, vocabulary.path, vocabulary.words,
                                vocabulary.spellings)) {
      return refused;
    }
  }
  if (auto refused = MakeOurs(event, AttributeId::membership_status, "attributes.membership_status",
                              kMembership, kMembershipSpellings)) {
    return refused;
  }
  if (auto refused = MakeOurs(event, AttributeId::payment_status, "attributes.payment_status",
                              kPayment, kPaymentSpellings)) {
    return refused;
  }
  return MakeOurs(event, AttributeId::consent_state, "attributes.consent_state", kConsent,
                  kConsentSpellings);
}

}  // namespace spotter::connect
