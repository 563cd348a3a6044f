// SPDX-License-Identifier: Apache-2.0
#include "connect/canonical_event.h"

#include <gtest/gtest.h>

#include <functional>

#include "unit/connect/print_event.h"

namespace spotter::connect {
namespace {

using model::AttributeId;
using model::IdentifierType;
using model::MemberEvent;

MemberEvent Purchase() {
  MemberEvent event;
  event.source = "pos";
  event.source_event_id = "e1";
  event.kind = model::EventKind::purchase;
  event.event_time = *ParseTime("2026-03-05T16:52:10Z");
  event.entity = {.type = "payment", .id = "p1"};
  event.customer_id = "c1";
  return event;
}

TEST(Canonicalize, CompletesAnEvent) {
  MemberEvent event = Purchase();
  event.tenant = model::TenantId("someone-else");  // the body never decides
  event.identifiers = {{IdentifierType::kPhone, "415-555-2671", "made up", 0},
                       {IdentifierType::kPhone, "+14155552671", "", 0},
                       {IdentifierType::kEmail, "nonsense", "", 0},
                       {IdentifierType::kEmail, "nonsense", "", 0},
                       {IdentifierType::kEmail, "", "Ana@Example.com", 0}};
  event.fields = {{"z", true}, {"a", int64_t{1}}};
  event.attributes.Set(AttributeId::currency, std::string("usd"));
  ASSERT_TRUE(Canonicalize(event, TestSettings()).ok());
  EXPECT_EQ(event.tenant, model::TenantId("studio"));
  EXPECT_EQ(PrintEvent(event),
            "pos e1 purchase 2026-03-05T16:52:10.000Z\n"
            "  payment p1 version 0 updated 1970-01-01T00:00:00.000Z\n"
            "  customer c1\n"
            "  phone '415-555-2671' = '+14155552671'\n"  // C13: the duplicate is gone
            "  email 'nonsense' = ''\n"
            "  email 'Ana@Example.com' = 'ana@example.com'\n"
            "  .currency USD\n"
            "  +a 1\n"
            "  +z true\n");
  MemberEvent again = event;
  ASSERT_TRUE(Canonicalize(again, TestSettings()).ok());
  EXPECT_EQ(again, event);
}

TEST(Canonicalize, SaysWhatIsWrong) {
  const struct {
    std::function<void(MemberEvent&)> spoil;
    std::string reason;
    std::string detail;
  } cases[] = {
      {[](auto& e) { e.source = ""; }, "bad_source", "source: expected 1 to 64 of [a-z0-9._-]"},
      {[](auto& e) { e.source = "POS 1"; }, "bad_source",
       "source: expected 1 to 64 of [a-z0-9._-]"},
      {[](auto& e) { e.kind = {}; }, "unknown_kind",
       "kind: expected a kind of spotter.v1.EventKind"},
      {[](auto& e) { e.source_event_id = ""; }, "missing_field",
       "source_event_id: expected an id unique within the source"},
      {[](auto& e) { e.source_event_id = std::string(257, 'x'); }, "too_long",
       "source_event_id: found 257 bytes, expected at most 256"},
      {[](auto& e) { e.entity.type = ""; }, "missing_field",
       "entity.type: expected the type of entity.id"},
      {[](auto& e) { e.entity.version = -1; }, "out_of_range",
       "entity.version: found -1, expected 0 or more"},
      {[](auto& e) { e.customer_id = "", e.entity = {}; }, "no_member",
       "expected a customer_id, an identifier or an entity to find the member by"},
      {[](auto& e) { e.customer_id = "\xff"; }, "invalid_utf8",
       "customer_id: found bytes that are not UTF-8"},
      {[](auto& e) { e.site = std::string("a\0b", 3); }, "bad_text",
       "site: found a NUL character, expected text"},
      {[](auto& e) { e.event_time = {}; }, "missing_field",
       "event_time: expected when it happened"},
      {[](auto& e) { e.event_time = *ParseTime("1900-01-01T00:00:00Z"); }, "bad_time",
       "event_time: found 1900-01-01T00:00:00.000Z, expected an instant from 1990 to 24 h after "
       "receipt"},
      {[](auto& e) { e.event_time = *ParseTime("2999-01-01T00:00:00Z"); }, "bad_time",
       "event_time: found 2999-01-01T00:00:00.000Z, expected an instant from 1990 to 24 h after "
       "receipt"},
      {[](auto& e) { e.event_time = {1772463845}; }, "bad_time",  // seconds for milliseconds
       "event_time: found 1970-01-21T12:21:03.845Z, expected an instant from 1990 to 24 h after "
       "receipt"},
      {[](auto& e) { e.entity.update_time = *ParseTime("2026-11-24T00:00:00Z"); }, "bad_time",
       "entity.update_time: found 2026-11-24T00:00:00.000Z, expected an instant from 1990 to 24 h "
       "after receipt"},
      {[](auto& e) { e.attributes.Set(AttributeId::class_start, EventTime{0}); }, "bad_time",
       "attributes.class_start: found 1970-01-01T00:00:00.000Z, expected an instant from 1990 to "
       "10 years after receipt"},
      {[](auto& e) { e.attributes.Set(AttributeId::payment_status, std::string("late")); },
       "unknown_value",
       "attributes.payment_status: found 'late', expected active, past_due, cancelled"},
      {[](auto& e) { e.attributes.Set(AttributeId::membership_status, std::string("lapsed")); },
       "unknown_value",
       "attributes.membership_status: found 'lapsed', expected trial, active, paused, cancelled"},
      {[](auto& e) { e.attributes.Set(AttributeId::currency, std::string("$")); }, "bad_currency",
       "attributes.currency: expected three letters of ISO 4217"},
      {[](auto& e) { e.attributes.Set(AttributeId::text, std::string(8193, 'x')); }, "too_long",
       "attributes.text: found 8193 bytes, expected at most 8192"},
      {[](auto& e) {
         e.fields = {{"a", true}, {"b", true}, {"a", false}};
       },
       "duplicate_field", "fields: found 'a' twice, expected each name once"},
      {[](auto& e) {
         e.fields = {{"", true}};
       },
       "missing_field", "fields.name: expected a name"},
      {[](auto& e) {
         e.fields.resize(65, {"a", true});
       },
       "too_many", "fields: found 65, expected at most 64"},
      {[](auto& e) {
         e.identifiers.resize(17, {IdentifierType::kEmail, "a@b.cd", "", 0});
       },
       "too_many", "identifiers: found 17, expected at most 16"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.detail);
    MemberEvent event = Purchase();
    c.spoil(event);
    const auto refused = MakeCanonical(event, TestSettings());
    ASSERT_TRUE(refused.has_value());
    EXPECT_EQ(refused->reason, c.reason);
    EXPECT_EQ(refused->detail, c.detail);
  }
}

TEST(Canonicalize, NamesTheEvent) {
  MemberEvent event = Purchase();
  event.event_time = {};
  EXPECT_EQ(Canonicalize(event, TestSettings()),
            InvalidArgument("event 'e1': event_time: expected when it happened"));
}

TEST(Canonicalize, KeepsAContractWithoutAnEndAndABirthLongAgo) {
  MemberEvent event = Purchase();
  event.attributes.Set(AttributeId::contract_end, *ParseTime("9999-12-31T00:00:00Z"));
  event.attributes.Set(AttributeId::joined_at, *ParseTime("1962-01-01T00:00:00Z"));
  EXPECT_TRUE(Canonicalize(event, TestSettings()).ok());
}

TEST(Canonicalize, MarksAnImport) {
  DecodeSettings settings = TestSettings();
  settings.backfill = true;
  MemberEvent event = Purchase();
  ASSERT_TRUE(Canonicalize(event, settings).ok());
  EXPECT_TRUE(event.backfill);
}

}  // namespace
}  // namespace spotter::connect
