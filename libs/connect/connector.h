// SPDX-License-Identifier: Apache-2.0
//
// Connectors turn a source's bytes into canonical events and normalise identifiers, before the
// log: the shard never sees a source's format. The only user of ICU and libphonenumber.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "model/definition.h"
#include "model/event.h"

namespace spotter::connect {

// Why a body could not be read. `what_found`/`expected` are in the message; nothing personal is.
struct Rejection {
  std::string reason;  // a few fixed words for metrics: "malformed_json", "missing_field", ...
  std::string detail;  // "square booking.created: data.object.booking.start_at: found 'soon',
                       // expected RFC 3339"
  // The refused part as a body of its own where several came in one (a CloudEvents batch) or its
  // headers matter (binary mode): a structured CloudEvent. Empty: the body as it came.
  std::string bytes = {};
};
struct Decoded {
  std::vector<model::MemberEvent> events;
  std::vector<Rejection> rejections;  // each becomes a dead letter with the bytes
  std::vector<std::string> ignored;   // "square.card.created": types we do not read; no error
  size_t clamped = 0;                 // events whose time lay ahead and was moved
};

// What decoding needs to know of the tenant and the delivery.
struct DecodeSettings {
  model::TenantId tenant;
  model::TenantKind kind = model::TenantKind::kStudio;
  std::string region = "US";  // of national phone numbers
  EventTime received_at;      // for the checks of event time
  bool backfill = false;
};

// A webhook body of `source` ("square", "stripe"). Never fails as a call: what cannot be read is
// a rejection. Absurd times (before 1990, more than 24 h ahead; milliseconds for seconds) reject;
// up to 24 h ahead is clamped to received_at + 5 min.
Decoded DecodeWebhook(std::string_view source, std::string_view body,
                      const DecodeSettings& settings);

// CloudEvents 1.0: structured JSON, a JSON batch (application/cloudevents-batch+json), protobuf
// (application/cloudevents+protobuf), or binary mode (ce-* headers, data in the body).
// `type` "spotter.member_event.v1" carries our own event as JSON or protobuf (data);
// "com.square.webhook" / "com.stripe.webhook" (or source attribute ending in the source's name)
// carry that source's body.
struct Header {
  std::string name;
  std::string value;
};
Decoded DecodeCloudEvents(std::string_view content_type, std::span<const Header> headers,
                          std::string_view body, const DecodeSettings& settings);

// One line of an NDJSON import: a spotter.v1.MemberEvent in protobuf's JSON mapping.
Decoded DecodeLine(std::string_view line, const DecodeSettings& settings);

// Checks and completes an event that came decoded (gRPC, protobuf): tenant set, kind known, ids
// present, times sane, identifiers normalised, fields sorted. InvalidArgument says what is wrong.
Status Canonicalize(model::MemberEvent& event, const DecodeSettings& settings);

// Webhook signatures, constant-time. Square: base64(HMAC-SHA256(key, url + body)) in
// x-square-hmacsha256-signature. Stripe: "t=…,v1=hex(HMAC-SHA256(secret, t.body))" in
// Stripe-Signature, |now - t| <= 5 minutes. Unauthenticated says what was missing or wrong.
Status VerifySignature(std::string_view source, std::span<const Header> headers,
                       std::string_view url, std::string_view body, std::string_view secret,
                       EventTime now);

}  // namespace spotter::connect
