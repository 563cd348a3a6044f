// SPDX-License-Identifier: Apache-2.0
//
// The life of a segment as a client sees it, over a real shard.
// mission: A28 C33
#include <gtest/gtest.h>

#include "api_fixture.h"
#include "spotter/v1/admin_service.grpc.pb.h"
#include "spotter/v1/ingest_service.grpc.pb.h"
#include "spotter/v1/profile_service.grpc.pb.h"
#include "spotter/v1/segment_service.grpc.pb.h"
#include "wire/leaf.h"

namespace spotter::api {
namespace {

using Service = v1::SegmentService;

class SegmentServiceTest : public ApiTest {
 protected:
  template <typename S, typename Request, typename Response>
  Response Call(grpc::Status (S::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                const Request& request, grpc::StatusCode expected = grpc::StatusCode::OK) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    Response response;
    const auto stub = S::NewStub(channel_);
    error_ = (stub.get()->*method)(&context, request, &response);
    EXPECT_EQ(expected, error_.error_code()) << error_.error_message();
    return response;
  }

  void Visit(const std::string& customer) {
    v1::PublishRequest request;
    v1::MemberEvent& event = *request.add_events();
    event.set_source("app");
    event.set_source_event_id(fmt::format("visit-{}-{}", customer, ++events_));
    event.set_kind(v1::EVENT_KIND_ATTENDANCE);
    *event.mutable_event_time() = wire::ToProto(clock_.Now());
    event.mutable_entity()->set_type("attendance");
    event.mutable_entity()->set_id(event.source_event_id());
    event.set_customer_id(customer);
    event.mutable_attributes()->set_status("completed");
    const auto response = Call<v1::IngestService>(&v1::IngestService::Stub::Publish, request);
    EXPECT_EQ(v1::PublishResult::OUTCOME_ACCEPTED, response.results(0).outcome());
    ASSERT_TRUE(owner_->WaitApplied(log_.durable_end() - 1, Seconds(30)).ok());
  }
  // Ticks and bulk work are done up to a later time.
  void Pass(Duration duration) {
    v1::AdvanceTimeRequest advance;
    *advance.mutable_to() = wire::ToProto(clock_.Now() + duration);
    Call<v1::AdminService>(&v1::AdminService::Stub::AdvanceTime, advance);
  }
  static v1::PutSegmentRequest Segment(const std::string& id, const std::string& expression) {
    v1::PutSegmentRequest request;
    request.mutable_segment()->set_id(id);
    request.mutable_segment()->set_expression(expression);
    return request;
  }
  v1::PutSegmentResponse Put(const std::string& id, const std::string& expression) {
    return Call<Service>(&Service::Stub::PutSegment, Segment(id, expression));
  }
  v1::GetSegmentResponse Get(const std::string& id,
                             grpc::StatusCode expected = grpc::StatusCode::OK) {
    v1::GetSegmentRequest request;
    request.set_segment(id);
    return Call<Service>(&Service::Stub::GetSegment, request, expected);
  }
  void Delete(const std::string& id, const std::string& etag = "",
              grpc::StatusCode expected = grpc::StatusCode::OK) {
    v1::DeleteSegmentRequest request;
    request.set_segment(id);
    request.set_etag(etag);
    Call<Service>(&Service::Stub::DeleteSegment, request, expected);
  }
  std::vector<v1::SegmentTransition> Stream(v1::StreamTransitionsRequest request,
                                            grpc::StatusCode expected = grpc::StatusCode::OK) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    const auto reader = Service::NewStub(channel_)->StreamTransitions(&context, request);
    std::vector<v1::SegmentTransition> all;
    v1::StreamTransitionsResponse response;
    while (reader->Read(&response)) {
      all.insert(all.end(), response.transitions().begin(), response.transitions().end());
      resume_token_ = response.resume_token();
    }
    error_ = reader->Finish();
    EXPECT_EQ(expected, error_.error_code()) << error_.error_message();
    return all;
  }

  int events_ = 0;
  std::string resume_token_;
  grpc::Status error_;
};

constexpr char kVisited[] = "events('visit').within(days(2)).exists()";

TEST_F(SegmentServiceTest, OfTwoEditorsTheSlowerIsToldWhatStandsThere) {
  const v1::PutSegmentResponse created = Put("vip", "true");
  EXPECT_EQ(v1::PUT_OUTCOME_CREATED, created.outcome());
  EXPECT_EQ(v1::PUT_OUTCOME_UNCHANGED, Put("vip", "true").outcome());
  const v1::Segment ann = Get("vip").segment();
  const v1::Segment ben = Get("vip").segment();
  EXPECT_EQ(created.segment().etag(), ann.etag());
  v1::PutSegmentRequest change;
  *change.mutable_segment() = ann;
  change.mutable_segment()->set_expression("false");
  const auto changed = Call<Service>(&Service::Stub::PutSegment, change);
  EXPECT_EQ(v1::PUT_OUTCOME_CHANGED, changed.outcome());
  *change.mutable_segment() = ben;
  change.mutable_segment()->set_title("Very important");
  Call<Service>(&Service::Stub::PutSegment, change, grpc::StatusCode::ABORTED);
  EXPECT_EQ(fmt::format("segment 'vip' has etag '{}', the change was made from etag '{}': somebody "
                        "changed it meanwhile; read it again",
                        changed.segment().etag(), ben.etag()),
            error_.error_message());
  change.set_validate_only(true);
  Call<Service>(&Service::Stub::PutSegment, change, grpc::StatusCode::ABORTED);
  Delete("vip", ben.etag(), grpc::StatusCode::ABORTED);
  Delete("vip", changed.segment().etag());
  Get("vip", grpc::StatusCode::NOT_FOUND);
}

TEST_F(SegmentServiceTest, OneInUseIsNotDeleted) {
  Put("vip", "true");
  Put("reader", "segment('vip')");
  Delete("vip", "", grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_NE(std::string::npos, error_.error_message().find("segment 'reader'"));
  Delete("reader");
  Delete("vip");
}

TEST_F(SegmentServiceTest, APreviewSaysWhoWouldEnterAndLeaveAndChangesNothing) {
  Put("vip", "events('visit').count() >= 2");
  for (const std::string customer : {"a", "a", "b", "b", "c"}) Visit(customer);
  ASSERT_EQ(2, Get("vip").members());
  v1::PutSegmentRequest request = Segment("vip", "events('visit').count() == 1");
  request.set_validate_only(true);
  const auto response = Call<Service>(&Service::Stub::PutSegment, request);
  EXPECT_EQ(v1::PUT_OUTCOME_CHANGED, response.outcome());
  EXPECT_EQ(1, response.members());
  EXPECT_EQ(1, response.preview().enter());
  EXPECT_EQ(2, response.preview().leave());
  EXPECT_EQ(3, response.preview().asked());
  ASSERT_EQ(1, response.preview().entering_size());
  EXPECT_EQ(2, response.preview().leaving_size());
  EXPECT_EQ(2, Get("vip").members());
  EXPECT_EQ("events('visit').count() >= 2", Get("vip").segment().expression());

  // One that reads another which is only about to be made.
  request = Segment("both", "segment('vip') && segment('new')");
  request.set_validate_only(true);
  Call<Service>(&Service::Stub::PutSegment, request, grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ("segment 'both': reads segment 'new', which does not exist", error_.error_message());
  v1::Segment& other = *request.add_together_with();
  other.set_id("new");
  other.set_expression("events('visit').count() >= 2");
  EXPECT_EQ(2, Call<Service>(&Service::Stub::PutSegment, request).preview().enter());
  other.set_expression("segment('both')");
  Call<Service>(&Service::Stub::PutSegment, request, grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_NE(std::string::npos, error_.error_message().find("circle"));
}

// mission: C76
TEST_F(SegmentServiceTest, AZoneNeedsRulesForAPreviewAndForASegment) {
  for (const std::string customer : {"a", "b"}) Visit(customer);
  Visit("b");
  constexpr std::string_view kWeek = "events('visit').calendarWeek('Test/Zone').count() >= 2";
  for (const bool is_preview : {true, false}) {
    v1::PutSegmentRequest request = Segment("week", std::string(kWeek));
    request.set_validate_only(is_preview);
    Call<Service>(&Service::Stub::PutSegment, request, grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(0U,
              error_.error_message().find(
                  "segment 'week': unknown time zone 'Test/Zone' at 1:30; the log has no rules"))
        << error_.error_message();
  }
  v1::PutZoneRulesRequest rules;
  rules.set_request_id("zone");
  rules.set_zone("Test/Zone");
  rules.set_tzif(operations_.ZoneRules("UTC").value());
  Call<v1::AdminService>(&v1::AdminService::Stub::PutZoneRules, rules);
  v1::PutSegmentRequest request = Segment("week", std::string(kWeek));
  request.set_validate_only(true);
  EXPECT_EQ(1, Call<Service>(&Service::Stub::PutSegment, request).preview().enter());
  Put("week", std::string(kWeek));
  Pass(Seconds(1));
  EXPECT_EQ(1, Get("week").members());
}

TEST_F(SegmentServiceTest, WarnsOfAKindThatNoSourceSends) {
  EXPECT_EQ(0, Put("early", "events('workout').exists()").warnings_size());  // nobody yet
  Visit("a");
  EXPECT_EQ(0, Put("sent", kVisited).warnings_size());
  const auto response = Put("unsent", "events('workout').exists()");
  ASSERT_EQ(1, response.warnings_size());
  EXPECT_NE(std::string::npos, response.warnings(0).find("no event of kind 'workout'"));
}

// mission: B16
TEST_F(SegmentServiceTest, AllPagesOfAListShowOneState) {
  Put("vip", kVisited);
  for (const std::string customer : {"a", "b", "c", "d", "e"}) Visit(customer);
  Pass(Days(1));
  Visit("a");  // she alone is still in it tomorrow
  v1::ListMembersRequest request;
  request.set_segment("vip");
  std::map<std::string, int64_t> expected;
  const auto whole = Call<Service>(&Service::Stub::ListMembers, request);
  for (const auto& member : whole.members()) {
    expected[member.profile()] = member.since().seconds();
  }
  ASSERT_EQ(5U, expected.size());
  request.set_page_size(2);
  std::map<std::string, int64_t> found;
  auto page = Call<Service>(&Service::Stub::ListMembers, request);
  const int64_t offset = page.offset();
  for (int turn = 0; turn < 4; ++turn) {
    EXPECT_EQ(offset, page.offset());
    EXPECT_EQ(5, page.total());
    for (const auto& member : page.members()) found[member.profile()] = member.since().seconds();
    // Meanwhile four leave, three enter who were not there, and one comes back.
    if (turn == 0) {
      Pass(Days(1));
      for (const std::string customer : {"b", "f", "g", "h"}) Visit(customer);
    }
    if (page.next_page_token().empty()) break;
    request.set_page_token(page.next_page_token());
    page = Call<Service>(&Service::Stub::ListMembers, request);
  }
  EXPECT_EQ(expected, found);
  EXPECT_EQ("", page.next_page_token());
  request.clear_page_token();
  EXPECT_EQ(5, Call<Service>(&Service::Stub::ListMembers, request).total());  // a b f g h
  // What such a page needs is not kept for ever.
  const std::string token = Call<Service>(&Service::Stub::ListMembers, request).next_page_token();
  Pass(Days(3));
  Pass(Days(40));
  request.set_page_token(token);
  Call<Service>(&Service::Stub::ListMembers, request, grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_NE(std::string::npos, error_.error_message().find("list the members anew"));
}

TEST_F(SegmentServiceTest, TransitionsAreStreamedAndResumed) {
  Put("vip", kVisited);
  Put("other", "true");
  Visit("a");
  Visit("b");
  v1::StreamTransitionsRequest request;
  request.set_segment("vip");
  auto seen = Stream(request);
  ASSERT_EQ(2U, seen.size());
  EXPECT_TRUE(seen[0].transition().entered());
  EXPECT_EQ(v1::CAUSE_LIVE, seen[0].transition().cause());
  EXPECT_EQ(2, seen[1].members());
  const EventTime entered = clock_.Now();
  request.set_resume_token(resume_token_);
  EXPECT_EQ(0U, Stream(request).size());
  Pass(Days(3));
  seen = Stream(request);
  ASSERT_EQ(2U, seen.size());
  EXPECT_FALSE(seen[0].transition().entered());
  EXPECT_EQ(v1::CAUSE_TIME, seen[0].transition().cause());
  EXPECT_EQ((entered + Days(2)).ms / 1000, seen[0].transition().effective_time().seconds());
  request.clear_segment();  // of all segments
  request.clear_resume_token();
  EXPECT_EQ(6U, Stream(request).size());
  // From a list on: nothing is missed and nothing comes twice.
  v1::ListMembersRequest list;
  list.set_segment("vip");
  request.set_segment("vip");
  request.set_from_offset(Call<Service>(&Service::Stub::ListMembers, list).offset());
  Visit("c");
  seen = Stream(request);
  ASSERT_EQ(1U, seen.size());
  EXPECT_EQ(1, seen[0].members());
  Pass(Days(40));
  Stream(request, grpc::StatusCode::FAILED_PRECONDITION);
  request.set_segment("nobody");
  request.clear_from_offset();
  Stream(request, grpc::StatusCode::NOT_FOUND);
  request.set_resume_token("zz");
  Stream(request, grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(SegmentServiceTest, AStreamThatFollowsHearsOfWhatComes) {
  Put("vip", kVisited);
  v1::StreamTransitionsRequest request;
  request.set_segment("vip");
  request.set_follow(true);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
  const auto stub = Service::NewStub(channel_);
  const auto reader = stub->StreamTransitions(&context, request);
  Visit("a");
  v1::StreamTransitionsResponse response;
  do {
    ASSERT_TRUE(reader->Read(&response));
  } while (response.transitions_size() == 0);
  EXPECT_TRUE(response.transitions(0).transition().entered());
  server_->Stop(Seconds(0));
  while (reader->Read(&response)) {
  }
  EXPECT_FALSE(reader->Finish().ok());
}

TEST_F(SegmentServiceTest, TellsHowManyThereWereDayByDay) {
  Put("vip", kVisited);
  Visit("a");
  Pass(Days(1));
  Visit("b");
  for (int day = 0; day < 4; ++day) Pass(Days(1) + Minutes(1));
  v1::GetSegmentRequest request;
  request.set_segment("vip");
  std::vector<int64_t> members;
  const auto got = Call<Service>(&Service::Stub::GetSegment, request);
  for (const auto& day : got.history()) members.push_back(day.members());
  EXPECT_EQ((std::vector<int64_t>{1, 2, 1, 0, 0, 0}), members);
  request.set_history_days(2);
  EXPECT_EQ(2, Call<Service>(&Service::Stub::GetSegment, request).history_size());
  request.set_history_days(401);
  Call<Service>(&Service::Stub::GetSegment, request, grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(SegmentServiceTest, ListsHowEachSegmentStands) {
  Visit("a");
  Visit("b");
  Put("one", kVisited);
  Put("two", "false");
  Pass(Minutes(1));
  const auto list = Call<Service>(&Service::Stub::ListSegments, v1::ListSegmentsRequest());
  ASSERT_EQ(2, list.statuses_size());
  EXPECT_EQ(2, list.statuses(0).members());
  EXPECT_EQ(0, list.statuses(1).members());
  EXPECT_EQ(2, list.statuses(1).decided());
  EXPECT_EQ(0, list.statuses(1).undecided());
}

// mission: C33
TEST_F(SegmentServiceTest, AMembershipIsExplainedByItsPartsAndTheirFacts) {
  Put("came", "events('visit').exists()");
  Put("why",
      "(events('visit').within(days(14)).exists() || segment('came')) && "
      "!(events('purchase').count() > 2) && member.plan != 'trial'");
  Visit("ann");
  v1::ListProfilesRequest list;
  const auto profiles = Call<v1::ProfileService>(&v1::ProfileService::Stub::ListProfiles, list);
  v1::ExplainRequest request;
  request.set_profile(profiles.profiles(0).id());
  request.set_segment("why");
  const auto response = Call<v1::ProfileService>(&v1::ProfileService::Stub::Explain, request);
  const v1::SegmentExplanation& why = response.segments(0);
  EXPECT_FALSE(why.membership().is_member());
  ASSERT_EQ(3, why.clauses_size());

  const v1::ClauseExplanation& either = why.clauses(0);
  EXPECT_TRUE(either.holds());
  EXPECT_EQ("or", either.joined_by());
  ASSERT_EQ(2, either.parts_size());
  const v1::ClauseExplanation& lately = either.parts(0);
  EXPECT_EQ("events('visit').within(days(14)).exists()", lately.text());
  EXPECT_TRUE(lately.holds());
  ASSERT_EQ(1, lately.facts_size());
  EXPECT_EQ("visit", lately.facts(0).kind());
  const EventTime until = wire::Reader().Time(lately.valid_until(), "valid_until");
  EXPECT_EQ(wire::Reader().Time(lately.facts(0).time(), "time") + Days(14), until);
  ASSERT_EQ(2, lately.changed_by_size());
  EXPECT_EQ("an event that counts as visit", lately.changed_by(0));
  EXPECT_EQ("time, at the earliest " + FormatTime(until), lately.changed_by(1));
  EXPECT_EQ("the segment came", either.parts(1).changed_by(0));

  EXPECT_EQ("not", why.clauses(1).joined_by());
  EXPECT_TRUE(why.clauses(1).holds());
  EXPECT_FALSE(why.clauses(1).parts(0).holds());
  EXPECT_FALSE(why.clauses(2).holds());  // she has no plan: an error is no match
  EXPECT_EQ("the trait plan", why.clauses(2).changed_by(0));
  EXPECT_EQ(0, why.clauses(2).traits_size());
}

}  // namespace
}  // namespace spotter::api
