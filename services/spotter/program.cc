// SPDX-License-Identifier: Apache-2.0
#include "services/spotter/program.h"

#include "api/server.h"
#include "base/log_message.h"
#include "dispatch/dispatcher.h"
#include "exposition/metrics.h"
#include "intake/dead_letter_files.h"
#include "intake/http_intake.h"
#include "services/spotter/admin_http.h"
#include "services/spotter/data_directory.h"
#include "services/spotter/first_start.h"
#include "services/spotter/guarded_log.h"
#include "services/spotter/host.h"
#include "services/spotter/metric_sources.h"
#include "services/spotter/program_operations.h"
#include "services/spotter/secrets.h"

namespace spotter::service {
namespace {

constexpr Duration kDrain = Seconds(10);
constexpr Duration kReplayTurn = std::chrono::milliseconds(200);

// Members stand in the order in which they are built; each borrows those above it.
class WiredProgram final : public Program {
 public:
  explicit WiredProgram(const Config& config) : config_(config) {}
  ~WiredProgram() override { (void)Stop(); }

  Status Begin(const std::function<bool()>& interrupted) {
    SPOTTER_RETURN_IF_ERROR(ReadFiles());
    SPOTTER_ASSIGN_OR_RETURN(directory_, OpenDataDirectory(config_, wall_));
    SPOTTER_RETURN_IF_ERROR(StartShard());
    SPOTTER_RETURN_IF_ERROR(CatchUp(interrupted));
    SPOTTER_RETURN_IF_ERROR(BuildServices());
    return Listen();
  }

  std::string addresses() const override {
    const auto text = [](Address address, int port) {
      address.port = port;
      return address.text();
    };
    return fmt::format("http={} grpc={} admin={}", text(config_.http, http_->port()),
                       text(config_.grpc, grpc_->port()), text(config_.admin, admin_->port()));
  }

  Status Stop() override {
    if (dispatcher_ != nullptr) dispatcher_->Stop();  // long polls return
    if (http_ != nullptr) http_->Stop();
    if (grpc_ != nullptr) grpc_->Stop(kDrain);
    operations_.reset();
    Status stopped = OkStatus();
    if (owner_ != nullptr) stopped = owner_->Stop();
    if (admin_ != nullptr) admin_->Stop();
    return stopped;
  }

 private:
  const Clock& clock() const {
    return directory_.virtual_clock != nullptr
               ? static_cast<const Clock&>(*directory_.virtual_clock)
               : wall_;
  }
  Status Standing() const {
    if (!directory_.problem.empty()) {
      return Unavailable("the shard is quarantined: {}", directory_.problem);
    }
    return owner_ == nullptr ? OkStatus() : owner_->Standing();
  }
  // Why it is not ready, or "".
  std::string problem() const {
    if (const Status standing = Standing(); !standing.ok()) {
      return std::string(MessageOf(standing));
    }
    const std::string paused = owner_ == nullptr ? "" : owner_->status().paused;
    return paused.empty() ? "" : "the shard is paused: " + paused;
  }

  Status ReadFiles() {
    if (!config_.tokens.empty()) {
      SPOTTER_ASSIGN_OR_RETURN(tokens_, ReadTokenFile(config_.tokens));
    }
    SPOTTER_ASSIGN_OR_RETURN(secrets_, Secrets::Read(config_.secrets));
    if (config_.tls_cert.empty()) return OkStatus();
    SPOTTER_ASSIGN_OR_RETURN(grpc_options_.tls_cert_pem, ReadFile(config_.tls_cert));
    SPOTTER_ASSIGN_OR_RETURN(grpc_options_.tls_key_pem, ReadFile(config_.tls_key));
    return OkStatus();
  }

  Status StartShard() {
    log_ = std::make_unique<GuardedLog>(directory_.log(), [this] { return Standing(); });
    dispatcher_ = std::make_unique<dispatch::Dispatcher>(
        *directory_.store, *log_, clock(),
        dispatch::Options{.first_lease = Hash64Of(RandomBytes(8)) >> 1});
    SPOTTER_RETURN_IF_ERROR(dispatcher_->Load());
    if (!directory_.problem.empty()) return OkStatus();
    StatusOr<std::unique_ptr<engine::Owner>> owner = engine::Owner::Start(
        *directory_.store, directory_.log(), clock(), {}, directory_.control->Skips(kShard),
        dispatcher_.get(), AddEngineHistograms(metrics_));
    if (owner.ok()) {
      owner_ = *std::move(owner);
      return OkStatus();
    }
    if (owner.status().code() != StatusCode::kDataLoss) return owner.status();
    directory_.problem = MessageOf(owner.status());
    LogError("shard quarantined, reason=\"{}\"", directory_.problem);
    return OkStatus();
  }

  // Deliveries begin only when everything in the log is applied: an ack may be its last record.
  Status CatchUp(const std::function<bool()>& interrupted) {
    if (owner_ == nullptr) return OkStatus();
    const log::Offset end = directory_.log().durable_end();
    const int64_t behind = end - owner_->status().next_offset;
    if (behind > 0) LogInfo("applying the log, records={}", behind);
    while (end > 0 && problem().empty()) {
      const Status applied = owner_->WaitApplied(end - 1, kReplayTurn);
      if (applied.ok()) break;
      if (interrupted()) return Status(StatusCode::kCancelled, "interrupted");
    }
    if (!problem().empty()) return OkStatus();
    if (directory_.virtual_clock != nullptr) {
      directory_.virtual_clock->AdvanceTo(owner_->status().shard_time);
    }
    SPOTTER_RETURN_IF_ERROR(CreateStudio(*owner_, *directory_.store, config_.time_zone));
    SPOTTER_RETURN_IF_ERROR(ClaimShard(*owner_, *directory_.store, directory_.log()));
    return dispatcher_->Begin(*owner_);
  }

  Status BuildServices() {
    SPOTTER_ASSIGN_OR_RETURN(dead_letters_, intake::DeadLetterFiles::Open(
                                                {.folder = directory_.dead_letters()}, clock()));
    const Status announced = AnnounceTenants(*directory_.store, *directory_.control);
    if (!announced.ok() && problem().empty()) return announced;
    tenants_ = std::make_unique<KnownTenants>(*directory_.control, secrets_);
    const bool accept_unsigned = config_.http.is_loopback() && !tokens_.has_value();
    if (accept_unsigned && secrets_.empty()) {
      LogWarn(
          "webhooks are taken unsigned, reason=\"no secrets are configured; only callers on "
          "this machine can post\"");
    }
    intake_ =
        std::make_unique<intake::Intake>(*log_, *dead_letters_, *tenants_, clock(),
                                         intake::IntakeOptions{.accept_unsigned = accept_unsigned});
    operations_ = std::make_unique<ProgramOperations>(config_, directory_, owner_.get(), wall_,
                                                      [this] { dispatcher_->Wake(); });
    gate_ = std::make_unique<api::Gate>(tokens(), Sha256Hex);
    AddSources(metrics_, {.owner = owner_.get(),
                          .dispatcher = dispatcher_.get(),
                          .intake = intake_.get(),
                          .gate = gate_.get(),
                          .log = directory_.local_log.get(),
                          .store = directory_.store.get(),
                          .clock = &clock(),
                          .standing = [this] { return Standing(); }});
    return OkStatus();
  }

  Status Listen() {
    http_ = std::make_unique<intake::HttpIntake>(
        *intake_, tokens(),
        intake::HttpOptions{.host = config_.http.host,
                            .port = config_.http.port,
                            .public_url = config_.webhook_url});
    SPOTTER_RETURN_IF_ERROR(http_->Start());
    grpc_options_.address = config_.grpc.text();
    grpc_options_.reflection = !tokens_.has_value();
    SPOTTER_ASSIGN_OR_RETURN(grpc_,
                             api::Server::Start(grpc_options_, {.store = *directory_.store,
                                                                .log = *log_,
                                                                .owner = owner_.get(),
                                                                .delivery = *dispatcher_,
                                                                .intake = *intake_,
                                                                .directory = *directory_.control,
                                                                .dead_letters = *dead_letters_,
                                                                .operations = *operations_,
                                                                .clock = clock(),
                                                                .gate = *gate_}));
    grpc_->SetServing(problem().empty());
    admin_ = std::make_unique<AdminHttp>(config_.admin,
                                         AdminPages{.metrics = [this] { return metrics_.Render(); },
                                                    .problem = [this] { return problem(); }});
    return admin_->Start();
  }

  const access::TokenTable* tokens() const { return tokens_.has_value() ? &*tokens_ : nullptr; }

  const Config config_;
  const SystemClock wall_;
  exposition::Metrics metrics_;
  std::optional<access::TokenTable> tokens_;
  Secrets secrets_;
  api::ServerOptions grpc_options_;
  DataDirectory directory_;
  std::unique_ptr<GuardedLog> log_;
  std::unique_ptr<dispatch::Dispatcher> dispatcher_;
  std::unique_ptr<engine::Owner> owner_;
  std::unique_ptr<intake::DeadLetterFiles> dead_letters_;
  std::unique_ptr<KnownTenants> tenants_;
  std::unique_ptr<intake::Intake> intake_;
  std::unique_ptr<ProgramOperations> operations_;
  std::unique_ptr<api::Gate> gate_;
  std::unique_ptr<intake::HttpIntake> http_;
  std::unique_ptr<api::Server> grpc_;
  std::unique_ptr<AdminHttp> admin_;
};

}  // namespace

StatusOr<std::unique_ptr<Program>> Program::Start(const Config& config,
                                                  const std::function<bool()>& interrupted) {
  auto program = std::make_unique<WiredProgram>(config);
  SPOTTER_RETURN_IF_ERROR(program->Begin(interrupted));
  return std::unique_ptr<Program>(std::move(program));
}

int ExitCodeOf(const Status& status) {
  switch (status.code()) {
    case StatusCode::kInvalidArgument:
    case StatusCode::kNotFound:
      return 2;
    case StatusCode::kFailedPrecondition:
    case StatusCode::kDataLoss:
      return 3;
    default:
      return 1;
  }
}

}  // namespace spotter::service
