// SPDX-License-Identifier: Apache-2.0
#include "services/cluster/cluster.h"

#include <thread>

#include "base/log_message.h"
#include "control/key.h"

namespace spotter::service {
namespace {

constexpr auto kRetry = std::chrono::seconds(1);
constexpr auto kSlowDirectory = std::chrono::seconds(10);
constexpr auto kLook = std::chrono::milliseconds(50);  // for a signal, while waiting

Status CreateTopics(log_kafka::KafkaClient& client, const ClusterSettings& settings) {
  for (const log_kafka::NewTopic& topic :
       {log_kafka::ShardLogTopic(settings.log_topic, settings.create_topics, -1),
        log_kafka::ControlTopic(settings.control_topic, -1)}) {
    const Status created = log_kafka::CreateTopic(client, topic);
    if (!created.ok() && created.code() != StatusCode::kAlreadyExists) return created;
  }
  return OkStatus();
}

Status Open(const ClusterSettings& settings, Cluster& cluster) {
  SPOTTER_ASSIGN_OR_RETURN(
      cluster.control_log,
      log_kafka::KafkaLog::Open(
          cluster.client,
          {.topic = settings.control_topic, .compacted = true, .key_of = control::KeyOfPayload}));
  cluster.directory = std::make_unique<control::Directory>(*cluster.control_log);
  SPOTTER_RETURN_IF_ERROR(cluster.directory->Poll());
  cluster.directory->Follow();
  return OkStatus();
}

// A read of Kafka that finds nothing may only have found nothing yet, and whoever acts on half a
// directory gives a tenant to the wrong shard.
Status WaitCaughtUp(const control::Directory& directory, const Interrupted& interrupted) {
  bool told = false;
  const auto began = std::chrono::steady_clock::now();
  for (uint64_t seen = 0; !directory.CaughtUp();) {
    if (interrupted()) return Status(StatusCode::kCancelled, "interrupted");
    seen = directory.WaitChange(seen, kLook);
    if (told || std::chrono::steady_clock::now() - began < kSlowDirectory) continue;
    told = true;
    LogWarn("control log not read to its end yet, reason=\"{}\"", directory.problem());
  }
  return OkStatus();
}

}  // namespace

void ClusterSettings::AddTo(Settings& settings) {
  settings.Add("brokers", "Kafka brokers, HOST:PORT,...", brokers);
  settings.Add("log-topic", "topic of the shards' logs (spotter.log)", log_topic);
  settings.Add("control-topic", "compacted topic of the directory (spotter.control)",
               control_topic);
  settings.Add("create-topics",
               "make both topics where they are not there, the log with so many partitions; for "
               "tests and first looks (0: do not)",
               create_topics);
  settings.AddPassed("kafka",
                     "a setting of librdkafka, e.g. --kafka.security.protocol=ssl; NAME.file names "
                     "a file that holds the value",
                     kafka);
}

Status ClusterSettings::Check() const {
  if (brokers.empty()) return InvalidArgument("--brokers HOST:PORT,... is required");
  return OkStatus();
}

std::string Cluster::problem() const {
  if (std::string problem = control_log->broker_problem(); !problem.empty()) return problem;
  return directory->problem();
}

Status WaitForBrokers(std::string_view what, const Interrupted& interrupted, Waiting& waiting,
                      const std::function<Status()>& open) {
  while (true) {
    const Status opened = open();
    if (opened.code() != StatusCode::kUnavailable && opened.code() != StatusCode::kNotFound) {
      return opened;
    }
    waiting.For(what, MessageOf(opened));
    for (auto waited = kLook; waited < kRetry; waited += kLook) {
      if (interrupted()) return Status(StatusCode::kCancelled, "interrupted");
      std::this_thread::sleep_for(kLook);
    }
  }
}

StatusOr<log_kafka::TopicDescription> WaitForTopic(log_kafka::KafkaClient& client,
                                                   const std::string& name,
                                                   const Interrupted& interrupted,
                                                   Waiting& waiting) {
  log_kafka::TopicDescription topic;
  SPOTTER_RETURN_IF_ERROR(WaitForBrokers(name, interrupted, waiting, [&]() -> Status {
    SPOTTER_ASSIGN_OR_RETURN(topic, log_kafka::DescribeTopic(client, name));
    return OkStatus();
  }));
  return topic;
}

StatusOr<Cluster> OpenCluster(const ClusterSettings& settings, const Interrupted& interrupted,
                              Waiting& waiting) {
  Cluster cluster;
  SPOTTER_ASSIGN_OR_RETURN(
      cluster.client,
      log_kafka::KafkaClient::Create({.brokers = settings.brokers, .settings = settings.kafka}));
  if (settings.create_topics > 0) {
    SPOTTER_RETURN_IF_ERROR(WaitForBrokers(settings.log_topic, interrupted, waiting, [&] {
      return CreateTopics(*cluster.client, settings);
    }));
  }
  SPOTTER_RETURN_IF_ERROR(
      WaitForTopic(*cluster.client, settings.control_topic, interrupted, waiting).status());
  SPOTTER_RETURN_IF_ERROR(WaitForBrokers(settings.control_topic, interrupted, waiting,
                                         [&] { return Open(settings, cluster); }));
  SPOTTER_RETURN_IF_ERROR(WaitCaughtUp(*cluster.directory, interrupted));
  return cluster;
}

StatusOr<std::vector<std::shared_ptr<log::Log>>> OpenTopic(const Cluster& cluster,
                                                           const WrittenTopic& topic,
                                                           const Interrupted& interrupted,
                                                           Waiting& waiting) {
  if (topic.partitions > 0) {
    const Status created = WaitForBrokers(topic.name, interrupted, waiting, [&] {
      return log_kafka::CreateTopic(*cluster.client,
                                    log_kafka::ShardLogTopic(topic.name, topic.partitions, -1));
    });
    if (!created.ok() && created.code() != StatusCode::kAlreadyExists) return created;
  }
  SPOTTER_ASSIGN_OR_RETURN(const log_kafka::TopicDescription found,
                           WaitForTopic(*cluster.client, topic.name, interrupted, waiting));
  std::vector<std::shared_ptr<log::Log>> partitions;
  for (int32_t number = 0; number < found.partitions; ++number) {
    SPOTTER_RETURN_IF_ERROR(WaitForBrokers(topic.name, interrupted, waiting, [&]() -> Status {
      SPOTTER_ASSIGN_OR_RETURN(
          std::shared_ptr<log::Log> log,
          log_kafka::KafkaLog::Open(
              cluster.client, {.topic = topic.name, .partition = number, .key_of = topic.key_of}));
      partitions.push_back(std::move(log));
      return OkStatus();
    }));
  }
  return partitions;
}

void AddKafkaUp(bool is_up, exposition::Samples& out) {
  out.Gauge("spotter_kafka_up", "1 while the brokers answer.", is_up ? 1 : 0);
}

}  // namespace spotter::service
