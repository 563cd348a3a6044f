// SPDX-License-Identifier: Apache-2.0
//
// What goes wrong in bodies: text in, the rejection out.
#include <gtest/gtest.h>

#include "unit/connect/print_event.h"
#include "unit/connect/sample.h"

namespace spotter::connect {
namespace {

// `body` with the first `from` replaced.
std::string Replaced(std::string body, std::string_view from, std::string_view to) {
  const size_t at = body.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  if (at != std::string::npos) body.replace(at, from.size(), to);
  return body;
}

struct BadCase {
  std::string sample;
  std::string from;
  std::string to;
  std::string expected;
};

// Or gtest prints the bytes.
void PrintTo(const BadCase& c, std::ostream* out) { *out << c.expected; }

class BadBody : public testing::TestWithParam<BadCase> {};

TEST_P(BadBody, IsRejectedWithPathFoundAndExpected) {
  const BadCase& c = GetParam();
  const std::string source = c.sample.substr(0, c.sample.find('/'));
  const std::string body = Replaced(ReadSample(c.sample + ".json"), c.from, c.to);
  const Decoded decoded = DecodeWebhook(source, body, TestSettings());
  EXPECT_TRUE(decoded.events.empty());
  ASSERT_EQ(decoded.rejections.size(), 1u);
  EXPECT_EQ(decoded.rejections[0].reason + " | " + decoded.rejections[0].detail, c.expected);
}

constexpr const char* kBooking = "square/booking.created";
constexpr const char* kCharge = "stripe/charge.succeeded";

INSTANTIATE_TEST_SUITE_P(
    All, BadBody,
    testing::Values(
        BadCase{kBooking, "\"2026-03-05T17:00:00Z\"", "\"soon\"",
                "bad_time | square booking.created: data.object.booking.start_at: found 'soon', "
                "expected RFC 3339"},
        BadCase{kBooking, "\"2026-03-05T17:00:00Z\"", "1772463845",
                "wrong_type | square booking.created: data.object.booking.start_at: found an "
                "integer, expected RFC 3339"},
        BadCase{kBooking, "\"2026-03-05T17:00:00Z\"", "\"2999-01-01T00:00:00Z\"",
                "bad_time | square booking.created: data.object.booking.start_at: found "
                "2999-01-01T00:00:00.000Z, expected an instant from 1990 to 10 years after "
                "receipt"},
        BadCase{kBooking, "\"updated_at\": \"2026", "\"updated_at\": \"2999",
                "bad_time | square booking.created: data.object.booking.updated_at: found "
                "2999-03-03T10:00:00.000Z, expected an instant from 1990 to 24 h after receipt"},
        BadCase{kBooking, "\"updated_at\": \"2026", "\"updated_at\": \"1900",
                "bad_time | square booking.created: data.object.booking.updated_at: found "
                "1900-03-03T10:00:00.000Z, expected an instant from 1990 to 24 h after receipt"},
        BadCase{kBooking, "ACCEPTED", "LEVITATING",
                "unknown_value | square booking.created: data.object.booking.status: found "
                "'LEVITATING', expected PENDING, ACCEPTED, CANCELLED_BY_CUSTOMER, "
                "CANCELLED_BY_SELLER, CANCELLED, DECLINED, NO_SHOW"},
        BadCase{kBooking, "\"id\": \"BOOK1\"", "\"id\": \"\"",
                "missing_field | square booking.created: data.object.booking.id: found empty text, "
                "expected text"},
        BadCase{kBooking, "\"event_id\"", "\"event\"",
                "missing_field | square booking.created: event_id: found nothing, expected text"},
        BadCase{kBooking, "\"booking\": {", "\"reservation\": {",
                "missing_field | square booking.created: data.object.booking: found nothing, "
                "expected an object"},
        BadCase{kBooking, "\"type\": \"booking.created\"", "\"kind\": \"booking.created\"",
                "missing_field | square: type: found nothing, expected text"},
        BadCase{kBooking, "\"appointment_segments\": [", "\"appointment_segments\": [7, ",
                "wrong_type | square booking.created: "
                "data.object.booking.appointment_segments: found an integer, expected an array of "
                "objects"},
        BadCase{"square/payment.updated", "\"amount\": 2800", "\"amount\": 28.00",
                "wrong_type | square payment.updated: data.object.payment.total_money.amount: "
                "found a fraction, expected an integer"},
        BadCase{"square/payment.updated", "\"amount\": 2800", "\"amount\": -2800",
                "out_of_range | square payment.updated: data.object.payment.total_money.amount: "
                "found a negative amount, expected minor units from 0 on"},
        BadCase{"stripe/charge.succeeded", "\"currency\": \"usd\"", "\"currency\": \"dollars\"",
                "bad_currency | stripe: attributes.currency: expected three letters of ISO 4217"},
        // Milliseconds where Stripe sends seconds.
        BadCase{kCharge, "\"created\": 1775142236", "\"created\": 1775142236000",
                "bad_time | stripe charge.succeeded: created: found 1775142236000 "
                "(milliseconds?), expected seconds since 1970"},
        BadCase{kCharge, "\"created\": 1775142236", "\"created\": -1",
                "bad_time | stripe charge.succeeded: created: found -1, expected seconds since "
                "1970"},
        BadCase{kCharge, "\"created\": 1775142236", "\"created\": 0",
                "bad_time | stripe charge.succeeded: created: found 1970-01-01T00:00:00.000Z, "
                "expected an instant from 1990 to 24 h after receipt"},
        BadCase{kCharge, "\"created\": 1775142236", "\"created\": \"2026-04-02\"",
                "wrong_type | stripe charge.succeeded: created: found text, expected an integer"},
        BadCase{"stripe/customer.subscription.created.trial", "trialing", "dreaming",
                "unknown_value | stripe customer.subscription.created: data.object.status: found "
                "'dreaming', expected trialing, active, past_due, unpaid, incomplete, "
                "incomplete_expired, paused, canceled"}));

TEST(DecodeWebhook, RejectsWhatIsNoJson) {
  const struct {
    std::string body;
    std::string reason;
  } cases[] = {
      {"", "malformed_json"},
      {"{", "malformed_json"},
      {"{\"type\": \"booking.created\"", "malformed_json"},
      {"not json", "malformed_json"},
      {std::string(5000, '['), "malformed_json"},
      {"[]", "wrong_type"},
      {"\"text\"", "wrong_type"},
      {"{\"type\": \"booking.created\", \"x\": \"\xff\xfe\"}", "invalid_utf8"},
      {"\xc3\x28", "invalid_utf8"},
      {"{\"type\": 7}", "wrong_type"},
      {"{\"type\": null}", "missing_field"},
      {"{\"type\": \"booking.created\", \"data\": []}", "wrong_type"},
  };
  for (const auto& [body, reason] : cases) {
    SCOPED_TRACE(body.substr(0, 60));
    const Decoded decoded = DecodeWebhook("square", body, TestSettings());
    ASSERT_EQ(decoded.rejections.size(), 1u);
    EXPECT_EQ(decoded.rejections[0].reason, reason) << decoded.rejections[0].detail;
  }
}

TEST(DecodeWebhook, RejectsAnUnknownSource) {
  const Decoded decoded = DecodeWebhook("glofox", "{}", TestSettings());
  ASSERT_EQ(decoded.rejections.size(), 1u);
  EXPECT_EQ(decoded.rejections[0].detail, "source 'glofox': expected one of square, stripe");
}

// An attacker's type must not become a metric's label.
TEST(DecodeWebhook, NamesAnIgnoredTypeOnlyIfItIsAName) {
  EXPECT_EQ(DecodeWebhook("stripe", R"({"type": "payout.paid"})", TestSettings()).ignored[0],
            "stripe.payout.paid");
  EXPECT_EQ(DecodeWebhook("stripe", R"({"type": "x\n# HELP"})", TestSettings()).ignored[0],
            "stripe.unnamed");
}

// X16: two accounts of one tenant are two sources; the id stays as the source wrote it.
// mission: X16 C11
TEST(DecodeWebhook, KeepsTheDeclaredSourceAndTheIdUnaltered) {
  const std::string body =
      Replaced(ReadSample("square/booking.created.json"), "\"customer_id\": \"CUSTANA\"",
               "\"customer_id\": \" cust/Ana#1 \"");
  const Decoded decoded = DecodeWebhook("square-north", body, TestSettings());
  ASSERT_EQ(decoded.events.size(), 1u);
  EXPECT_EQ(decoded.events[0].source, "square-north");
  EXPECT_EQ(decoded.events[0].customer_id, " cust/Ana#1 ");
  EXPECT_EQ(decoded.events[0].tenant, model::TenantId("studio"));
}

TEST(DecodeWebhook, ReadsAnExpandedCustomerAsItsId) {
  const std::string body =
      Replaced(ReadSample("stripe/charge.succeeded.json"), "\"customer\": \"cus_ana\"",
               R"("customer": {"id": "cus_ana", "object": "customer"})");
  const Decoded decoded = DecodeWebhook("stripe", body, TestSettings());
  ASSERT_EQ(decoded.events.size(), 1u) << PrintDecoded(decoded);
  EXPECT_EQ(decoded.events[0].customer_id, "cus_ana");
}

TEST(DecodeWebhook, OrdersStripeEventsOfOneSecondByTheirPlaceInLife) {
  const auto updated = [](std::string_view type) {
    const std::string body = fmt::format(R"({{"id": "evt_1", "type": "{}", "created": 1772463845,
                         "data": {{"object": {{"id": "sub_1", "status": "active"}}}}}})",
                                         type);
    return DecodeWebhook("stripe", body, TestSettings()).events.at(0).entity.update_time;
  };
  EXPECT_LT(updated("customer.subscription.created"), updated("customer.subscription.updated"));
  EXPECT_LT(updated("customer.subscription.updated"), updated("customer.subscription.deleted"));
}

// A time up to 5 minutes ahead stands, up to 24 hours ahead is moved and counted.
TEST(DecodeWebhook, ClampsATimeAheadOfReceipt) {
  const struct {
    const char* created;
    const char* expected;  // "" = rejected
    size_t clamped;
  } cases[] = {
      {"2026-11-22T12:05:00Z", "2026-11-22T12:05:00.000Z", 0},
      {"2026-11-22T12:05:01Z", "2026-11-22T12:05:00.000Z", 1},
      {"2026-11-23T12:00:00Z", "2026-11-22T12:05:00.000Z", 1},
      {"2026-11-23T12:00:01Z", "", 0},
      {"1990-01-01T00:00:00Z", "1990-01-01T00:00:00.000Z", 0},
      {"1989-12-31T23:59:59Z", "", 0},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.created);
    std::string body = ReadSample("square/booking.created.json");
    for (const char* key : {"\"created_at\": \"2026-03-03T10:00:00Z\",\n        \"updated_at\"",
                            "\"updated_at\": \"2026-03-03T10:00:00Z\""}) {
      body =
          Replaced(body, key,
                   std::string(key).starts_with("\"created")
                       ? fmt::format("\"created_at\": \"{}\",\n        \"updated_at\"", c.created)
                       : fmt::format("\"updated_at\": \"{}\"", c.created));
    }
    const Decoded decoded = DecodeWebhook("square", body, TestSettings());
    EXPECT_EQ(decoded.clamped, c.clamped);
    EXPECT_EQ(decoded.events.empty() ? "" : FormatTime(decoded.events[0].event_time), c.expected);
    // The order of states must not depend on when a body came.
    if (!decoded.events.empty()) {
      EXPECT_EQ(decoded.events[0].entity.update_time, *ParseTime(c.created));
    }
  }
}

}  // namespace
}  // namespace spotter::connect
