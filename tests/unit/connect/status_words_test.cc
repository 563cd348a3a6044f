// SPDX-License-Identifier: Apache-2.0
//
// What a source's words count as.
// mission: C13 X4
#include "connect/status_words.h"

#include <gtest/gtest.h>

namespace spotter::connect {
namespace {

using model::AttributeId;
using K = model::EventKind;

model::MemberEvent MakeEvent(K kind, std::string type, std::string status) {
  model::MemberEvent event;
  event.source_event_id = "e1";
  event.kind = kind;
  if (!type.empty()) event.entity = {.type = std::move(type), .id = "x1"};
  if (!status.empty()) event.attributes.Set(AttributeId::status, std::move(status));
  return event;
}

TEST(MakeWordsOurs, TakesTheUsualSpellings) {
  const struct {
    K kind;
    std::string type;
    std::string given;
    std::string expected;
  } cases[] = {
      {K::attendance, "booking", "completed", "completed"},
      {K::attendance, "booking", "attended", "completed"},
      {K::attendance, "booking", "NO_SHOW", "no_show"},
      {K::attendance, "booking", "no-show", "no_show"},
      {K::attendance, "booking", "No Show", "no_show"},
      {K::attendance, "", "Late-Cancelled", "late_cancel"},
      {K::booking_created, "", "CONFIRMED", "booked"},
      {K::booking_cancelled, "booking", "canceled", "cancelled"},
      {K::booking_created, "booking", "", ""},
      {K::purchase, "payment", "paid", "completed"},
      {K::payment_failed, "payment", "declined", "failed"},
      {K::payment_failed, "invoice", "failed", "payment_failed"},
      {K::refund, "refund", "COMPLETED", "completed"},
      {K::dispute, "dispute", "under_review", "open"},
      {K::consultation, "consultation", "as they like", "as they like"},
      {K::web_or_app_event, "kiosk_ping", "Banana", "Banana"},
  };
  for (const auto& [kind, type, given, expected] : cases) {
    model::MemberEvent event = MakeEvent(kind, type, given);
    const auto refused = MakeWordsOurs(event);
    EXPECT_FALSE(refused.has_value()) << type << ' ' << given << ": " << refused->detail;
    EXPECT_EQ(expected, event.attributes.Text(AttributeId::status)) << type << ' ' << given;
  }
}

TEST(MakeWordsOurs, RefusesWhatWouldCountAsSomethingElse) {
  const struct {
    K kind;
    std::string type;
    std::string given;
    std::string detail;
  } cases[] = {
      {K::attendance, "booking", "banana",
       "attributes.status of a booking: found 'banana', expected booked, completed, no_show, "
       "late_cancel, cancelled, refunded"},
      {K::attendance, "class_booking", "completed",
       "entity.type of kind attendance: found 'class_booking', expected booking, attendance"},
      {K::purchase, "sale", "", "entity.type of kind purchase: found 'sale', expected payment"},
      {K::dispute, "dispute", "gone",
       "attributes.status of a dispute: found 'gone', expected open, won, lost"},
  };
  for (const auto& [kind, type, given, detail] : cases) {
    model::MemberEvent event = MakeEvent(kind, type, given);
    const auto refused = MakeWordsOurs(event);
    ASSERT_TRUE(refused.has_value()) << type << ' ' << given;
    EXPECT_EQ("unknown_value", refused->reason);
    EXPECT_EQ(detail, refused->detail);
  }
}

// A denial that is not understood would leave an earlier grant standing.
TEST(MakeWordsOurs, ReadsConsentStrictly) {
  model::MemberEvent event = MakeEvent(K::consent_changed, "consent", "");
  event.attributes.Set(AttributeId::consent_state, std::string("Opted-Out"));
  EXPECT_FALSE(MakeWordsOurs(event).has_value());
  EXPECT_EQ("denied", event.attributes.Text(AttributeId::consent_state));
  event.attributes.Set(AttributeId::consent_state, std::string("perhaps"));
  EXPECT_EQ("attributes.consent_state: found 'perhaps', expected granted, denied",
            MakeWordsOurs(event)->detail);
}

}  // namespace
}  // namespace spotter::connect
