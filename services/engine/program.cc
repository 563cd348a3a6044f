// SPDX-License-Identifier: Apache-2.0
#include "services/engine/program.h"

#include <thread>

#include "api/server.h"
#include "base/log_message.h"
#include "intake/dead_letter_files.h"
#include "services/engine/shard_table.h"
#include "services/program/admin_http.h"
#include "services/program/host.h"
#include "services/program/metric_sources.h"
#include "services/program/secrets.h"

namespace spotter::service {
namespace {

constexpr Duration kDrain = Seconds(10);
constexpr auto kLook = std::chrono::milliseconds(50);

// Members stand in the order in which they are built; each borrows those above it.
class Engine final : public Program {
 public:
  explicit Engine(const EngineConfig& config) : config_(config) {
    if (config_.snapshots.empty()) config_.snapshots = config_.data + "/snapshots";
  }
  ~Engine() override { (void)Stop(); }

  Status Begin(const Interrupted& interrupted) {
    SPOTTER_ASSIGN_OR_RETURN(access_, ReadAccess(config_.access));
    admin_ = std::make_unique<AdminHttp>(
        config_.admin,
        AdminPages{.metrics = [this] { return began_ ? metrics_.Render() : std::string(); },
                   .problem = [this] { return problem(); }});
    SPOTTER_RETURN_IF_ERROR(admin_->Start());  // says why it is not ready while it waits
    SPOTTER_ASSIGN_OR_RETURN(cluster_, OpenCluster(config_.cluster, interrupted, waiting_));
    SPOTTER_ASSIGN_OR_RETURN(const int32_t partitions, CountShards(interrupted));
    SPOTTER_ASSIGN_OR_RETURN(
        directory_, EngineDirectory::Open(config_.data, config_.cluster.log_topic, partitions));
    SPOTTER_ASSIGN_OR_RETURN(const std::vector<int32_t> shards, config_.ShardsOf(partitions));
    SPOTTER_RETURN_IF_ERROR(BuildServices());
    SPOTTER_RETURN_IF_ERROR(OpenActionsTopic(interrupted));
    SPOTTER_RETURN_IF_ERROR(Listen());
    for (const int32_t shard : shards) shards_->Begin(shard, config_.standby);
    began_ = true;
    while (shards_->is_opening()) {
      if (interrupted()) return Status(StatusCode::kCancelled, "interrupted");
      std::this_thread::sleep_for(kLook);
    }
    grpc_->SetServing(true);
    return OkStatus();
  }

  std::string addresses() const override {
    return fmt::format("grpc={} admin={} shards={}", config_.grpc.WithPort(grpc_->port()).text(),
                       config_.admin.WithPort(admin_->port()).text(), shards_->numbers());
  }

  Status Stop() override {
    if (shards_ != nullptr) shards_->StopDelivery();  // long polls and streams end
    if (grpc_ != nullptr) grpc_->Stop(kDrain);
    if (shards_ != nullptr) shards_->Close();
    if (admin_ != nullptr) admin_->Stop();
    return OkStatus();
  }

 private:
  std::string problem() const {
    if (!began_) return waiting_.text();
    return shards_->problem();
  }

  // The topic says how many shards there are; the control log holds it for those who do not ask.
  StatusOr<int32_t> CountShards(const Interrupted& interrupted) {
    const std::string& topic = config_.cluster.log_topic;
    SPOTTER_ASSIGN_OR_RETURN(const log_kafka::TopicDescription found,
                             WaitForTopic(*cluster_.client, topic, interrupted, waiting_));
    const int32_t partitions = found.partitions;
    const auto known = cluster_.directory->Shards();
    if (!known.has_value()) {
      SPOTTER_RETURN_IF_ERROR(cluster_.directory->Append(
          model::ShardCount{.partitions = partitions, .log_topic = topic}));
      return partitions;
    }
    if (known->partitions == partitions && known->log_topic == topic) return partitions;
    return FailedPrecondition(
        "topic '{}' has {} partitions; the control log '{}' says that the shards are topic '{}' "
        "with {} partitions",
        topic, partitions, config_.cluster.control_topic, known->log_topic, known->partitions);
  }

  Status OpenActionsTopic(const Interrupted& interrupted) {
    if (config_.actions_topic.empty()) return OkStatus();
    SPOTTER_ASSIGN_OR_RETURN(parts_->actions,
                             OpenTopic(cluster_,
                                       {.name = config_.actions_topic,
                                        .key_of = api::ActionMirror::KeyOf,
                                        .partitions = config_.cluster.create_topics},
                                       interrupted, waiting_));
    return OkStatus();
  }

  Status BuildServices() {
    parts_.reset(new EngineParts{
        .config = config_,
        .cluster = cluster_,
        .directory = *directory_,
        .clock = clock_,
        .memory = store_rocksdb::MakeMemory(static_cast<size_t>(config_.cache_bytes),
                                            static_cast<size_t>(config_.write_buffer_bytes)),
        .histograms = AddShardHistograms(metrics_)});
    shards_ = std::make_unique<ShardTable>(*parts_);
    parts_->owns_shard = [this](int32_t shard) { return shards_->Owns(shard); };
    logs_.emplace(*shards_);
    SPOTTER_ASSIGN_OR_RETURN(dead_letters_, intake::DeadLetterFiles::Open(
                                                {.folder = directory_->dead_letters()}, clock_));
    tenants_ = std::make_unique<KnownTenants>(*cluster_.directory, Secrets());
    intake_ = std::make_unique<intake::Intake>(*logs_, *dead_letters_, *tenants_, clock_);
    operations_ = std::make_unique<EngineOperations>(*shards_);
    gate_ = std::make_unique<api::Gate>(access_.tokens(), Sha256Hex);
    AddProgramSources(metrics_, intake_.get(), gate_.get());
    metrics_.AddSource([this](exposition::Samples& out) {
      AddKafkaUp(cluster_.problem().empty(), out);
      shards_->AddSamples(out);
    });
    return OkStatus();
  }

  Status Listen() {
    SPOTTER_ASSIGN_OR_RETURN(grpc_, api::Server::Start({.address = config_.grpc.text(),
                                                        .tls_cert_pem = access_.tls_cert_pem,
                                                        .tls_key_pem = access_.tls_key_pem,
                                                        .reflection = access_.tokens() == nullptr},
                                                       {.shards = *shards_,
                                                        .intake = *intake_,
                                                        .directory = *cluster_.directory,
                                                        .dead_letters = *dead_letters_,
                                                        .operations = *operations_,
                                                        .clock = clock_,
                                                        .gate = *gate_}));
    grpc_->SetServing(false);
    parts_->address =
        config_.advertise.empty() ? config_.grpc.WithPort(grpc_->port()).text() : config_.advertise;
    return OkStatus();
  }

  EngineConfig config_;
  const SystemClock clock_;
  exposition::Metrics metrics_;
  Access access_;
  Waiting waiting_;
  Cluster cluster_;
  std::optional<EngineDirectory> directory_;
  std::unique_ptr<EngineParts> parts_;
  std::unique_ptr<ShardTable> shards_;
  std::optional<TableLogs> logs_;
  std::unique_ptr<intake::DeadLetterFiles> dead_letters_;
  std::unique_ptr<KnownTenants> tenants_;
  std::unique_ptr<intake::Intake> intake_;
  std::unique_ptr<EngineOperations> operations_;
  std::unique_ptr<api::Gate> gate_;
  std::unique_ptr<api::Server> grpc_;
  std::unique_ptr<AdminHttp> admin_;
  std::atomic<bool> began_ = false;
};

}  // namespace

StatusOr<std::unique_ptr<Program>> StartEngine(const EngineConfig& config,
                                               const Interrupted& interrupted) {
  auto program = std::make_unique<Engine>(config);
  SPOTTER_RETURN_IF_ERROR(program->Begin(interrupted));
  return std::unique_ptr<Program>(std::move(program));
}

}  // namespace spotter::service
