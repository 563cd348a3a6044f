// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/ports.h"
#include "spotter/v1/ingest_service.grpc.pb.h"

namespace spotter::api {

// Thread safety: gRPC calls it from many threads.
class IngestServiceImpl final : public v1::IngestService::Service {
 public:
  explicit IngestServiceImpl(const IngestPorts& ports) : ports_(ports) {}

  grpc::Status Publish(grpc::ServerContext* context, const v1::PublishRequest* request,
                       v1::PublishResponse* response) override;
  grpc::Status PublishCloudEvents(grpc::ServerContext* context,
                                  const v1::PublishCloudEventsRequest* request,
                                  v1::PublishCloudEventsResponse* response) override;

 private:
  const IngestPorts ports_;
};

}  // namespace spotter::api
