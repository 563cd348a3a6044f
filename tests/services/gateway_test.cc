// SPDX-License-Identifier: Apache-2.0
//
// The gateway's proxy before two real engines over shards in memory: calls and streams go to the
// owner of the tenant's shard, and to the next owner when the shard moves.
// mission: C33
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "api/no_reflection.h"
#include "control/directory.h"
#include "services/gateway/proxy.h"
#include "spotter/v1/action_service.grpc.pb.h"
#include "spotter/v1/admin_service.grpc.pb.h"
#include "spotter/v1/segment_service.grpc.pb.h"
#include "unit/api/api_fixture.h"

namespace spotter::service {
namespace {

using api::FakeOperations;
constexpr auto kDeadline = std::chrono::seconds(20);

std::vector<access::TokenEntry> Tokens() {
  const std::vector<access::Role> roles = {access::Role::kSubscriber, access::Role::kAnalyst,
                                           access::Role::kOperator};
  return {{.token_sha256 = FakeOperations::FakeSha("both"),
           .principal = {.name = "both", .tenants = {"studio", "other"}, .roles = roles}},
          {.token_sha256 = FakeOperations::FakeSha("one"),
           .principal = {.name = "one", .tenants = {"studio"}, .roles = roles}}};
}

// An engine with one real shard. It has both tenants, so that only the way of a call decides whose
// data it sees.
class Engine final : public api::ApiTest {
 public:
  Engine() : ApiTest(Tokens()) {}
  std::string address() const { return fmt::format("127.0.0.1:{}", server_->port()); }
  // Another listener, that describes no services.
  std::unique_ptr<api::Server> ServeUndescribed() {
    return *api::Server::Start({.address = "127.0.0.1:0", .reflection = false},
                               {.shards = *shards_,
                                .intake = intake_,
                                .directory = directory_,
                                .dead_letters = dead_letters_,
                                .operations = operations_,
                                .clock = clock_,
                                .gate = *gate_});
  }
  void set_away(bool away) { shards_->is_away = away; }
  uint64_t Calls(const std::string& method, grpc::StatusCode code) const {
    const auto counts = gate_->counts();
    const auto found = counts.find({method, static_cast<int>(code)});
    return found == counts.end() ? 0 : found->second;
  }

 private:
  void TestBody() override {}
};

class GatewayTest : public testing::Test {
 protected:
  GatewayTest()
      : control_log_(clock_),
        directory_(control_log_),
        routes_(directory_, {}),
        backends_(grpc::InsecureChannelCredentials()),
        tokens_(*access::TokenTable::Make(Tokens())),
        gate_(&tokens_, FakeOperations::FakeSha),
        proxy_(routes_, backends_, gate_, /*reflection=*/true) {
    Put(model::ShardCount{.partitions = 3, .log_topic = "spotter.log"});
    Put(model::PlaceTenant{.tenant = model::TenantId("studio"), .shard = 0});
    Put(model::PlaceTenant{.tenant = model::TenantId("other"), .shard = 1});
    Own(0, 1, a_.address());
    Own(1, 1, b_.address());
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterCallbackGenericService(&proxy_);
    builder.SetOption(std::make_unique<api::NoReflection>());
    server_ = builder.BuildAndStart();
    channel_ =
        grpc::CreateChannel(fmt::format("127.0.0.1:{}", port), grpc::InsecureChannelCredentials());
  }
  ~GatewayTest() override {
    server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(5));
    EXPECT_EQ(0u, proxy_.open_calls());
  }

  void Put(const model::ControlRecord& record) {
    const Status put = directory_.Append(record);
    EXPECT_TRUE(put.ok()) << put;
  }
  void Own(int32_t shard, int64_t generation, const std::string& address) {
    Put(model::ShardOwner{
        .shard = shard, .generation = generation, .owner = address, .address = address});
  }

  static void SetUp(grpc::ClientContext& context, const std::string& token,
                    const std::string& tenant) {
    context.set_deadline(std::chrono::system_clock::now() + kDeadline);
    if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
    if (!tenant.empty()) context.AddMetadata("spotter-tenant", tenant);
  }
  grpc::Status ListSegments(const std::string& token, const std::string& tenant,
                            std::string* retry_after = nullptr) {
    grpc::ClientContext context;
    SetUp(context, token, tenant);
    v1::ListSegmentsResponse response;
    const grpc::Status status =
        v1::SegmentService::NewStub(channel_)->ListSegments(&context, {}, &response);
    const auto& trailers = context.GetServerTrailingMetadata();
    const auto hint = trailers.find(api::kRetryAfterMetadata);
    if (retry_after != nullptr && hint != trailers.end()) {
      *retry_after = std::string(hint->second.data(), hint->second.size());
    }
    return status;
  }
  grpc::Status GetStatus(int32_t shard) {
    grpc::ClientContext context;
    SetUp(context, "both", "");
    v1::GetStatusRequest request;
    request.set_shard(shard);
    v1::GetStatusResponse response;
    return v1::AdminService::NewStub(channel_)->GetStatus(&context, request, &response);
  }

  static constexpr const char* kList = "SegmentService/ListSegments";

  VirtualClock clock_{EventTime{1'760'013'000'000}};
  log::InMemoryLog control_log_;
  control::Directory directory_;
  Engine a_;
  Engine b_;
  Routes routes_;
  Backends backends_;
  const access::TokenTable tokens_;
  api::Gate gate_;
  Proxy proxy_;
  std::unique_ptr<grpc::Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_F(GatewayTest, ACallGoesToTheOwnerOfTheTenantsShard) {
  EXPECT_TRUE(ListSegments("both", "studio").ok());
  EXPECT_EQ(1u, a_.Calls(kList, grpc::StatusCode::OK));
  EXPECT_EQ(0u, b_.Calls(kList, grpc::StatusCode::OK));
  EXPECT_TRUE(ListSegments("both", "other").ok());
  EXPECT_EQ(1u, b_.Calls(kList, grpc::StatusCode::OK));
  EXPECT_EQ(2u, (gate_.counts()[{kList, 0}]));
  EXPECT_EQ(2, backends_.CountStates()["ready"]);
}

TEST_F(GatewayTest, RefusesBeforeAnyEngineHearsOfIt) {
  EXPECT_EQ(grpc::StatusCode::UNAUTHENTICATED, ListSegments("", "studio").error_code());
  EXPECT_EQ(grpc::StatusCode::UNAUTHENTICATED, ListSegments("wrong", "studio").error_code());
  EXPECT_EQ(grpc::StatusCode::PERMISSION_DENIED, ListSegments("one", "other").error_code());
  EXPECT_EQ(0, backends_.CountStates()["ready"]);
}

TEST_F(GatewayTest, AMethodThatIsNotOursIsUnimplemented) {
  grpc::ClientContext context;
  SetUp(context, "both", "studio");
  grpc::GenericStub stub(channel_);
  grpc::ByteBuffer request(std::vector<grpc::Slice>{grpc::Slice("")}.data(), 1);
  grpc::ByteBuffer response;
  std::promise<grpc::Status> done;
  stub.UnaryCall(&context, "/spotter.v1.AdminService/Nothing", grpc::StubOptions(), &request,
                 &response, [&](grpc::Status status) { done.set_value(status); });
  EXPECT_EQ(grpc::StatusCode::UNIMPLEMENTED, done.get_future().get().error_code());
}

// The services that the server there describes to anyone; "" = it describes none.
std::string Described(const std::shared_ptr<grpc::Channel>& channel) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kDeadline);
  grpc::GenericStub stub(channel);
  // A ServerReflectionRequest{list_services: "*"}.
  const grpc::Slice question(std::string("\x3a\x01*"));
  const grpc::ByteBuffer request(&question, 1);
  grpc::ByteBuffer response;
  std::promise<grpc::Status> done;
  stub.UnaryCall(&context, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                 grpc::StubOptions(), &request, &response,
                 [&](grpc::Status status) { done.set_value(status); });
  if (!done.get_future().get().ok()) return "";
  grpc::Slice all;
  EXPECT_TRUE(response.DumpToSingleSlice(&all).ok());
  return {reinterpret_cast<const char*>(all.begin()), all.size()};
}

TEST_F(GatewayTest, ReflectionIsAnEnginesAndOfAllServices) {
  EXPECT_NE(std::string::npos, Described(channel_).find("spotter.v1.ActionService"));
  // Ingest knows one service alone, and has the least address here.
  EXPECT_NE("0.0.0.0:1", Routes(directory_, {"0.0.0.0:1"}).FindAny()->address);
}

TEST_F(GatewayTest, AServerDescribesNothingWhereReflectionIsOff) {
  const auto server = a_.ServeUndescribed();
  EXPECT_EQ("", Described(grpc::CreateChannel(fmt::format("127.0.0.1:{}", server->port()),
                                              grpc::InsecureChannelCredentials())));
}

TEST_F(GatewayTest, ACallAboutAShardGoesWhereItSays) {
  EXPECT_TRUE(GetStatus(0).ok());
  EXPECT_EQ(1u, a_.Calls("AdminService/GetStatus", grpc::StatusCode::OK));
  EXPECT_FALSE(GetStatus(1).ok());  // reaches the engine, whose only shard has another number
  EXPECT_EQ(1u, b_.Calls("AdminService/GetStatus", grpc::StatusCode::INVALID_ARGUMENT));
  EXPECT_EQ("shard 7: there are 3, from 0", GetStatus(7).error_message());
}

TEST_F(GatewayTest, AShardWithoutAnOwnerIsUnavailableWithAHint) {
  const grpc::Status status = GetStatus(2);
  EXPECT_EQ(grpc::StatusCode::UNAVAILABLE, status.error_code());
  EXPECT_EQ("asked for shard 2, which no engine owns now", status.error_message());
  Put(model::PlaceTenant{
      .tenant = model::TenantId("studio"), .shard = 2, .move = model::MovePhase::kMoving});
  std::string retry_after;
  EXPECT_EQ(grpc::StatusCode::UNAVAILABLE,
            ListSegments("both", "studio", &retry_after).error_code());
  EXPECT_EQ("1000", retry_after);
}

TEST_F(GatewayTest, AnEngineThatIsGoneIsUnavailableWithAHint) {
  Own(0, 2, "127.0.0.1:1");
  std::string retry_after;
  EXPECT_EQ(grpc::StatusCode::UNAVAILABLE,
            ListSegments("both", "studio", &retry_after).error_code());
  EXPECT_EQ("1000", retry_after);
}

TEST_F(GatewayTest, AUnaryCallFollowsAShardThatHasMovedMeanwhile) {
  a_.set_away(true);
  grpc::Status status;
  std::thread call([&] { status = ListSegments("both", "studio"); });
  const auto deadline = std::chrono::steady_clock::now() + kDeadline;
  while (a_.Calls(kList, grpc::StatusCode::UNAVAILABLE) == 0 &&
         std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  Own(0, 2, b_.address());
  call.join();
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(1u, b_.Calls(kList, grpc::StatusCode::OK));
}

TEST_F(GatewayTest, AUnaryCallIsSentAgainOnlyOnce) {
  a_.set_away(true);
  std::string retry_after;
  const grpc::Status status = ListSegments("both", "studio", &retry_after);
  EXPECT_EQ(grpc::StatusCode::UNAVAILABLE, status.error_code());
  EXPECT_EQ("tenant 'studio' lives on shard 3", status.error_message());
  EXPECT_EQ("1000", retry_after);
  EXPECT_EQ(2u, a_.Calls(kList, grpc::StatusCode::UNAVAILABLE));
}

TEST_F(GatewayTest, AStreamEndsWithAHintWhenItsShardHasAnotherOwner) {
  grpc::ClientContext context;
  SetUp(context, "both", "studio");
  const auto stub = v1::ActionService::NewStub(channel_);
  const auto stream = stub->StreamActions(&context);
  v1::StreamActionsRequest open;
  open.mutable_open()->mutable_credit()->set_deliveries(1);
  ASSERT_TRUE(stream->Write(open));
  v1::StreamActionsResponse response;
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_TRUE(response.has_opened());
  v1::StreamActionsRequest credit;
  credit.mutable_credit()->set_deliveries(1);
  ASSERT_TRUE(stream->Write(credit));
  proxy_.EndMovedStreams();  // nothing has moved

  Own(0, 2, b_.address());
  proxy_.EndMovedStreams();
  while (stream->Read(&response)) {
  }
  const grpc::Status status = stream->Finish();
  EXPECT_EQ(grpc::StatusCode::UNAVAILABLE, status.error_code());
  EXPECT_EQ("the shard has another owner now, or the tenant another shard", status.error_message());
  EXPECT_EQ(1u, context.GetServerTrailingMetadata().count(api::kRetryAfterMetadata));
}

TEST_F(GatewayTest, AStreamEndsAsTheWorkerEndsIt) {
  grpc::ClientContext context;
  SetUp(context, "both", "studio");
  const auto stub = v1::ActionService::NewStub(channel_);
  const auto stream = stub->StreamActions(&context);
  v1::StreamActionsRequest open;
  open.mutable_open();
  ASSERT_TRUE(stream->Write(open));
  ASSERT_TRUE(stream->WritesDone());
  v1::StreamActionsResponse response;
  while (stream->Read(&response)) {
  }
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(GatewayTest, AClientThatGoesAwayEndsItsStreamAtTheEngine) {
  {
    grpc::ClientContext context;
    SetUp(context, "both", "studio");
    const auto stub = v1::ActionService::NewStub(channel_);
    const auto stream = stub->StreamActions(&context);
    v1::StreamActionsRequest open;
    open.mutable_open();
    ASSERT_TRUE(stream->Write(open));
    v1::StreamActionsResponse response;
    ASSERT_TRUE(stream->Read(&response));
    context.TryCancel();
    EXPECT_EQ(grpc::StatusCode::CANCELLED, stream->Finish().error_code());
  }
  const auto deadline = std::chrono::steady_clock::now() + kDeadline;
  while (proxy_.open_calls() > 0 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  EXPECT_EQ(0u, proxy_.open_calls());
}

}  // namespace
}  // namespace spotter::service
