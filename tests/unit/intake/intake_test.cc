// SPDX-License-Identifier: Apache-2.0
#include "intake/intake.h"

#include "unit/intake/intake_fixture.h"

namespace spotter::intake {
namespace {

using model::EventKind;
using model::MemberEvent;
using model::TenantId;

class UnsignedIntakeTest : public IntakeTest {
 protected:
  UnsignedIntakeTest() : IntakeTest({.accept_unsigned = true}) {}

  StatusOr<BodyResult> Webhook(std::string_view source, std::string_view body) {
    return intake_.HandleWebhook(TenantId(kStudio), source, {}, "", body);
  }
};

MemberEvent Scan(const std::string& id) {
  MemberEvent event;
  event.source = "door";
  event.source_event_id = id;
  event.kind = EventKind::scan_recorded;
  event.event_time = *ParseTime("2026-11-22T11:00:00Z");
  event.entity = {.type = "scan", .id = id};
  event.customer_id = "badge-1";
  return event;
}

// mission: C1
TEST_F(UnsignedIntakeTest, PutsAWebhooksEventsIntoTheLog) {
  const auto result = Webhook("stripe", ReadSample("stripe/charge.succeeded.json"));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->accepted, 1u);
  EXPECT_EQ(result->offset, 0);
  const auto events = Logged();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].tenant, TenantId(kStudio));
  EXPECT_EQ(events[0].kind, EventKind::purchase);
  EXPECT_EQ(events[0].attributes.Int(model::AttributeId::amount_minor), 5900);
  EXPECT_EQ(intake_.counters().accepted[size_t(EventKind::purchase)], 1);
}

TEST_F(UnsignedIntakeTest, AppendsAllEventsOfARequestAtOnce) {
  std::vector<MemberEvent> events;
  for (int i = 0; i < 500; ++i) events.push_back(Scan(std::to_string(i)));
  const auto results = intake_.Publish(TenantId(kStudio), events);
  ASSERT_TRUE(results.ok());
  ASSERT_EQ(results->size(), 500u);
  EXPECT_EQ((*results)[499].offset, 499);
  EXPECT_EQ(log_.appends, 1);
  EXPECT_EQ(log_.durable_end(), 500);
}

TEST_F(UnsignedIntakeTest, SetsTenantAndSiteThatTheBodyCannot) {
  MemberEvent event = Scan("1");
  event.tenant = TenantId("someone-else");
  MemberEvent sited = Scan("2");
  sited.site = "roof";
  ASSERT_TRUE(intake_.Publish(TenantId(kStudio), {event, sited}).ok());
  EXPECT_EQ(Logged()[0].tenant, TenantId(kStudio));
  EXPECT_EQ(Logged()[0].site, "lobby");
  EXPECT_EQ(Logged()[1].site, "roof");
}

TEST_F(UnsignedIntakeTest, ReadsNationalNumbersInTheTenantsRegion) {
  MemberEvent event = Scan("1");
  event.identifiers = {{model::IdentifierType::kPhone, "020 7183 8750", "", 0}};
  ASSERT_TRUE(intake_.Publish(TenantId("mentor"), {event}).ok());
  EXPECT_EQ(Logged()[0].identifiers[0].normalized, "+442071838750");
}

TEST_F(UnsignedIntakeTest, JudgesEachEventByItself) {
  MemberEvent absurd = Scan("2");
  absurd.event_time = *ParseTime("2999-01-01T00:00:00Z");
  const auto results = intake_.Publish(TenantId(kStudio), {Scan("1"), absurd, Scan("3")});
  ASSERT_TRUE(results.ok());
  EXPECT_EQ((*results)[0].offset, 0);
  EXPECT_EQ((*results)[1].accepted, 0u);
  EXPECT_EQ((*results)[1].refused.at(0).reason, "bad_time");
  EXPECT_EQ((*results)[2].offset, 1);
  ASSERT_EQ(Dead().size(), 1u);
  EXPECT_EQ(Dead()[0].id, (*results)[1].refused[0].dead_letter);
  EXPECT_EQ(intake_.counters().rejected.Values(),
            (std::map<std::string, int64_t>{{"bad_time", 1}}));
}

TEST_F(UnsignedIntakeTest, CountsWhatItIgnoresAndClamps) {
  ASSERT_TRUE(Webhook("stripe", R"({"type": "payout.paid"})").ok());
  MemberEvent ahead = Scan("1");
  ahead.event_time = clock_.Now() + Hours(2);
  ASSERT_TRUE(intake_.Publish(TenantId(kStudio), {ahead}).ok());
  EXPECT_EQ(intake_.counters().ignored.Values(),
            (std::map<std::string, int64_t>{{"stripe.payout.paid", 1}}));
  EXPECT_EQ(intake_.counters().clamped, 1);
  EXPECT_TRUE(Dead().empty());
}

TEST_F(UnsignedIntakeTest, KeepsABadBodyOnceHoweverOftenItComes) {
  for (int i = 0; i < 3; ++i) {
    const auto result = Webhook("stripe", "{");
    ASSERT_TRUE(result.ok());
    EXPECT_EQ(result->refused.at(0).reason, "malformed_json");
  }
  ASSERT_EQ(Dead().size(), 1u);
  EXPECT_EQ(dead_letters_->Get(kStudio, Dead()[0].id)->bytes, "{");
  EXPECT_EQ(log_.end(), 0);
}

TEST_F(UnsignedIntakeTest, KeepsOnlyTheBadPartOfABatch) {
  const std::string body = ReadSample("cloudevents/batch.json");
  const CloudEventBody batch{"application/cloudevents-batch+json", {}, body};
  const auto results = intake_.HandleCloudEvents(TenantId(kStudio), {&batch, 1});
  ASSERT_TRUE(results.ok());
  EXPECT_EQ((*results)[0].accepted, 2u);
  EXPECT_EQ((*results)[0].ignored, std::vector<std::string>{"cloudevent.other"});
  ASSERT_EQ(Dead().size(), 1u);
  const DeadLetter letter = *dead_letters_->Get(kStudio, Dead()[0].id);
  EXPECT_EQ(letter.source, "cloudevents");
  EXPECT_EQ(letter.content_type, "application/cloudevents+json");
  EXPECT_NE(letter.bytes.find("EVENT_KIND_NOPE"), std::string::npos);
  EXPECT_LT(letter.bytes.size(), body.size());
}

TEST_F(UnsignedIntakeTest, MarksABackfill) {
  const std::string body = ReadSample("cloudevents/scan.json");
  const CloudEventBody event{"application/cloudevents+json", {}, body};
  ASSERT_TRUE(intake_.HandleCloudEvents(TenantId(kStudio), {&event, 1}, true).ok());
  EXPECT_TRUE(Logged()[0].backfill);
}

TEST_F(UnsignedIntakeTest, IsUnavailableWhileTheLogIs) {
  log_.is_full = true;
  const auto result = Webhook("stripe", ReadSample("stripe/charge.succeeded.json"));
  EXPECT_EQ(result.status(), Unavailable("log: disk full"));
  EXPECT_EQ(intake_.counters().accepted[size_t(EventKind::purchase)], 0);
  EXPECT_EQ(intake_.counters().refused.Values(),
            (std::map<std::string, int64_t>{{"unavailable", 1}}));
  log_.is_full = false;
  EXPECT_TRUE(Webhook("stripe", ReadSample("stripe/charge.succeeded.json")).ok());
}

TEST_F(UnsignedIntakeTest, IsUnavailableWhenABadBodyCannotBeKept) {
  dead_letters_.reset();
  auto small = DeadLetterFiles::Open(
      {.folder = (folder_.path() / "deadletters").string(), .bytes_max = 10}, clock_);
  Intake intake(logs_, **small, tenants_, clock_, {.accept_unsigned = true});
  EXPECT_EQ(intake.HandleWebhook(TenantId(kStudio), "stripe", {}, "", "{").status().code(),
            StatusCode::kUnavailable);
}

TEST_F(UnsignedIntakeTest, NamesAnUnknownTenantOrSource) {
  EXPECT_EQ(intake_.HandleWebhook(TenantId("nobody"), "square", {}, "", "{}").status(),
            NotFound("unknown tenant 'nobody'"));
  EXPECT_EQ(Webhook("glofox", "{}").status(),
            NotFound("unknown source 'glofox': expected one of square, stripe"));
  EXPECT_EQ(intake_.Publish(TenantId("nobody"), {}).status(), NotFound("unknown tenant 'nobody'"));
  EXPECT_TRUE(Dead().empty());
}

// mission: E1
TEST_F(UnsignedIntakeTest, HoldsATenantBackWhileItMoves) {
  const std::string body = ReadSample("square/booking.created.json");
  const Status held = Status(StatusCode::kUnavailable,
                             "tenant 'moving' is moving to another shard: come again in a few "
                             "seconds");
  EXPECT_EQ(intake_.HandleWebhook(TenantId("moving"), "square", {}, "", body).status(), held);
  EXPECT_EQ(intake_.Publish(TenantId("moving"), {}).status(), held);
  EXPECT_EQ(intake_.HandleWebhook(TenantId("moving"), "square", {}, "", "{").status(), held);
  EXPECT_TRUE(Logged().empty());
  EXPECT_TRUE(dead_letters_->List("moving", "", 10, "")->letters.empty());
}

TEST_F(UnsignedIntakeTest, ChecksASignatureWhereASecretIsSet) {
  const std::string body = ReadSample("square/booking.created.json");
  EXPECT_EQ(Webhook("square", body).status().code(), StatusCode::kUnauthenticated);
  EXPECT_TRUE(Webhook("stripe", R"({"type": "payout.paid"})").ok());
  EXPECT_EQ(log_.end(), 0);
  EXPECT_TRUE(Dead().empty());  // strangers fill no disk
}

TEST_F(IntakeTest, RefusesUnsignedWebhooksByDefault) {
  EXPECT_EQ(intake_.HandleWebhook(TenantId(kStudio), "stripe", {}, "", "{}").status(),
            Unauthenticated("source 'stripe': no webhook secret is set"));
  EXPECT_EQ(intake_.counters().refused.Values(),
            (std::map<std::string, int64_t>{{"unauthenticated", 1}}));
}

// A dead letter of each way in is read again by the decoder it came for.
TEST_F(UnsignedIntakeTest, RedrivesWhatCanBeReadByNow) {
  // Ahead of time today, in order tomorrow.
  MemberEvent ahead = Scan("1");
  ahead.event_time = clock_.Now() + Hours(30);
  ahead.backfill = true;
  const auto published = intake_.Publish(TenantId(kStudio), {ahead});
  const std::string event_json = wire::EncodeEventJson(ahead);
  const std::vector<connect::Header> headers = {{"ce-specversion", "1.0"},
                                                {"ce-id", "1"},
                                                {"ce-source", "/door"},
                                                {"ce-type", "spotter.member_event.v1"}};
  const CloudEventBody cloud{"application/json", headers, event_json};
  const auto binary = intake_.HandleCloudEvents(TenantId(kStudio), {&cloud, 1});
  const auto webhook = Webhook("stripe", fmt::format(R"({{"id": "evt_1", "type": "customer.created",
                         "created": {}, "data": {{"object": {{"id": "cus_1"}}}}}})",
                                                     ahead.event_time.ms / 1000));
  const std::vector<std::string> ids = {published->at(0).refused.at(0).dead_letter,
                                        binary->at(0).refused.at(0).dead_letter,
                                        webhook->refused.at(0).dead_letter};
  ASSERT_EQ(Dead().size(), 3u);
  for (const std::string& id : ids) {
    const auto too_early = intake_.Redrive(TenantId(kStudio), id);
    ASSERT_TRUE(too_early.ok());
    EXPECT_EQ(too_early->refused.at(0).reason, "bad_time");
  }
  EXPECT_EQ(Dead().size(), 3u);
  clock_.AdvanceTo(clock_.Now() + Hours(30));
  for (const std::string& id : ids) {
    const auto result = intake_.Redrive(TenantId(kStudio), id);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->accepted, 1u);
    EXPECT_EQ(intake_.Redrive(TenantId(kStudio), id).status().code(), StatusCode::kNotFound);
  }
  EXPECT_TRUE(Dead().empty());
  ASSERT_EQ(Logged().size(), 3u);
  EXPECT_TRUE(Logged()[0].backfill);
}

TEST(NamedCounts, GrowOnlyToTheirBound) {
  NamedCounts counts;
  for (int i = 0; i < 1000; ++i) counts.Add(std::to_string(i));
  counts.Add("0");
  const auto values = counts.Values();
  EXPECT_EQ(values.size(), NamedCounts::kNamesMax + 1);
  EXPECT_EQ(values.at("0"), 2);
  EXPECT_EQ(values.at("other"), 1000 - static_cast<int64_t>(NamedCounts::kNamesMax));
}

}  // namespace
}  // namespace spotter::intake
