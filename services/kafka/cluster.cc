// SPDX-License-Identifier: Apache-2.0
#include "services/kafka/cluster.h"

#include <chrono>
#include <thread>

#include "base/log_message.h"
#include "control/key.h"
#include "log_kafka/topics.h"

namespace spotter::service {
namespace {

constexpr auto kGlance = std::chrono::milliseconds(100);  // how soon an interruption is noticed
constexpr int kGlancesPerTry = 10;
constexpr auto kControlRead = std::chrono::seconds(2);  // before it is worth a word

}  // namespace

void Waiting::For(std::string reason) {
  // librdkafka adds "(after 12ms in state CONNECT, 3 identical error(s) suppressed)".
  reason = reason.substr(0, reason.find(" (after "));
  const std::lock_guard lock(mutex_);
  if (reason == reason_) return;
  LogWarn("waiting, reason=\"{}\"", reason);
  reason_ = std::move(reason);
}

std::string Waiting::reason() const {
  const std::lock_guard lock(mutex_);
  return reason_;
}

Status TryUntilThere(const Interrupted& interrupted, Waiting& waiting,
                     const std::function<Status()>& attempt) {
  while (true) {
    Status status = attempt();
    if (status.code() != StatusCode::kUnavailable && status.code() != StatusCode::kNotFound) {
      return status;
    }
    waiting.For(std::string(MessageOf(status)));
    for (int i = 0; i < kGlancesPerTry; ++i) {
      if (interrupted()) return absl::CancelledError("told to stop while starting");
      std::this_thread::sleep_for(kGlance);
    }
  }
}

StatusOr<std::unique_ptr<Cluster>> Cluster::Open(KafkaSettings settings,
                                                 const Interrupted& interrupted, Waiting& waiting) {
  auto cluster = std::make_unique<Cluster>();
  cluster->settings_ = std::move(settings);
  SPOTTER_ASSIGN_OR_RETURN(cluster->client_,
                           log_kafka::KafkaClient::Create(cluster->settings_.client()));
  SPOTTER_RETURN_IF_ERROR(cluster->OpenControl(interrupted, waiting));
  SPOTTER_RETURN_IF_ERROR(cluster->CheckLogTopic(interrupted, waiting));
  return cluster;
}

Status Cluster::OpenControl(const Interrupted& interrupted, Waiting& waiting) {
  SPOTTER_ASSIGN_OR_RETURN(control_log_, OpenLog({.topic = settings_.control_topic,
                                                  .compacted = true,
                                                  .key_of = control::KeyOfPayload},
                                                 interrupted, waiting));
  directory_ = std::make_unique<control::Directory>(*control_log_);
  directory_->Follow();
  return TryUntilThere(interrupted, waiting, [this]() -> Status {
    const auto end = std::chrono::steady_clock::now() + kControlRead;
    while (!directory_->CaughtUp() && std::chrono::steady_clock::now() < end) {
      directory_->WaitChange(directory_->version(), kGlance);
    }
    if (!directory_->problem().empty()) return Unavailable("{}", directory_->problem());
    if (!directory_->CaughtUp()) {
      return Unavailable("control log '{}' is being read", settings_.control_topic);
    }
    if (directory_->Shards().has_value()) return OkStatus();
    return Unavailable("control log '{}' names no number of shards yet: an engine writes it",
                       settings_.control_topic);
  });
}

Status Cluster::CheckLogTopic(const Interrupted& interrupted, Waiting& waiting) {
  const model::ShardCount count = *directory_->Shards();
  shards_ = count.partitions;
  if (count.log_topic != settings_.log_topic) {
    return FailedPrecondition("--log-topic '{}': the control log '{}' is that of log '{}'",
                              settings_.log_topic, settings_.control_topic, count.log_topic);
  }
  return TryUntilThere(interrupted, waiting, [this]() -> Status {
    SPOTTER_ASSIGN_OR_RETURN(const log_kafka::TopicDescription topic,
                             log_kafka::DescribeTopic(*client_, settings_.log_topic));
    if (topic.partitions == shards_) return OkStatus();
    return FailedPrecondition(
        "topic '{}' has {} partitions, the control log says {}: the number never changes",
        settings_.log_topic, topic.partitions, shards_);
  });
}

StatusOr<std::shared_ptr<log_kafka::KafkaLog>> Cluster::OpenLog(const log_kafka::Options& options,
                                                                const Interrupted& interrupted,
                                                                Waiting& waiting) {
  // A topic that is not there yet is waited for: whoever starts first is not refused.
  SPOTTER_RETURN_IF_ERROR(TryUntilThere(interrupted, waiting, [&] {
    return log_kafka::DescribeTopic(*client_, options.topic).status();
  }));
  std::shared_ptr<log_kafka::KafkaLog> log;
  SPOTTER_RETURN_IF_ERROR(TryUntilThere(interrupted, waiting, [&]() -> Status {
    SPOTTER_ASSIGN_OR_RETURN(log, log_kafka::KafkaLog::Open(client_, options));
    return OkStatus();
  }));
  return log;
}

std::string Cluster::control_problem() const {
  const std::string problem = control_log_->broker_problem();
  return problem.empty() ? directory_->problem() : problem;
}

}  // namespace spotter::service
