// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/ports.h"
#include "spotter/v1/segment_service.grpc.pb.h"

namespace spotter::api {

// Thread safety: gRPC calls it from many threads.
class SegmentServiceImpl final : public v1::SegmentService::Service {
 public:
  explicit SegmentServiceImpl(const Ports& ports) : ports_(ports) {}

  grpc::Status PutSegment(grpc::ServerContext* context, const v1::PutSegmentRequest* request,
                          v1::PutSegmentResponse* response) override;
  grpc::Status GetSegment(grpc::ServerContext* context, const v1::GetSegmentRequest* request,
                          v1::GetSegmentResponse* response) override;
  grpc::Status ListSegments(grpc::ServerContext* context, const v1::ListSegmentsRequest* request,
                            v1::ListSegmentsResponse* response) override;
  grpc::Status ListMembers(grpc::ServerContext* context, const v1::ListMembersRequest* request,
                           v1::ListMembersResponse* response) override;

 private:
  const Ports ports_;
};

}  // namespace spotter::api
