// SPDX-License-Identifier: Apache-2.0
#include "api/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include "api/action_service.h"
#include "api/admin_service.h"
#include "api/ingest_service.h"
#include "api/journey_service.h"
#include "api/no_reflection.h"
#include "api/profile_service.h"
#include "api/segment_service.h"

namespace spotter::api {
namespace {

// Unary calls are served synchronously: each waits for the disk or for an action at most a minute,
// and a call beyond these threads waits for one to be free.
constexpr int kThreadsMax = 128;
// Above what a request may have (kRequestBytesMax of IngestService), so that one that is a little
// too large is refused in our words and counted; beyond it gRPC itself refuses.
constexpr int kMessageBytesMax = 8 << 20;

// What a listener serves.
struct Services {
  virtual ~Services() = default;
  virtual std::vector<grpc::Service*> all() = 0;
  virtual void Drain() {}  // ends streams
};

struct AllServices final : Services {
  explicit AllServices(const Ports& ports)
      : actions(ports),
        admin(ports),
        ingest({ports.intake, ports.dead_letters, ports.clock, ports.gate}),
        journeys(ports),
        profiles(ports),
        segments(ports) {}
  std::vector<grpc::Service*> all() override {
    return {&actions, &admin, &ingest, &journeys, &profiles, &segments};
  }
  void Drain() override {
    actions.Drain();
    segments.Drain();
  }

  ActionServiceImpl actions;
  AdminServiceImpl admin;
  IngestServiceImpl ingest;
  JourneyServiceImpl journeys;
  ProfileServiceImpl profiles;
  SegmentServiceImpl segments;
};

struct IngestAlone final : Services {
  explicit IngestAlone(const IngestPorts& ports) : ingest(ports) {}
  std::vector<grpc::Service*> all() override { return {&ingest}; }

  IngestServiceImpl ingest;
};

class GrpcServer final : public Server {
 public:
  explicit GrpcServer(std::unique_ptr<Services> services) : services_(std::move(services)) {}

  Status Begin(const ServerOptions& options) {
    grpc::ServerBuilder builder;
    std::shared_ptr<grpc::ServerCredentials> credentials = grpc::InsecureServerCredentials();
    if (!options.tls_cert_pem.empty()) {
      grpc::SslServerCredentialsOptions tls;
      tls.pem_key_cert_pairs.push_back({options.tls_key_pem, options.tls_cert_pem});
      credentials = grpc::SslServerCredentials(tls);
    }
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    if (!options.reflection) builder.SetOption(std::make_unique<NoReflection>());
    grpc::ResourceQuota quota("spotter");
    quota.SetMaxThreads(kThreadsMax);
    builder.SetResourceQuota(quota);
    builder.SetMaxReceiveMessageSize(kMessageBytesMax);
    builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::MAX_POLLERS, 4);
    // A second process on the port is an error, not a second server behind it.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10'000);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    builder.AddListeningPort(options.address, credentials, &port_);
    for (grpc::Service* service : services_->all()) builder.RegisterService(service);
    server_ = builder.BuildAndStart();
    if (server_ == nullptr || port_ == 0) {
      return Unavailable("gRPC cannot listen on {}: is the port in use?", options.address);
    }
    return OkStatus();
  }

  ~GrpcServer() override { Stop(Duration(0)); }

  int port() const override { return port_; }

  void SetServing(bool serving) override {
    if (server_ == nullptr) return;
    if (auto* health = server_->GetHealthCheckService()) health->SetServingStatus(serving);
  }

  void Stop(Duration grace) override {
    if (server_ == nullptr) return;
    SetServing(false);
    services_->Drain();
    server_->Shutdown(std::chrono::system_clock::now() + grace);
    server_->Wait();
    server_.reset();
  }

 private:
  const std::unique_ptr<Services> services_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

StatusOr<std::unique_ptr<Server>> StartWith(const ServerOptions& options,
                                            std::unique_ptr<Services> services) {
  auto server = std::make_unique<GrpcServer>(std::move(services));
  SPOTTER_RETURN_IF_ERROR(server->Begin(options));
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace

StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options, const Ports& ports) {
  return StartWith(options, std::make_unique<AllServices>(ports));
}

StatusOr<std::unique_ptr<Server>> Server::StartIngest(const ServerOptions& options,
                                                      const IngestPorts& ports) {
  return StartWith(options, std::make_unique<IngestAlone>(ports));
}

}  // namespace spotter::api
