// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/ports.h"
#include "spotter/v1/admin_service.grpc.pb.h"

namespace spotter::api {

// Thread safety: gRPC calls it from many threads.
class AdminServiceImpl final : public v1::AdminService::Service {
 public:
  explicit AdminServiceImpl(const Ports& ports) : ports_(ports) {}

  grpc::Status CreateTenant(grpc::ServerContext* context, const v1::CreateTenantRequest* request,
                            v1::CreateTenantResponse* response) override;
  grpc::Status UpdateTenant(grpc::ServerContext* context, const v1::UpdateTenantRequest* request,
                            v1::UpdateTenantResponse* response) override;
  grpc::Status PutZoneRules(grpc::ServerContext* context, const v1::PutZoneRulesRequest* request,
                            v1::PutZoneRulesResponse* response) override;
  grpc::Status ListDeadLetters(grpc::ServerContext* context,
                               const v1::ListDeadLettersRequest* request,
                               v1::ListDeadLettersResponse* response) override;
  grpc::Status RedriveDeadLetter(grpc::ServerContext* context,
                                 const v1::RedriveDeadLetterRequest* request,
                                 v1::RedriveDeadLetterResponse* response) override;
  grpc::Status DiscardDeadLetter(grpc::ServerContext* context,
                                 const v1::DiscardDeadLetterRequest* request,
                                 v1::DiscardDeadLetterResponse* response) override;
  grpc::Status TakeSnapshot(grpc::ServerContext* context, const v1::TakeSnapshotRequest* request,
                            v1::TakeSnapshotResponse* response) override;
  grpc::Status ListSnapshots(grpc::ServerContext* context, const v1::ListSnapshotsRequest* request,
                             v1::ListSnapshotsResponse* response) override;
  grpc::Status GetStateHash(grpc::ServerContext* context, const v1::GetStateHashRequest* request,
                            v1::GetStateHashResponse* response) override;
  grpc::Status WriteBarrier(grpc::ServerContext* context, const v1::WriteBarrierRequest* request,
                            v1::WriteBarrierResponse* response) override;
  grpc::Status SkipOffset(grpc::ServerContext* context, const v1::SkipOffsetRequest* request,
                          v1::SkipOffsetResponse* response) override;
  grpc::Status TakeShard(grpc::ServerContext* context, const v1::TakeShardRequest* request,
                         v1::TakeShardResponse* response) override;
  grpc::Status ReleaseShard(grpc::ServerContext* context, const v1::ReleaseShardRequest* request,
                            v1::ReleaseShardResponse* response) override;
  grpc::Status MoveTenant(grpc::ServerContext* context, const v1::MoveTenantRequest* request,
                          v1::MoveTenantResponse* response) override;
  grpc::Status GetTenantMove(grpc::ServerContext* context, const v1::GetTenantMoveRequest* request,
                             v1::GetTenantMoveResponse* response) override;
  grpc::Status AdvanceTime(grpc::ServerContext* context, const v1::AdvanceTimeRequest* request,
                           v1::AdvanceTimeResponse* response) override;
  grpc::Status GetStatus(grpc::ServerContext* context, const v1::GetStatusRequest* request,
                         v1::GetStatusResponse* response) override;

 private:
  Status PutZone(const ShardPorts& shard, const Caller& caller, const std::string& request_id,
                 const std::string& zone, std::string tzif);
  grpc::Status ServeShard(grpc::ServerContext& context, std::string_view method, int number,
                          const std::function<Status(const Caller&, const ShardPorts&)>& serve);

  const Ports ports_;
};

}  // namespace spotter::api
