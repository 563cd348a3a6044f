// SPDX-License-Identifier: Apache-2.0
#include "services/gateway/program.h"

#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <atomic>
#include <thread>

#include "api/no_reflection.h"
#include "base/log_message.h"
#include "services/gateway/proxy.h"
#include "services/program/admin_http.h"
#include "services/program/host.h"
#include "services/program/metric_sources.h"

namespace spotter::service {
namespace {

constexpr auto kDrain = std::chrono::seconds(10);
constexpr Duration kFollow = std::chrono::milliseconds(500);
constexpr int kMessageBytesMax = 4 << 20;  // as the engines' servers

std::shared_ptr<grpc::ChannelCredentials> CredentialsOf(const std::string& ca_pem) {
  if (ca_pem.empty()) return grpc::InsecureChannelCredentials();
  return grpc::SslCredentials({.pem_root_certs = ca_pem});
}

// Members stand in the order in which they are built; each borrows those above it.
class Gateway final : public Program {
 public:
  explicit Gateway(const GatewayConfig& config) : config_(config) {}
  ~Gateway() override { (void)Stop(); }

  Status Begin(const Interrupted& interrupted) {
    SPOTTER_ASSIGN_OR_RETURN(access_, ReadAccess(config_.access));
    std::string ca_pem;
    if (!config_.tls_ca.empty()) {
      SPOTTER_ASSIGN_OR_RETURN(ca_pem, ReadFile(config_.tls_ca));
    }
    admin_ = std::make_unique<AdminHttp>(
        config_.admin,
        AdminPages{.metrics = [this] { return serves_ ? metrics_.Render() : std::string(); },
                   .problem = [this] { return problem(); }});
    SPOTTER_RETURN_IF_ERROR(admin_->Start());  // says why it is not ready while it waits
    SPOTTER_ASSIGN_OR_RETURN(cluster_, OpenCluster(config_.cluster, interrupted, waiting_));
    routes_ = std::make_unique<Routes>(*cluster_.directory, config_.ingest);
    backends_ = std::make_unique<Backends>(CredentialsOf(ca_pem));
    gate_ = std::make_unique<api::Gate>(access_.tokens(), Sha256Hex);
    proxy_ = std::make_unique<Proxy>(*routes_, *backends_, *gate_,
                                     /*reflection=*/access_.tokens() == nullptr);
    AddMetrics();
    SPOTTER_RETURN_IF_ERROR(Listen());
    serves_ = true;
    follower_ = std::thread([this] { Follow(); });
    return OkStatus();
  }

  std::string addresses() const override {
    return fmt::format("grpc={} admin={}", config_.grpc.WithPort(port_).text(),
                       config_.admin.WithPort(admin_->port()).text());
  }

  Status Stop() override {
    serves_ = false;
    if (follower_.joinable()) follower_.join();
    if (server_ != nullptr) {
      if (auto* health = server_->GetHealthCheckService()) health->SetServingStatus(false);
      proxy_->EndAll();
      server_->Shutdown(std::chrono::system_clock::now() + kDrain);
      server_->Wait();
      server_.reset();
    }
    if (admin_ != nullptr) admin_->Stop();
    return OkStatus();
  }

 private:
  std::string problem() const {
    if (!serves_) return waiting_.text();
    return routes_->Addresses().empty() ? "no engine has announced itself" : "";
  }

  void AddMetrics() {
    AddProgramSources(metrics_, nullptr, nullptr);
    metrics_.AddSource([this](exposition::Samples& out) {
      AddKafkaUp(cluster_.problem().empty(), out);
      for (const auto& [call, count] : gate_->counts()) {
        out.Counter("spotter_gateway_requests_total", "Calls carried, by method and status code.",
                    static_cast<double>(count),
                    {{"method", call.first},
                     {"code", absl::StatusCodeToString(static_cast<StatusCode>(call.second))}});
      }
      for (const auto& [state, count] : backends_->CountStates()) {
        out.Gauge("spotter_gateway_backends", "Connections to engines and ingest, by state.", count,
                  {{"state", state}});
      }
      out.Gauge("spotter_gateway_open_calls", "Calls under way.",
                static_cast<double>(proxy_->open_calls()));
    });
  }

  Status Listen() {
    grpc::ServerBuilder builder;
    std::shared_ptr<grpc::ServerCredentials> credentials = grpc::InsecureServerCredentials();
    if (!access_.tls_cert_pem.empty()) {
      grpc::SslServerCredentialsOptions tls;
      tls.pem_key_cert_pairs.push_back({access_.tls_key_pem, access_.tls_cert_pem});
      credentials = grpc::SslServerCredentials(tls);
    }
    grpc::EnableDefaultHealthCheckService(true);
    builder.SetMaxReceiveMessageSize(kMessageBytesMax);
    builder.SetMaxSendMessageSize(-1);
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10'000);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    builder.AddListeningPort(config_.grpc.text(), credentials, &port_);
    builder.RegisterCallbackGenericService(proxy_.get());
    builder.SetOption(std::make_unique<api::NoReflection>());  // an engine's, by the proxy
    server_ = builder.BuildAndStart();
    if (server_ != nullptr && port_ != 0) return OkStatus();
    return Unavailable("gRPC cannot listen on {}: is the port in use?", config_.grpc.text());
  }

  // Streams to engines that lost their shard end; connections nobody needs are dropped.
  void Follow() {
    uint64_t seen = 0;
    while (serves_) {
      seen = cluster_.directory->WaitChange(seen, kFollow);
      proxy_->EndMovedStreams();
      backends_->Keep(routes_->Addresses());
    }
  }

  const GatewayConfig config_;
  exposition::Metrics metrics_;
  Access access_;
  Waiting waiting_;
  Cluster cluster_;
  std::unique_ptr<Routes> routes_;
  std::unique_ptr<Backends> backends_;
  std::unique_ptr<api::Gate> gate_;
  std::unique_ptr<Proxy> proxy_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
  std::unique_ptr<AdminHttp> admin_;
  std::atomic<bool> serves_ = false;
  std::thread follower_;
};

}  // namespace

StatusOr<std::unique_ptr<Program>> StartGateway(const GatewayConfig& config,
                                                const Interrupted& interrupted) {
  auto program = std::make_unique<Gateway>(config);
  SPOTTER_RETURN_IF_ERROR(program->Begin(interrupted));
  return std::unique_ptr<Program>(std::move(program));
}

}  // namespace spotter::service
