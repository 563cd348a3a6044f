// SPDX-License-Identifier: Apache-2.0
#include "services/spotter/program.h"

#include <unistd.h>

#include "api/server.h"
#include "base/log_message.h"
#include "intake/dead_letter_files.h"
#include "intake/http_intake.h"
#include "services/program/admin_http.h"
#include "services/program/host.h"
#include "services/program/metric_sources.h"
#include "services/program/secrets.h"
#include "services/shard/shard_metrics.h"
#include "services/spotter/data_directory.h"
#include "services/spotter/first_start.h"
#include "services/spotter/time_lapse.h"

namespace spotter::service {
namespace {

constexpr Duration kDrain = Seconds(10);

// Members stand in the order in which they are built; each borrows those above it.
class Spotter final : public Program {
 public:
  explicit Spotter(const Config& config) : config_(config) {}
  ~Spotter() override { (void)Stop(); }

  Status Begin(const Interrupted& interrupted) {
    SPOTTER_ASSIGN_OR_RETURN(access_, ReadAccess(config_.access));
    SPOTTER_ASSIGN_OR_RETURN(secrets_, Secrets::Read(config_.secrets));
    SPOTTER_ASSIGN_OR_RETURN(directory_, OpenDataDirectory(config_, wall_));
    SPOTTER_RETURN_IF_ERROR(StartShard(interrupted));
    SPOTTER_RETURN_IF_ERROR(BuildServices());
    AddMetrics();
    return Listen();
  }

  std::string addresses() const override {
    return fmt::format("http={} grpc={} admin={}", config_.http.WithPort(http_->port()).text(),
                       config_.grpc.WithPort(grpc_->port()).text(),
                       config_.admin.WithPort(admin_->port()).text());
  }

  Status Stop() override {
    if (shard_ != nullptr) shard_->StopDelivery();
    if (http_ != nullptr) http_->Stop();
    if (grpc_ != nullptr) grpc_->Stop(kDrain);
    const Status stopped = shard_ == nullptr ? OkStatus() : shard_->Stop();
    if (admin_ != nullptr) admin_->Stop();
    return stopped;
  }

 private:
  const Clock& clock() const {
    return directory_.virtual_clock != nullptr
               ? static_cast<const Clock&>(*directory_.virtual_clock)
               : wall_;
  }

  // Deliveries begin only when everything in the log is applied.
  Status StartShard(const Interrupted& interrupted) {
    // A time-lapse takes snapshots only when asked: its days pass in minutes.
    const Duration interval =
        directory_.virtual_clock != nullptr ? Duration(0) : config_.snapshot_interval;
    engine::Options options;
    options.owner = fmt::format("pid-{}", getpid());
    SPOTTER_ASSIGN_OR_RETURN(
        shard_,
        ShardHost::Open({.snapshots = {.folder = directory_.snapshots(),
                                       .interval = interval,
                                       .kept = config_.snapshots_kept},
                         .engine = options},
                        std::move(directory_.shard), clock(), wall_, AddShardHistograms(metrics_)));
    SPOTTER_RETURN_IF_ERROR(shard_->CatchUp(interrupted));
    if (!shard_->problem().empty()) return OkStatus();
    if (directory_.virtual_clock != nullptr) {
      directory_.virtual_clock->AdvanceTo(shard_->owner()->status().shard_time);
    }
    SPOTTER_RETURN_IF_ERROR(CreateStudio(*shard_->owner(), shard_->store(), config_.time_zone));
    return shard_->Claim();
  }

  Status BuildServices() {
    SPOTTER_ASSIGN_OR_RETURN(dead_letters_, intake::DeadLetterFiles::Open(
                                                {.folder = directory_.dead_letters()}, clock()));
    shards_.emplace(shard_->ports());
    logs_.emplace(*shard_->log());
    const Status announced = AnnounceTenants(shard_->store(), *directory_.control);
    if (!announced.ok() && shard_->problem().empty()) return announced;
    tenants_ = std::make_unique<KnownTenants>(*directory_.control, secrets_);
    const bool accept_unsigned = config_.http.is_loopback() && access_.tokens() == nullptr;
    if (accept_unsigned && secrets_.empty()) {
      LogWarn(
          "webhooks are taken unsigned, reason=\"no secrets are configured; only callers on "
          "this machine can post\"");
    }
    intake_ =
        std::make_unique<intake::Intake>(*logs_, *dead_letters_, *tenants_, clock(),
                                         intake::IntakeOptions{.accept_unsigned = accept_unsigned});
    operations_ = std::make_unique<HostOperations>();
    if (directory_.virtual_clock != nullptr) {
      operations_ = std::make_unique<TimeLapseOperations>(*directory_.virtual_clock, *shard_);
    }
    gate_ = std::make_unique<api::Gate>(access_.tokens(), Sha256Hex);
    return OkStatus();
  }

  void AddMetrics() {
    AddProgramSources(metrics_, intake_.get(), gate_.get());
    metrics_.AddSource(
        [this](exposition::Samples& out) { AddShardSamples(*shard_, clock(), /*fenced=*/0, out); });
    if (directory_.local_log == nullptr) return;
    exposition::Histogram& fsync = metrics_.AddHistogram(
        "spotter_log_fsync_seconds", "Group commits of the log.", exposition::kLatencyBuckets);
    metrics_.AddSource([&fsync, log = directory_.local_log](exposition::Samples& out) {
      for (const double seconds : log->TakeFsyncSeconds()) fsync.Observe(seconds);
      out.Gauge("spotter_log_records", "Records kept in the log.",
                static_cast<double>(log->durable_end() - log->start()));
      const log_local::RepairReport repair = log->repair();
      out.Gauge("spotter_log_repaired_bytes", "Bytes of a torn tail cut at the last start.",
                static_cast<double>(repair.bytes_dropped));
      out.Gauge("spotter_log_lost_records",
                "Damaged records of the newest file that an operator let pass.",
                static_cast<double>(repair.records_lost));
    });
  }

  Status Listen() {
    http_ = std::make_unique<intake::HttpIntake>(
        *intake_, access_.tokens(),
        intake::HttpOptions{.host = config_.http.host,
                            .port = config_.http.port,
                            .public_url = config_.webhook_url});
    SPOTTER_RETURN_IF_ERROR(http_->Start());
    SPOTTER_ASSIGN_OR_RETURN(grpc_, api::Server::Start({.address = config_.grpc.text(),
                                                        .tls_cert_pem = access_.tls_cert_pem,
                                                        .tls_key_pem = access_.tls_key_pem,
                                                        .reflection = access_.tokens() == nullptr},
                                                       {.shards = *shards_,
                                                        .intake = *intake_,
                                                        .directory = *directory_.control,
                                                        .dead_letters = *dead_letters_,
                                                        .operations = *operations_,
                                                        .clock = clock(),
                                                        .gate = *gate_}));
    grpc_->SetServing(shard_->problem().empty());
    admin_ = std::make_unique<AdminHttp>(
        config_.admin, AdminPages{.metrics = [this] { return metrics_.Render(); },
                                  .problem = [this] { return shard_->problem(); }});
    return admin_->Start();
  }

  const Config config_;
  const SystemClock wall_;
  exposition::Metrics metrics_;
  Access access_;
  Secrets secrets_;
  DataDirectory directory_;
  std::shared_ptr<ShardHost> shard_;
  std::unique_ptr<intake::DeadLetterFiles> dead_letters_;
  std::optional<api::OneShard> shards_;
  std::optional<intake::OneLog> logs_;
  std::unique_ptr<KnownTenants> tenants_;
  std::unique_ptr<intake::Intake> intake_;
  std::unique_ptr<HostOperations> operations_;
  std::unique_ptr<api::Gate> gate_;
  std::unique_ptr<intake::HttpIntake> http_;
  std::unique_ptr<api::Server> grpc_;
  std::unique_ptr<AdminHttp> admin_;
};

}  // namespace

StatusOr<std::unique_ptr<Program>> StartSpotter(const Config& config,
                                                const Interrupted& interrupted) {
  auto program = std::make_unique<Spotter>(config);
  SPOTTER_RETURN_IF_ERROR(program->Begin(interrupted));
  return std::unique_ptr<Program>(std::move(program));
}

}  // namespace spotter::service
