// SPDX-License-Identifier: Apache-2.0
//
// The vectors were computed with `openssl dgst -sha256 -hmac` on the command line.
#include <gtest/gtest.h>

#include "connect/connector.h"

namespace spotter::connect {
namespace {

constexpr std::string_view kUrl = "https://studio.example/v1/webhooks/studio/square";
constexpr std::string_view kBody = R"({"type":"booking.created"})";
constexpr EventTime kNow{1772463845000};

std::string Verify(std::string_view source, std::vector<Header> headers, std::string_view secret,
                   EventTime now = kNow, std::string_view body = kBody,
                   std::string_view url = kUrl) {
  const Status status = VerifySignature(source, headers, url, body, secret, now);
  EXPECT_TRUE(status.ok() || status.code() == StatusCode::kUnauthenticated);
  return status.ok() ? "ok" : std::string(MessageOf(status));
}

constexpr const char* kSquare = "3YFoLmCfiYtxXYbRkGA2+4KEKIe/Ri5cBPjSdbuvP5Q=";
constexpr const char* kStripe = "02c30893adc9df739670ae1a96f663523878faa187b46a47d0b9994798fd97b1";

TEST(VerifySignature, AcceptsSquare) {
  EXPECT_EQ(Verify("square", {{"X-Square-HmacSha256-Signature", kSquare}}, "key-1"), "ok");
  EXPECT_EQ(Verify("square-north", {{"x-square-hmacsha256-signature", kSquare}}, "key-1"), "ok");
}

TEST(VerifySignature, RefusesSquareWhoseKeyUrlOrBodyDiffer) {
  const std::vector<Header> headers{{"x-square-hmacsha256-signature", kSquare}};
  const std::string refused =
      "square signature: does not match; expected the source's key and the notification URL ";
  EXPECT_EQ(Verify("square", headers, "key-2"), refused + std::string(kUrl));
  EXPECT_EQ(Verify("square", headers, "key-1", kNow, "{}"), refused + std::string(kUrl));
  EXPECT_EQ(Verify("square", headers, "key-1", kNow, kBody, "http://x"), refused + "http://x");
}

TEST(VerifySignature, SaysWhatIsMissingOfSquare) {
  EXPECT_EQ(Verify("square", {}, "key-1"),
            "square signature: header x-square-hmacsha256-signature is missing");
  EXPECT_EQ(Verify("square", {{"x-square-hmacsha256-signature", "abc"}}, "key-1"),
            "square signature: expected base64 of 32 bytes");
  EXPECT_EQ(Verify("square", {{"x-square-hmacsha256-signature", kSquare}}, ""),
            "source 'square': no webhook secret is set");
}

TEST(VerifySignature, AcceptsStripe) {
  const std::string v1 = kStripe;
  EXPECT_EQ(Verify("stripe", {{"Stripe-Signature", "t=1772463845,v1=" + v1}}, "whsec_1"), "ok");
  EXPECT_EQ(
      Verify("stripe",
             {{"stripe-signature", "t=1772463845,v0=00,v1=" + std::string(64, '0') + ",v1=" + v1}},
             "whsec_1"),
      "ok");
  EXPECT_EQ(Verify("stripe", {{"stripe-signature", "t=1772463845,v1=" + v1}}, "whsec_1",
                   kNow + Minutes(5)),
            "ok");
}

TEST(VerifySignature, RefusesAnOldStripeSignature) {
  const std::vector<Header> headers{
      {"Stripe-Signature", std::string("t=1772463845,v1=") + kStripe}};
  EXPECT_EQ(Verify("stripe", headers, "whsec_1", kNow + Minutes(6)),
            "stripe signature: signed 6m from now, expected at most 5m");
  EXPECT_EQ(Verify("stripe", headers, "whsec_1", kNow - Minutes(6)),
            "stripe signature: signed 6m from now, expected at most 5m");
}

TEST(VerifySignature, RefusesStripeWhoseTimeSecretOrBodyDiffer) {
  const std::string v1 = kStripe;
  const std::string refused = "stripe signature: does not match the source's secret";
  EXPECT_EQ(Verify("stripe", {{"Stripe-Signature", "t=1772463846,v1=" + v1}}, "whsec_1"), refused);
  EXPECT_EQ(Verify("stripe", {{"Stripe-Signature", "t=1772463845,v1=" + v1}}, "whsec_2"), refused);
  EXPECT_EQ(
      Verify("stripe", {{"Stripe-Signature", "t=1772463845,v1=" + v1}}, "whsec_1", kNow, "{}"),
      refused);
}

TEST(VerifySignature, SaysWhatIsMissingOfStripe) {
  EXPECT_EQ(Verify("stripe", {}, "whsec_1"),
            "stripe signature: header Stripe-Signature is missing");
  for (const char* bad : {"t=1772463845", "v1=00", "nonsense", "t=,v1=", "t=-5,v1=00",
                          "t=99999999999999999999,v1=00", ",,,"}) {
    EXPECT_EQ(Verify("stripe", {{"Stripe-Signature", bad}}, "whsec_1"),
              "stripe signature: expected 't=SECONDS,v1=HEX' in Stripe-Signature")
        << bad;
  }
}

TEST(VerifySignature, KnowsNoSchemeOfOtherSources) {
  EXPECT_EQ(Verify("glofox", {}, "s"),
            "source 'glofox': no signature scheme is known; expected square, stripe");
}

}  // namespace
}  // namespace spotter::connect
