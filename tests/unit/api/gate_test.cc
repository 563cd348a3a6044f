// SPDX-License-Identifier: Apache-2.0
//
// Walks every RPC there is, also those that will be added: each is refused without a token, for a
// wrong tenant and without a role.
// mission: C33
#include "api/gate.h"

#include <google/protobuf/descriptor.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/sync_stream.h>

#include "api_fixture.h"
#include "spotter/v1/action_service.pb.h"
#include "spotter/v1/admin_service.pb.h"
#include "spotter/v1/ingest_service.pb.h"
#include "spotter/v1/journey_service.pb.h"
#include "spotter/v1/profile_service.pb.h"
#include "spotter/v1/segment_service.pb.h"

namespace spotter::api {
namespace {

access::TokenEntry Entry(const std::string& token, std::vector<std::string> tenants,
                         std::vector<access::Role> roles) {
  return {.token_sha256 = FakeOperations::FakeSha(token),
          .principal = {.name = token, .tenants = std::move(tenants), .roles = std::move(roles)}};
}

const std::vector<access::Role> kEveryRole = {access::Role::kPublisher, access::Role::kSubscriber,
                                              access::Role::kMarketer,  access::Role::kAnalyst,
                                              access::Role::kStaff,     access::Role::kAdmin,
                                              access::Role::kOperator};

class GateTest : public ApiTest {
 protected:
  GateTest()
      : ApiTest({Entry("all", {"studio"}, kEveryRole),
                 Entry("publisher", {"studio"}, {access::Role::kPublisher}),
                 Entry("subscriber", {"studio"}, {access::Role::kSubscriber})}) {}

  // "ActionService/PullActions" of every service of the package.
  static std::vector<std::string> Methods() {
    std::vector<std::string> methods;
    for (const auto* file :
         {v1::PullActionsRequest::descriptor()->file(), v1::GetStatusRequest::descriptor()->file(),
          v1::PublishRequest::descriptor()->file(), v1::GetJourneyRequest::descriptor()->file(),
          v1::GetProfileRequest::descriptor()->file(),
          v1::GetSegmentRequest::descriptor()->file()}) {
      for (int s = 0; s < file->service_count(); ++s) {
        for (int m = 0; m < file->service(s)->method_count(); ++m) {
          methods.push_back(file->service(s)->name() + "/" + file->service(s)->method(m)->name());
        }
      }
    }
    return methods;
  }

  // Calls a method by name with an empty message.
  grpc::Status Call(const std::string& method, const std::string& token,
                    const std::string& tenant = "") {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
    if (!tenant.empty()) context.AddMetadata("spotter-tenant", tenant);
    grpc::GenericStub stub(channel_);
    grpc::CompletionQueue queue;
    const auto call = stub.PrepareCall(&context, "/spotter.v1." + method, &queue);
    void* tag = nullptr;
    bool ok = false;
    call->StartCall(this);
    queue.Next(&tag, &ok);
    call->WriteLast(grpc::ByteBuffer(std::vector<grpc::Slice>{grpc::Slice("")}.data(), 1),
                    grpc::WriteOptions(), this);
    queue.Next(&tag, &ok);
    do {  // a status comes only behind the messages before it
      grpc::ByteBuffer response;
      call->Read(&response, this);
      queue.Next(&tag, &ok);
    } while (ok);
    grpc::Status status;
    call->Finish(&status, this);
    queue.Next(&tag, &ok);
    queue.Shutdown();
    while (queue.Next(&tag, &ok)) {
    }
    return status;
  }
};

TEST_F(GateTest, EveryMethodHasARule) {
  EXPECT_GE(Methods().size(), 36u);
  for (const std::string& method : Methods()) EXPECT_TRUE(OperationOf(method)) << method;
}

TEST_F(GateTest, EveryMethodRefusesACallWithoutAToken) {
  for (const std::string& method : Methods()) {
    EXPECT_EQ(grpc::StatusCode::UNAUTHENTICATED, Call(method, "").error_code()) << method;
    EXPECT_EQ(grpc::StatusCode::UNAUTHENTICATED, Call(method, "wrong").error_code()) << method;
  }
}

TEST_F(GateTest, EveryMethodOfATenantRefusesAnotherTenant) {
  for (const std::string& method : Methods()) {
    if (access::IsProgramWide(*OperationOf(method))) continue;
    EXPECT_EQ(grpc::StatusCode::PERMISSION_DENIED, Call(method, "all", "other").error_code())
        << method;
  }
}

TEST_F(GateTest, EveryMethodRefusesAWrongRole) {
  for (const std::string& method : Methods()) {
    const bool is_publish = *OperationOf(method) == access::Operation::kPublish;
    const grpc::Status status = Call(method, is_publish ? "subscriber" : "publisher");
    EXPECT_EQ(grpc::StatusCode::PERMISSION_DENIED, status.error_code())
        << method << ": " << status.error_message();
  }
}

// A rate needs a value before the first call.
TEST_F(GateTest, CountsEveryMethodFromZero) {
  const auto counts = gate_->counts();
  for (const std::string& method : Methods()) EXPECT_EQ(1u, counts.count({method, 0})) << method;
}

TEST_F(GateTest, TheRightRoleGetsPastTheGate) {
  for (const std::string& method : Methods()) {
    const grpc::StatusCode code = Call(method, "all").error_code();
    EXPECT_NE(grpc::StatusCode::UNAUTHENTICATED, code) << method;
    EXPECT_NE(grpc::StatusCode::PERMISSION_DENIED, code) << method;
  }
  uint64_t calls = 0;
  for (const auto& [call, count] : gate_->counts()) calls += count;
  EXPECT_EQ(Methods().size(), calls);
}

}  // namespace
}  // namespace spotter::api
