// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/program.h"

#include <atomic>

#include "api/server.h"
#include "base/log_message.h"
#include "intake/dead_letter_topic.h"
#include "intake/http_intake.h"
#include "intake/kafka_intake.h"
#include "log_kafka/topics.h"
#include "services/ingest/placed_logs.h"
#include "services/program/admin_http.h"
#include "services/program/host.h"
#include "services/program/metric_sources.h"
#include "services/program/secrets.h"

namespace spotter::service {
namespace {

constexpr Duration kDrain = Seconds(10);
constexpr int32_t kDeadLetterPartitions = 4;  // where --create-topics makes the topic

double Number(auto value) { return static_cast<double>(value); }

// Members stand in the order in which they are built; each borrows those above it.
class Ingest final : public Program {
 public:
  explicit Ingest(const IngestConfig& config) : config_(config) {}
  ~Ingest() override { (void)Stop(); }

  Status Begin(const Interrupted& interrupted) {
    SPOTTER_ASSIGN_OR_RETURN(access_, ReadAccess(config_.access));
    SPOTTER_ASSIGN_OR_RETURN(secrets_, Secrets::Read(config_.secrets));
    SPOTTER_RETURN_IF_ERROR(StartAdmin());
    SPOTTER_RETURN_IF_ERROR(OpenLogs(interrupted));
    SPOTTER_RETURN_IF_ERROR(BuildIntake());
    AddMetrics();
    SPOTTER_RETURN_IF_ERROR(Listen());
    reader_->Start();
    is_wired_ = true;
    return OkStatus();
  }

  std::string addresses() const override {
    return fmt::format("http={} grpc={} admin={}", config_.http.WithPort(http_->port()).text(),
                       config_.grpc.WithPort(grpc_->port()).text(),
                       config_.admin.WithPort(admin_->port()).text());
  }

  Status Stop() override {
    if (http_.has_value()) http_->Stop();
    if (grpc_ != nullptr) grpc_->Stop(kDrain);
    if (reader_.has_value()) reader_->Stop();
    if (admin_ != nullptr) admin_->Stop();
    return OkStatus();  // leaving the group is up to the consumer's destructor
  }

 private:
  // First of all, so that /readyz can say what the rest waits for.
  Status StartAdmin() {
    AddProgramSources(waiting_metrics_, nullptr, nullptr);
    waiting_metrics_.AddSource([](exposition::Samples& out) { AddKafkaUp(false, out); });
    admin_ = std::make_unique<AdminHttp>(
        config_.admin,
        AdminPages{
            .metrics = [this] { return is_wired_ ? metrics_.Render() : waiting_metrics_.Render(); },
            .problem = [this] { return is_wired_ ? logs_->problem() : waiting_.text(); }});
    return admin_->Start();
  }

  Status OpenLogs(const Interrupted& interrupted) {
    SPOTTER_ASSIGN_OR_RETURN(cluster_, OpenCluster(config_.cluster, interrupted, waiting_));
    SPOTTER_RETURN_IF_ERROR(CheckLogTopic(interrupted));
    std::vector<std::shared_ptr<log_kafka::KafkaLog>> logs;
    for (int32_t shard = 0; shard < cluster_.directory->Shards()->partitions; ++shard) {
      SPOTTER_ASSIGN_OR_RETURN(
          auto log, OpenLog({.topic = config_.cluster.log_topic, .partition = shard}, interrupted));
      logs.push_back(std::move(log));
    }
    logs_.emplace(cluster_, std::move(logs));
    return OpenDeadLetters(interrupted);
  }

  // A tenant's place depends on how many shards there are: that is not guessed.
  Status CheckLogTopic(const Interrupted& interrupted) {
    const std::string& name = config_.cluster.log_topic;
    const std::string& control = config_.cluster.control_topic;
    std::optional<model::ShardCount> count;
    SPOTTER_RETURN_IF_ERROR(WaitForBrokers(control, interrupted, waiting_, [&]() -> Status {
      count = cluster_.directory->Shards();
      if (count.has_value()) return OkStatus();
      return Unavailable("the control log names no number of shards yet: an engine writes it");
    }));
    if (count->log_topic != name) {
      return FailedPrecondition("--log-topic '{}': the control log '{}' is that of log '{}'", name,
                                control, count->log_topic);
    }
    SPOTTER_ASSIGN_OR_RETURN(const log_kafka::TopicDescription topic,
                             WaitForTopic(*cluster_.client, name, interrupted, waiting_));
    if (topic.partitions == count->partitions) return OkStatus();
    return FailedPrecondition(
        "topic '{}' has {} partitions, the control log says {}: the number never changes", name,
        topic.partitions, count->partitions);
  }

  StatusOr<std::shared_ptr<log_kafka::KafkaLog>> OpenLog(const log_kafka::Options& options,
                                                         const Interrupted& interrupted) {
    std::shared_ptr<log_kafka::KafkaLog> log;
    SPOTTER_RETURN_IF_ERROR(WaitForBrokers(options.topic, interrupted, waiting_, [&]() -> Status {
      SPOTTER_ASSIGN_OR_RETURN(log, log_kafka::KafkaLog::Open(cluster_.client, options));
      return OkStatus();
    }));
    return log;
  }

  Status OpenDeadLetters(const Interrupted& interrupted) {
    const std::string& name = config_.dead_letter_topic;
    SPOTTER_ASSIGN_OR_RETURN(
        auto partitions,
        OpenTopic(cluster_,
                  {.name = name,
                   .key_of = intake::DeadLetterTopic::KeyOf,
                   .partitions = config_.cluster.create_topics > 0 ? kDeadLetterPartitions : 0},
                  interrupted, waiting_));
    dead_letters_.emplace(name, std::move(partitions));
    return OkStatus();
  }

  Status BuildIntake() {
    tenants_.emplace(*cluster_.directory, secrets_);
    const bool accept_unsigned = config_.http.is_loopback() && access_.tokens() == nullptr;
    if (accept_unsigned && secrets_.empty()) {
      LogWarn(
          "webhooks are taken unsigned, reason=\"no secrets are configured; only callers on "
          "this machine can post\"");
    }
    intake_.emplace(*logs_, *dead_letters_, *tenants_, clock_,
                    intake::IntakeOptions{.accept_unsigned = accept_unsigned});
    SPOTTER_ASSIGN_OR_RETURN(
        consumer_, log_kafka::SourceConsumer::Open({.client = {.brokers = config_.cluster.brokers,
                                                               .settings = config_.cluster.kafka},
                                                    .group = config_.group,
                                                    .topics = config_.source_topics}));
    reader_.emplace(*consumer_, *intake_, clock_, config_.reading);
    gate_.emplace(access_.tokens(), Sha256Hex);
    return OkStatus();
  }

  void AddMetrics() {
    AddProgramSources(metrics_, &*intake_, &*gate_);
    metrics_.AddSource([this](exposition::Samples& out) {
      AddKafkaUp(logs_->problem().empty(), out);
      auto messages = reader_->counters().messages.Values();
      for (const std::string& topic : config_.source_topics) {
        out.Counter("spotter_ingest_messages_total",
                    "Messages of source topics in the log, dead-lettered or ignored by name.",
                    Number(messages[topic]), {{"topic", topic}});
      }
      for (const log_kafka::PartitionLag& lag : consumer_->lags()) {
        out.Gauge("spotter_ingest_lag_records",
                  "Messages of a source partition that are not done; of partitions read here.",
                  Number(lag.records),
                  {{"topic", lag.topic}, {"partition", std::to_string(lag.partition)}});
      }
      out.Gauge("spotter_ingest_in_hand_messages", "Messages read and not done.",
                Number(reader_->counters().in_hand.load()));
      out.Gauge("spotter_ingest_waiting_tenants", "Tenants whose messages could not be appended.",
                Number(reader_->counters().waiting_tenants.load()));
      out.Counter("spotter_ingest_rebalances_total", "Times that source partitions moved.",
                  Number(consumer_->counters().rebalances));
    });
  }

  Status Listen() {
    http_.emplace(*intake_, access_.tokens(),
                  intake::HttpOptions{.host = config_.http.host,
                                      .port = config_.http.port,
                                      .public_url = config_.webhook_url});
    SPOTTER_RETURN_IF_ERROR(http_->Start());
    SPOTTER_ASSIGN_OR_RETURN(
        grpc_,
        api::Server::StartIngest(
            {.address = config_.grpc.text(),
             .tls_cert_pem = access_.tls_cert_pem,
             .tls_key_pem = access_.tls_key_pem,
             .reflection = access_.tokens() == nullptr},
            {.intake = *intake_, .dead_letters = *dead_letters_, .clock = clock_, .gate = *gate_}));
    grpc_->SetServing(true);
    return OkStatus();
  }

  const IngestConfig config_;
  const SystemClock clock_;
  Waiting waiting_;
  std::atomic<bool> is_wired_ = false;
  exposition::Metrics waiting_metrics_;  // until is_wired_
  exposition::Metrics metrics_;
  Access access_;
  Secrets secrets_;
  Cluster cluster_;
  std::optional<PlacedLogs> logs_;
  std::optional<intake::DeadLetterTopic> dead_letters_;
  std::optional<KnownTenants> tenants_;
  std::optional<intake::Intake> intake_;
  std::unique_ptr<log_kafka::SourceConsumer> consumer_;
  std::optional<intake::KafkaIntake> reader_;
  std::optional<api::Gate> gate_;
  std::optional<intake::HttpIntake> http_;
  std::unique_ptr<api::Server> grpc_;
  std::unique_ptr<AdminHttp> admin_;
};

}  // namespace

StatusOr<std::unique_ptr<Program>> StartIngest(const IngestConfig& config,
                                               const Interrupted& interrupted) {
  auto program = std::make_unique<Ingest>(config);
  SPOTTER_RETURN_IF_ERROR(program->Begin(interrupted));
  return std::unique_ptr<Program>(std::move(program));
}

}  // namespace spotter::service
