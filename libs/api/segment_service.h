// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <optional>

#include "api/ports.h"
#include "spotter/v1/segment_service.grpc.pb.h"

namespace spotter::api {

// Thread safety: gRPC calls it from many threads.
class SegmentServiceImpl final : public v1::SegmentService::Service {
 public:
  explicit SegmentServiceImpl(const Ports& ports) : ports_(ports) {}

  grpc::Status PutSegment(grpc::ServerContext* context, const v1::PutSegmentRequest* request,
                          v1::PutSegmentResponse* response) override;
  grpc::Status DeleteSegment(grpc::ServerContext* context, const v1::DeleteSegmentRequest* request,
                             v1::DeleteSegmentResponse* response) override;
  grpc::Status GetSegment(grpc::ServerContext* context, const v1::GetSegmentRequest* request,
                          v1::GetSegmentResponse* response) override;
  grpc::Status ListSegments(grpc::ServerContext* context, const v1::ListSegmentsRequest* request,
                            v1::ListSegmentsResponse* response) override;
  grpc::Status ListMembers(grpc::ServerContext* context, const v1::ListMembersRequest* request,
                           v1::ListMembersResponse* response) override;

  grpc::Status StreamTransitions(
      grpc::ServerContext* context, const v1::StreamTransitionsRequest* request,
      grpc::ServerWriter<v1::StreamTransitionsResponse>* writer) override;
  // Ends the streams.
  void Drain() { draining_ = true; }

 private:
  // What PutSegment answers where it changes nothing.
  Status Check(const grpc::ServerContext& context, const v1::PutSegmentRequest& request,
               const Caller& caller, const ShardPorts& shard, model::SegmentDefinition definition,
               const std::string& etag, const std::optional<model::SegmentDefinition>& before,
               v1::PutSegmentResponse& response) const;
  Status Stream(grpc::ServerContext& context, const Caller& caller,
                const v1::StreamTransitionsRequest& request,
                grpc::ServerWriter<v1::StreamTransitionsResponse>& writer);

  const Ports ports_;
  std::atomic<int> streams_ = 0;
  std::atomic<bool> draining_ = false;
};

}  // namespace spotter::api
