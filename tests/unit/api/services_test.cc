// SPDX-License-Identifier: Apache-2.0
//
// The services over a real shard: events in, an action out, members explained.
// mission: C1 C4 C30 X20
#include <gtest/gtest.h>

#include "api/action_mirror.h"
#include "api/explain.h"
#include "api_fixture.h"
#include "engine/queries.h"
#include "log/placement.h"
#include "spotter/v1/action_service.grpc.pb.h"
#include "spotter/v1/admin_service.grpc.pb.h"
#include "spotter/v1/ingest_service.grpc.pb.h"
#include "spotter/v1/journey_service.grpc.pb.h"
#include "spotter/v1/profile_service.grpc.pb.h"
#include "spotter/v1/segment_service.grpc.pb.h"
#include "wire/leaf.h"

namespace spotter::api {
namespace {

constexpr const char* kJourney = R"yaml(
journey: hello
title: Hello
state: live
entry: {when: "events('signup').within(days(1)).exists()"}
steps:
  - id: mail
    send: {channel: email, template: hello, text: "Hi {{first_name}}"}
)yaml";
constexpr const char* kSegment = R"yaml(
segment: members
title: Members
when: "events('signup').exists() && events('visit').count() == 0"
)yaml";

class ServicesTest : public ApiTest {
 protected:
  template <typename Service, typename Request, typename Response>
  Response Call(grpc::Status (Service::Stub::*method)(grpc::ClientContext*, const Request&,
                                                      Response*),
                const Request& request, grpc::StatusCode expected = grpc::StatusCode::OK) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    Response response;
    const auto stub = Service::NewStub(channel_);
    error_ = (stub.get()->*method)(&context, request, &response);
    EXPECT_EQ(expected, error_.error_code()) << error_.error_message();
    return response;
  }

  v1::MemberEvent Joined(const std::string& customer, const std::string& email) const {
    v1::MemberEvent event;
    event.set_source("app");
    event.set_source_event_id("joined-" + customer);
    event.set_kind(v1::EVENT_KIND_MEMBER_CREATED);
    *event.mutable_event_time() = wire::ToProto(clock_.Now());
    event.mutable_entity()->set_type("member");
    event.mutable_entity()->set_id(customer);
    event.set_customer_id(customer);
    v1::Identifier& identifier = *event.add_identifiers();
    identifier.set_type(v1::IDENTIFIER_TYPE_EMAIL);
    identifier.set_raw(email);
    event.mutable_attributes()->set_given_name("Ada");
    event.mutable_attributes()->set_family_name(customer);
    return event;
  }

  v1::MemberEvent Consent(const std::string& customer) const {
    v1::MemberEvent event;
    event.set_source("app");
    event.set_source_event_id("consent-" + customer);
    event.set_kind(v1::EVENT_KIND_CONSENT_CHANGED);
    *event.mutable_event_time() = wire::ToProto(clock_.Now());
    event.mutable_entity()->set_type("consent");
    event.mutable_entity()->set_id("consent-" + customer);
    event.set_customer_id(customer);
    event.mutable_attributes()->set_channel("email");
    event.mutable_attributes()->set_purpose("marketing");
    event.mutable_attributes()->set_consent_state("granted");
    return event;
  }

  void Publish(const std::vector<v1::MemberEvent>& events) {
    v1::PublishRequest request;
    for (const auto& event : events) *request.add_events() = event;
    const auto response = Call<v1::IngestService>(&v1::IngestService::Stub::Publish, request);
    for (const auto& result : response.results()) {
      EXPECT_EQ(v1::PublishResult::OUTCOME_ACCEPTED, result.outcome()) << result.reason();
    }
    ASSERT_TRUE(owner_->WaitApplied(log_.durable_end() - 1, Seconds(30)).ok());
  }

  v1::Profile ProfileOf(const std::string& email) {
    v1::GetProfileRequest request;
    request.set_email(email);
    return Call<v1::ProfileService>(&v1::ProfileService::Stub::GetProfile, request).profile();
  }

  void PutJourney() {
    v1::PutJourneyRequest request;
    request.set_yaml(kJourney);
    Call<v1::JourneyService>(&v1::JourneyService::Stub::PutJourney, request);
  }

  grpc::Status error_;
};

TEST_F(ServicesTest, AnEventBecomesAProfileAndAnActionThatIsAckedOnce) {
  PutJourney();
  Publish({Consent("c1"), Joined("c1", "Ada@Example.com ")});
  const v1::Profile profile = ProfileOf("ada@example.com");
  EXPECT_EQ("Ada c1", profile.display_name());
  ASSERT_EQ(1, profile.enrolments_size());
  EXPECT_EQ("hello", profile.enrolments(0).journey());

  v1::PullActionsRequest pull;
  auto deliveries =
      Call<v1::ActionService>(&v1::ActionService::Stub::PullActions, pull).deliveries();
  ASSERT_EQ(1, deliveries.size());
  EXPECT_EQ("ada@example.com", deliveries[0].entry().action().address());
  EXPECT_EQ("Hi Ada", deliveries[0].entry().action().email().text());
  EXPECT_EQ(1, deliveries[0].attempt());

  v1::SettleActionsRequest settle;
  settle.add_settlements()->set_lease_token(deliveries[0].lease_token());
  Call<v1::ActionService>(&v1::ActionService::Stub::SettleActions, settle,
                          grpc::StatusCode::INVALID_ARGUMENT);  // no outcome
  settle.mutable_settlements(0)->set_outcome(v1::SETTLE_OUTCOME_ACK);
  const auto settled =
      Call<v1::ActionService>(&v1::ActionService::Stub::SettleActions, settle).settled();
  EXPECT_EQ(1, settled.lease_tokens_size());
  clock_.AdvanceTo(clock_.Now() + Minutes(5));
  EXPECT_EQ(0,
            Call<v1::ActionService>(&v1::ActionService::Stub::PullActions, pull).deliveries_size());
}

// A topic whose broker can be away.
class Topic final : public log::Log {
 public:
  explicit Topic(const Clock& clock) : kept_(clock) {}
  StatusOr<std::vector<log::Offset>> Append(std::span<const std::string_view> records) override {
    attempts++;
    if (is_away) return Unavailable("no broker");
    return kept_.Append(records);
  }
  Status WaitDurable(log::Offset offset) override { return kept_.WaitDurable(offset); }
  Status Read(log::Offset from, size_t max_records, size_t max_bytes,
              std::vector<log::Record>& records) override {
    return kept_.Read(from, max_records, max_bytes, records);
  }
  bool WaitReadable(log::Offset from, Duration timeout) override {
    return kept_.WaitReadable(from, timeout);
  }
  log::Offset start() const override { return kept_.start(); }
  log::Offset durable_end() const override { return kept_.durable_end(); }
  log::Offset end() const override { return kept_.end(); }
  Status TrimBefore(log::Offset offset) override { return kept_.TrimBefore(offset); }

  std::atomic<int> attempts = 0;
  std::atomic<bool> is_away = false;

 private:
  log::InMemoryLog kept_;
};

// mission: C33
TEST_F(ServicesTest, TheMirrorHasEachActionInItsMembersOrderThoughTheTopicWasAway) {
  PutJourney();
  for (const char* subscription : {"mirror", "default"}) {
    ASSERT_TRUE(owner_
                    ->Submit({.request_id = subscription,
                              .tenant = model::TenantId("studio"),
                              .what = model::PutSubscription{{.id = subscription}}},
                             Seconds(30))
                    .ok());
  }
  const auto first = std::make_shared<Topic>(clock_);
  const auto second = std::make_shared<Topic>(clock_);
  const std::vector<std::shared_ptr<log::Log>> topic = {first, second};
  first->is_away = second->is_away = true;
  Publish(
      {Consent("c1"), Joined("c1", "a@example.com"), Consent("c2"), Joined("c2", "b@example.com")});
  const ShardHandle shard = shards_->All().front();
  ActionMirror mirror(*shard, topic, {.interval = std::chrono::milliseconds(1)});
  while (first->attempts + second->attempts < 3) std::this_thread::yield();
  first->is_away = second->is_away = false;
  while (mirror.mirrored() < 2) std::this_thread::yield();

  std::set<std::string> members;
  for (const auto& partition : topic) {
    std::vector<log::Record> records;
    ASSERT_TRUE(partition->Read(0, 100, 1 << 20, records).ok());
    for (const log::Record& record : records) {
      v1::MirroredEntry mirrored;
      ASSERT_TRUE(mirrored.ParseFromString(std::string(record.payload)));
      EXPECT_EQ("studio", mirrored.tenant());
      EXPECT_EQ("hello", mirrored.entry().action().journey());
      EXPECT_EQ(mirrored.entry().profile(), ActionMirror::KeyOf(record.payload));
      EXPECT_EQ(
          partition == topic[static_cast<size_t>(log::ShardOf(mirrored.entry().profile(), 2))],
          true);
      members.insert(mirrored.entry().profile());
    }
  }
  EXPECT_EQ(2u, members.size());
  EXPECT_EQ(0u, dispatcher_.StatusOf(model::TenantId("studio"), "mirror").waiting);
  EXPECT_EQ(2u, dispatcher_.StatusOf(model::TenantId("studio"), "default").waiting);
}

// A terminal that was closed, a client behind a proxy that gave up.
TEST_F(ServicesTest, APullThatWasGivenUpTakesNothingWithIt) {
  PutJourney();
  v1::PullActionsRequest pull;
  *pull.mutable_wait() = wire::ToProto(Seconds(60));
  const auto stub = v1::ActionService::NewStub(channel_);
  for (int i = 0; i < 8; ++i) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(100));
    v1::PullActionsResponse response;
    EXPECT_EQ(grpc::StatusCode::DEADLINE_EXCEEDED,
              stub->PullActions(&context, pull, &response).error_code());
  }
  Publish({Consent("c1"), Joined("c1", "a@example.com")});
  *pull.mutable_wait() = wire::ToProto(Seconds(5));
  EXPECT_EQ(1,
            Call<v1::ActionService>(&v1::ActionService::Stub::PullActions, pull).deliveries_size());
}

TEST_F(ServicesTest, AStreamDeliversForCreditAndAnswersSettlements) {
  PutJourney();
  Publish(
      {Consent("c1"), Joined("c1", "a@example.com"), Consent("c2"), Joined("c2", "b@example.com")});
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
  const auto stub = v1::ActionService::NewStub(channel_);
  const auto stream = stub->StreamActions(&context);
  v1::StreamActionsRequest request;
  request.mutable_open()->mutable_credit()->set_deliveries(1);
  ASSERT_TRUE(stream->Write(request));
  v1::StreamActionsResponse response;
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ("default", response.opened().subscription().id());
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(stream->Read(&response));
    ASSERT_EQ(1, response.deliveries().deliveries_size());  // as much as the credit allows
    request.Clear();
    v1::Settlement& settlement = *request.mutable_settle()->add_settlements();
    settlement.set_lease_token(response.deliveries().deliveries(0).lease_token());
    settlement.set_outcome(v1::SETTLE_OUTCOME_ACK);
    ASSERT_TRUE(stream->Write(request));
    ASSERT_TRUE(stream->Read(&response));
    EXPECT_EQ(1, response.settled().lease_tokens_size());
    request.Clear();
    request.mutable_credit()->set_deliveries(1);
    ASSERT_TRUE(stream->Write(request));
  }
  request.Clear();
  request.mutable_drain();
  ASSERT_TRUE(stream->Write(request));
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(ServicesTest, AStreamBeginsWithOpenAndEndsWhenTheServerStops) {
  const auto stub = v1::ActionService::NewStub(channel_);
  v1::StreamActionsRequest request;
  v1::StreamActionsResponse response;
  {
    grpc::ClientContext context;
    const auto stream = stub->StreamActions(&context);
    request.mutable_drain();
    ASSERT_TRUE(stream->Write(request));
    EXPECT_FALSE(stream->Read(&response));
    EXPECT_EQ(grpc::StatusCode::INVALID_ARGUMENT, stream->Finish().error_code());
  }
  grpc::ClientContext context;
  const auto stream = stub->StreamActions(&context);
  request.mutable_open();
  ASSERT_TRUE(stream->Write(request));
  ASSERT_TRUE(stream->Read(&response));
  server_->Stop(Seconds(20));
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_TRUE(response.has_revoked());
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(ServicesTest, AMutationSentTwiceGetsTheFirstAnswer) {
  v1::PutSegmentRequest request;
  request.set_request_id("r-1");
  request.set_yaml(kSegment);
  const auto first = Call<v1::SegmentService>(&v1::SegmentService::Stub::PutSegment, request);
  const auto again = Call<v1::SegmentService>(&v1::SegmentService::Stub::PutSegment, request);
  EXPECT_EQ(first.segment().revision(), again.segment().revision());
}

TEST_F(ServicesTest, ASegmentIsCheckedCountedAndListed) {
  Publish({Joined("c1", "a@example.com"), Joined("c2", "b@example.com")});
  v1::PutSegmentRequest put;
  put.set_yaml(kSegment);
  put.set_validate_only(true);
  EXPECT_EQ(2, Call<v1::SegmentService>(&v1::SegmentService::Stub::PutSegment, put).members());
  v1::GetSegmentRequest get;
  get.set_segment("members");
  Call<v1::SegmentService>(&v1::SegmentService::Stub::GetSegment, get, grpc::StatusCode::NOT_FOUND);
  put.set_validate_only(false);
  Call<v1::SegmentService>(&v1::SegmentService::Stub::PutSegment, put);
  v1::AdvanceTimeRequest advance;  // Work records decide the members that are there
  *advance.mutable_to() = wire::ToProto(clock_.Now() + Minutes(1));
  Call<v1::AdminService>(&v1::AdminService::Stub::AdvanceTime, advance);
  v1::ListMembersRequest members;
  members.set_segment("members");
  members.set_page_size(1);
  auto page = Call<v1::SegmentService>(&v1::SegmentService::Stub::ListMembers, members);
  ASSERT_EQ(1, page.members_size());
  members.set_page_token(page.next_page_token());
  const auto second = Call<v1::SegmentService>(&v1::SegmentService::Stub::ListMembers, members);
  ASSERT_EQ(1, second.members_size());
  EXPECT_NE(page.members(0).profile(), second.members(0).profile());
  EXPECT_EQ("", second.next_page_token());

  put.mutable_segment()->set_id("bad");
  put.mutable_segment()->set_expression("events('vist').exists()");
  Call<v1::SegmentService>(&v1::SegmentService::Stub::PutSegment, put,
                           grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_NE(std::string::npos, error_.error_message().find("did you mean 'visit'"));
  EXPECT_NE(std::string::npos, error_.error_details().find("INVALID_ARGUMENT"));
}

TEST_F(ServicesTest, ExplainsAMemberByClausesJourneysAndRefusals) {
  PutJourney();
  v1::PutSegmentRequest put;
  put.set_yaml(kSegment);
  Call<v1::SegmentService>(&v1::SegmentService::Stub::PutSegment, put);
  Publish({Joined("c1", "a@example.com")});  // gave no consent
  v1::ExplainRequest request;
  request.set_profile(ProfileOf("a@example.com").id());
  const auto explained = Call<v1::ProfileService>(&v1::ProfileService::Stub::Explain, request);
  ASSERT_EQ(1, explained.segments_size());
  EXPECT_TRUE(explained.segments(0).membership().is_member());
  ASSERT_EQ(2, explained.segments(0).clauses_size());
  EXPECT_EQ("events('signup').exists()", explained.segments(0).clauses(0).text());
  EXPECT_TRUE(explained.segments(0).clauses(0).holds());
  ASSERT_EQ(1, explained.journeys_size());
  ASSERT_EQ(1, explained.refusals_size());
  EXPECT_EQ(v1::REFUSAL_REASON_NO_CONSENT, explained.refusals(0).reason());
  EXPECT_EQ(0, explained.waiting_size());
}

TEST_F(ServicesTest, ExplainsWhatWaitsForDelivery) {
  PutJourney();
  Publish({Consent("c1"), Joined("c1", "a@example.com")});
  v1::ExplainRequest request;
  request.set_profile(ProfileOf("a@example.com").id());
  auto explained = Call<v1::ProfileService>(&v1::ProfileService::Stub::Explain, request);
  ASSERT_EQ(1, explained.waiting_size());
  EXPECT_EQ("default", explained.waiting(0).subscription());
  EXPECT_EQ("mail", explained.waiting(0).action().step());

  v1::SettleActionsRequest settle;
  v1::Settlement& ack = *settle.add_settlements();
  ack.set_lease_token(
      Call<v1::ActionService>(&v1::ActionService::Stub::PullActions, v1::PullActionsRequest())
          .deliveries(0)
          .lease_token());
  ack.set_outcome(v1::SETTLE_OUTCOME_ACK);
  Call<v1::ActionService>(&v1::ActionService::Stub::SettleActions, settle);
  explained = Call<v1::ProfileService>(&v1::ProfileService::Stub::Explain, request);
  EXPECT_EQ(0, explained.waiting_size());
}

TEST_F(ServicesTest, WhatCannotBeReadBecomesADeadLetterAndTheRestGoesOn) {
  v1::PublishRequest request;
  *request.add_events() = Joined("c1", "a@example.com");
  *request.add_events() = Joined("c2", "b@example.com");
  request.mutable_events(0)->set_kind(static_cast<v1::EventKind>(999));
  const auto response = Call<v1::IngestService>(&v1::IngestService::Stub::Publish, request);
  EXPECT_EQ(v1::PublishResult::OUTCOME_DEAD_LETTER, response.results(0).outcome());
  EXPECT_EQ(v1::PublishResult::OUTCOME_ACCEPTED, response.results(1).outcome());
  const auto letters = Call<v1::AdminService>(&v1::AdminService::Stub::ListDeadLetters,
                                              v1::ListDeadLettersRequest());
  ASSERT_EQ(1, letters.dead_letters_size());
  EXPECT_EQ(response.results(0).dead_letter(), letters.dead_letters(0).id());
}

// mission: E1
TEST_F(ServicesTest, ANewTenantIsInTheControlLogForIntake) {
  const model::TenantId north("north");
  v1::CreateTenantRequest request;
  request.set_request_id("create-north");
  request.mutable_tenant()->set_id("north");
  request.mutable_tenant()->set_region("AT");
  request.mutable_tenant()->add_sources()->set_name("door");
  Call<v1::AdminService>(&v1::AdminService::Stub::CreateTenant, request);
  const model::TenantEntry entry{.tenant = north, .region = "AT", .sources = {{.name = "door"}}};
  EXPECT_EQ(entry, directory_.Find(north));
  EXPECT_EQ((model::PlaceTenant{.tenant = north}), directory_.PlacedAt(north));

  // Placed elsewhere since, and with a topic: the same request again changes neither.
  const model::PlaceTenant moved{.tenant = north, .shard = 5};
  model::TenantEntry with_topic = entry;
  with_topic.sources[0].topics = {"doors"};
  ASSERT_TRUE(directory_.Append(moved).ok());
  ASSERT_TRUE(directory_.Append(with_topic).ok());
  const log::Offset end = control_log_.end();
  Call<v1::AdminService>(&v1::AdminService::Stub::CreateTenant, request);
  EXPECT_EQ(end, control_log_.end());
  EXPECT_EQ(moved, directory_.PlacedAt(north));

  request.mutable_tenant()->set_id("South Gym");  // refused by the shard: not announced
  Call<v1::AdminService>(&v1::AdminService::Stub::CreateTenant, request,
                         grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(std::vector{north}, directory_.Tenants());
}

TEST_F(ServicesTest, CreatingATenantThatIsThereResetsNothing) {
  v1::CreateTenantRequest create;
  create.mutable_tenant()->set_id("north");
  create.mutable_tenant()->set_region("AT");
  create.mutable_tenant()->add_sources()->set_name("door");
  create.mutable_tenant()->set_sms_per_week(1);
  Call<v1::AdminService>(&v1::AdminService::Stub::CreateTenant, create);
  create.mutable_tenant()->clear_region();
  create.mutable_tenant()->set_title("North");
  Call<v1::AdminService>(&v1::AdminService::Stub::CreateTenant, create,
                         grpc::StatusCode::ALREADY_EXISTS);
  EXPECT_EQ("AT", (*engine::FindTenant(store_, model::TenantId("north")))->region);

  v1::UpdateTenantRequest update;
  update.mutable_tenant()->set_id("north");
  update.mutable_tenant()->set_title("North");
  update.mutable_tenant()->set_quiet_from_minute(20 * 60);
  update.mutable_tenant()->add_sources()->set_name("till");
  v1::SourceDeclaration& door = *update.mutable_tenant()->add_sources();
  door.set_name("door");
  door.set_site("main");
  const v1::Tenant after =
      Call<v1::AdminService>(&v1::AdminService::Stub::UpdateTenant, update).tenant();
  EXPECT_EQ("AT", after.region());
  EXPECT_EQ(1, after.sms_per_week());
  EXPECT_EQ("North", after.title());
  EXPECT_EQ(20 * 60, after.quiet_from_minute());
  ASSERT_EQ(2, after.sources_size());
  EXPECT_EQ("main", after.sources(0).site());
  EXPECT_EQ("till", after.sources(1).name());
  EXPECT_EQ(2u, directory_.Find(model::TenantId("north"))->sources.size());

  update.mutable_tenant()->set_quiet_from_minute(24 * 60);
  Call<v1::AdminService>(&v1::AdminService::Stub::UpdateTenant, update,
                         grpc::StatusCode::INVALID_ARGUMENT);
  update.mutable_tenant()->set_id("south");
  Call<v1::AdminService>(&v1::AdminService::Stub::UpdateTenant, update,
                         grpc::StatusCode::NOT_FOUND);
}

TEST_F(ServicesTest, TheStateHashVerifies) {
  Publish({Joined("c1", "a@example.com"), Consent("c1")});
  v1::GetStateHashRequest request;
  request.set_verify(true);
  const auto hash = Call<v1::AdminService>(&v1::AdminService::Stub::GetStateHash, request);
  EXPECT_TRUE(hash.verified());
  for (const auto& table : hash.tables()) EXPECT_EQ(table.hash(), table.recomputed());
}

TEST_F(ServicesTest, ATenantOfAnotherShardIsToldWhereAndWhenToAskAgain) {
  shards_->is_away = true;
  grpc::ClientContext context;
  v1::ListSegmentsResponse response;
  const auto stub = v1::SegmentService::NewStub(channel_);
  const grpc::Status status = stub->ListSegments(&context, {}, &response);
  EXPECT_EQ(grpc::StatusCode::UNAVAILABLE, status.error_code());
  EXPECT_EQ("tenant 'studio' lives on shard 3", status.error_message());
  EXPECT_NE(std::string::npos, status.error_details().find("google.rpc.RetryInfo"));
  const auto& trailers = context.GetServerTrailingMetadata();
  ASSERT_EQ(1u, trailers.count(kRetryAfterMetadata));
  EXPECT_EQ("1000", trailers.find(kRetryAfterMetadata)->second);
  EXPECT_EQ(1u, trailers.count(kElsewhereMetadata));
}

TEST_F(ServicesTest, AStreamOfATenantOfAnotherShardEndsAtOnceWithTheHint) {
  shards_->is_away = true;
  grpc::ClientContext context;
  const auto stub = v1::ActionService::NewStub(channel_);
  const auto stream = stub->StreamActions(&context);
  v1::StreamActionsResponse response;
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_EQ(grpc::StatusCode::UNAVAILABLE, stream->Finish().error_code());
  EXPECT_EQ(1u, context.GetServerTrailingMetadata().count(kRetryAfterMetadata));
}

TEST_F(ServicesTest, ACallAboutAShardNamesTheShard) {
  v1::GetStatusRequest request;
  request.set_shard(1);
  Call<v1::AdminService>(&v1::AdminService::Stub::GetStatus, request,
                         grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ("shard 1: this program has shard 0 alone", error_.error_message());
}

TEST_F(ServicesTest, RefusesANegativePageAndAForeignToken) {
  v1::ListProfilesRequest request;
  request.set_page_size(-1);
  Call<v1::ProfileService>(&v1::ProfileService::Stub::ListProfiles, request,
                           grpc::StatusCode::INVALID_ARGUMENT);
  request.set_page_size(0);
  request.set_page_token("zz");
  Call<v1::ProfileService>(&v1::ProfileService::Stub::ListProfiles, request,
                           grpc::StatusCode::INVALID_ARGUMENT);
}

}  // namespace
}  // namespace spotter::api
