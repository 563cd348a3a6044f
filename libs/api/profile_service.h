// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/ports.h"
#include "engine/queries.h"
#include "spotter/v1/profile_service.grpc.pb.h"

namespace spotter::api {

// Thread safety: gRPC calls it from many threads.
class ProfileServiceImpl final : public v1::ProfileService::Service {
 public:
  explicit ProfileServiceImpl(const Ports& ports) : ports_(ports) {}

  grpc::Status GetProfile(grpc::ServerContext* context, const v1::GetProfileRequest* request,
                          v1::GetProfileResponse* response) override;
  grpc::Status ListProfiles(grpc::ServerContext* context, const v1::ListProfilesRequest* request,
                            v1::ListProfilesResponse* response) override;
  grpc::Status ListTimeline(grpc::ServerContext* context, const v1::ListTimelineRequest* request,
                            v1::ListTimelineResponse* response) override;
  grpc::Status MergeProfiles(grpc::ServerContext* context, const v1::MergeProfilesRequest* request,
                             v1::MergeProfilesResponse* response) override;
  grpc::Status SplitProfile(grpc::ServerContext* context, const v1::SplitProfileRequest* request,
                            v1::SplitProfileResponse* response) override;
  grpc::Status AddNote(grpc::ServerContext* context, const v1::AddNoteRequest* request,
                       v1::AddNoteResponse* response) override;
  grpc::Status ChangeConsent(grpc::ServerContext* context, const v1::ChangeConsentRequest* request,
                             v1::ChangeConsentResponse* response) override;
  grpc::Status ChangeSuppression(grpc::ServerContext* context,
                                 const v1::ChangeSuppressionRequest* request,
                                 v1::ChangeSuppressionResponse* response) override;
  grpc::Status Explain(grpc::ServerContext* context, const v1::ExplainRequest* request,
                       v1::ExplainResponse* response) override;

 private:
  StatusOr<model::ProfileId> Find(const ShardPorts& shard, const Caller& caller,
                                  const v1::GetProfileRequest& request);

  const Ports ports_;
};

}  // namespace spotter::api
