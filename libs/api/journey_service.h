// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/ports.h"
#include "spotter/v1/journey_service.grpc.pb.h"

namespace spotter::api {

// Thread safety: gRPC calls it from many threads.
class JourneyServiceImpl final : public v1::JourneyService::Service {
 public:
  explicit JourneyServiceImpl(const Ports& ports) : ports_(ports) {}

  grpc::Status PutJourney(grpc::ServerContext* context, const v1::PutJourneyRequest* request,
                          v1::PutJourneyResponse* response) override;
  grpc::Status GetJourney(grpc::ServerContext* context, const v1::GetJourneyRequest* request,
                          v1::GetJourneyResponse* response) override;
  grpc::Status ListJourneys(grpc::ServerContext* context, const v1::ListJourneysRequest* request,
                            v1::ListJourneysResponse* response) override;
  grpc::Status ListRefusals(grpc::ServerContext* context, const v1::ListRefusalsRequest* request,
                            v1::ListRefusalsResponse* response) override;

 private:
  const Ports ports_;
};

}  // namespace spotter::api
