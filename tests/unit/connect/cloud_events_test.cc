// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "connect/json_text.h"
#include "io/cloudevents/v1/cloudevents.pb.h"
#include "unit/connect/print_event.h"
#include "unit/connect/sample.h"
#include "wire/wire.h"

namespace spotter::connect {
namespace {

constexpr const char* kJson = "application/cloudevents+json";
constexpr const char* kProtobuf = "application/cloudevents+protobuf";

model::MemberEvent Scan() {
  model::MemberEvent event;
  event.source = "door";
  event.source_event_id = "door-7781";
  event.kind = model::EventKind::scan_recorded;
  event.event_time = *ParseTime("2026-03-05T16:52:10Z");
  event.entity = {.type = "scan", .id = "7781"};
  event.customer_id = "badge-0042";
  return event;
}

io::cloudevents::v1::CloudEvent Envelope() {
  io::cloudevents::v1::CloudEvent envelope;
  envelope.set_id("door-7781");
  envelope.set_source("urn:studio:door");
  envelope.set_spec_version("1.0");
  envelope.set_type("spotter.member_event.v1");
  return envelope;
}

std::string Reason(const Decoded& decoded) {
  return decoded.rejections.size() == 1 ? decoded.rejections[0].reason : PrintDecoded(decoded);
}

TEST(DecodeCloudEvents, GivesTheSameEventInEveryForm) {
  const std::string expected = PrintEvent(Scan());
  const std::string json = wire::EncodeEventJson(Scan());
  const std::string bytes = wire::EncodeEvent(Scan());
  const std::string head =
      R"({"specversion": "1.0", "id": "door-7781", "source": "/door", "type": "spotter.member_event.v1")";

  EXPECT_EQ(PrintDecoded(
                DecodeCloudEvents(kJson, {}, head + ", \"data\": " + json + "}", TestSettings())),
            expected);
  EXPECT_EQ(PrintDecoded(DecodeCloudEvents(
                "Application/CloudEvents+JSON; charset=UTF-8", {},
                head + R"(, "datacontenttype": "application/protobuf", "data_base64": ")" +
                    ToBase64(bytes) + "\"}",
                TestSettings())),
            expected);
  EXPECT_EQ(
      PrintDecoded(DecodeCloudEvents("application/cloudevents-batch+json", {},
                                     "[" + head + ", \"data\": " + json + "}]", TestSettings())),
      expected);

  auto envelope = Envelope();
  envelope.mutable_proto_data()->set_type_url("type.googleapis.com/spotter.v1.MemberEvent");
  envelope.mutable_proto_data()->set_value(bytes);
  EXPECT_EQ(
      PrintDecoded(DecodeCloudEvents(kProtobuf, {}, envelope.SerializeAsString(), TestSettings())),
      expected);
  envelope.set_text_data(json);
  EXPECT_EQ(
      PrintDecoded(DecodeCloudEvents(kProtobuf, {}, envelope.SerializeAsString(), TestSettings())),
      expected);
  io::cloudevents::v1::CloudEventBatch batch;
  *batch.add_events() = envelope;
  EXPECT_EQ(PrintDecoded(DecodeCloudEvents("application/cloudevents-batch+protobuf", {},
                                           batch.SerializeAsString(), TestSettings())),
            expected);

  for (const std::string prefix : {"ce-", "Ce-", "ce_"}) {
    const std::vector<Header> headers = {{prefix + "specversion", "1.0"},
                                         {prefix + "id", "door-7781"},
                                         {prefix + "source", "/door"},
                                         {prefix + "type", "spotter.member_event.v1"}};
    EXPECT_EQ(PrintDecoded(DecodeCloudEvents("application/json", headers, json, TestSettings())),
              expected);
    EXPECT_EQ(
        PrintDecoded(DecodeCloudEvents("application/protobuf", headers, bytes, TestSettings())),
        expected);
  }
}

TEST(DecodeCloudEvents, FillsInFromTheEnvelopeWhatTheEventLeavesOut) {
  const std::vector<Header> headers = {{"ce-specversion", "1.0"},
                                       {"ce-id", "caf%C3%A9%20100%"},
                                       {"ce-source", "//studio/door/"},
                                       {"ce-type", "spotter.member_event.v1"},
                                       {"ce-time", "2026-03-05T16:52:10Z"}};
  const Decoded decoded = DecodeCloudEvents(
      "application/json", headers,
      R"({"kind": "EVENT_KIND_SCAN_RECORDED", "customer_id": "badge-0042"})", TestSettings());
  EXPECT_EQ(PrintDecoded(decoded),
            "door café 100% scan_recorded 2026-03-05T16:52:10.000Z\n"
            "    version 0 updated 1970-01-01T00:00:00.000Z\n"
            "  customer badge-0042\n");
}

TEST(DecodeCloudEvents, CarriesTheBodyOfASource) {
  const std::string body = ReadSample("square/booking.created.json");
  const std::string expected = PrintDecoded(DecodeWebhook("square", body, TestSettings()));
  const std::vector<Header> by_type = {{"ce-specversion", "1.0"},
                                       {"ce-id", "1"},
                                       {"ce-source", "/broker"},
                                       {"ce-type", "com.square.webhook"}};
  const std::vector<Header> by_source = {{"ce-specversion", "1.0"},
                                         {"ce-id", "1"},
                                         {"ce-source", "urn:studio:square"},
                                         {"ce-type", "anything"}};
  EXPECT_EQ(PrintDecoded(DecodeCloudEvents("application/json", by_type, body, TestSettings())),
            expected);
  EXPECT_EQ(PrintDecoded(DecodeCloudEvents("application/json", by_source, body, TestSettings())),
            expected);
}

TEST(DecodeCloudEvents, SaysWhyABodyCannotBeRead) {
  const auto event = [](std::string_view type, std::string_view rest) {
    return fmt::format(R"({{"specversion": "1.0", "id": "1", "source": "/door", "type": "{}"{}}})",
                       type, rest);
  };
  const std::string own = "spotter.member_event.v1";
  const struct {
    std::string content_type;
    std::string body;
    std::string reason;
  } cases[] = {
      {"text/plain", "hello", "content_type"},
      {"", "", "content_type"},
      {kJson, "", "malformed_json"},
      {kJson, "\xff", "invalid_utf8"},
      {kJson, "[]", "wrong_type"},
      {kJson, R"({"specversion": "1.0", "source": "/door", "type": "t"})", "missing_field"},
      {kJson, R"({"specversion": "0.3", "id": "1", "source": "/door", "type": "t"})",
       "specversion"},
      {kJson, event(own, R"(, "data": {"kind": "EVENT_KIND_NOPE"})"), "malformed_event"},
      {kJson, event(own, R"(, "data": {"kind": 13, "customer_id": 7, "nope": 1})"),
       "malformed_event"},
      {kJson, event(own, R"(, "data_base64": "%%%")"), "bad_base64"},
      {kJson, event(own, ""), "malformed_event"},
      {kJson, event(own, R"(, "data": {"kind": "EVENT_KIND_PURCHASE", "customer_id": "c"})"),
       "missing_field"},  // no event time anywhere
      {"application/cloudevents-batch+json", "{}", "malformed_json"},
      {"application/cloudevents-batch+json", "[\"\xff\"]", "invalid_utf8"},
      {"application/cloudevents-batch+json", "[1]", "wrong_type"},
      {kProtobuf, "\x0a\xff", "malformed_protobuf"},
      {kProtobuf, "", "missing_field"},
      {"application/cloudevents-batch+protobuf", "nonsense", "malformed_protobuf"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.content_type + " " + c.body);
    EXPECT_EQ(Reason(DecodeCloudEvents(c.content_type, {}, c.body, TestSettings())), c.reason);
  }
}

TEST(DecodeCloudEvents, RefusesABatchOverItsLimit) {
  std::string body = "[{}";
  for (int i = 0; i < 1000; ++i) body += ",{}";
  EXPECT_EQ(Reason(DecodeCloudEvents("application/cloudevents-batch+json", {}, body + "]",
                                     TestSettings())),
            "too_many");
}

// A dead letter is re-driven as it stands, so what headers said must be in its bytes.
TEST(DecodeCloudEvents, ARejectedPartCanBeDecodedAgain) {
  const std::vector<Header> headers = {{"ce-specversion", "1.0"},
                                       {"ce-id", "quote\"d"},
                                       {"ce-source", "/square"},
                                       {"ce-type", "com.square.webhook"}};
  const Decoded first = DecodeCloudEvents("application/json", headers, "{\xff", TestSettings());
  ASSERT_EQ(Reason(first), "invalid_utf8");
  const Decoded again = DecodeCloudEvents(kJson, {}, first.rejections[0].bytes, TestSettings());
  ASSERT_EQ(Reason(again), "invalid_utf8");
  EXPECT_EQ(again.rejections[0].detail, first.rejections[0].detail);
}

TEST(DecodeLine, ReadsOneEvent) {
  DecodeSettings settings = TestSettings();
  settings.backfill = true;
  const Decoded decoded = DecodeLine(wire::EncodeEventJson(Scan()), settings);
  EXPECT_EQ(PrintDecoded(decoded), PrintEvent(Scan()));
  EXPECT_TRUE(decoded.events.at(0).backfill);
  EXPECT_EQ(Reason(DecodeLine("{", settings)), "malformed_event");
  EXPECT_EQ(Reason(DecodeLine("\xff", settings)), "invalid_utf8");
}

}  // namespace
}  // namespace spotter::connect
