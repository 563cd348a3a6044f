// SPDX-License-Identifier: Apache-2.0
//
// What the programs on Kafka share: the brokers, the control log, and what they expect of the shard
// log's topic.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "control/directory.h"
#include "exposition/metrics.h"
#include "log_kafka/kafka_log.h"
#include "log_kafka/topics.h"
#include "services/cluster/waiting.h"
#include "services/program/run.h"
#include "services/program/settings.h"

namespace spotter::service {

struct ClusterSettings {
  std::string brokers;  // host:port, separated by commas; required
  std::string log_topic = "spotter.log";
  std::string control_topic = "spotter.control";
  std::map<std::string, std::string> kafka;  // librdkafka's settings by their own names
  int create_topics = 0;                     // partitions of the log to make; 0: topics are there

  void AddTo(Settings& settings);
  Status Check() const;
};

// Thread safety: as its parts.
struct Cluster {
  std::shared_ptr<log_kafka::KafkaClient> client;
  std::unique_ptr<log_kafka::KafkaLog> control_log;
  std::unique_ptr<control::Directory> directory;  // read to its end, and following

  // Why the brokers cannot be reached now, or "".
  std::string problem() const;
};

// Asks until it works: brokers that are away and a control topic that is absent are waited for.
// Cancelled: `interrupted` said so. FailedPrecondition: a topic is not as it has to be.
StatusOr<Cluster> OpenCluster(const ClusterSettings& settings, const Interrupted& interrupted,
                              Waiting& waiting);

// Repeats `open` once a second while it is Unavailable, or NotFound: a topic may still come.
Status WaitForBrokers(std::string_view what, const Interrupted& interrupted, Waiting& waiting,
                      const std::function<Status()>& open);
// What the brokers say of a topic, once it is there.
StatusOr<log_kafka::TopicDescription> WaitForTopic(log_kafka::KafkaClient& client,
                                                   const std::string& name,
                                                   const Interrupted& interrupted,
                                                   Waiting& waiting);

// A topic that is written to, a log a partition; `partitions` > 0: made with so many where it is
// not there.
struct WrittenTopic {
  std::string name;
  std::function<std::string(std::string_view payload)> key_of;
  int32_t partitions = 0;
};
StatusOr<std::vector<std::shared_ptr<log::Log>>> OpenTopic(const Cluster& cluster,
                                                           const WrittenTopic& topic,
                                                           const Interrupted& interrupted,
                                                           Waiting& waiting);

// spotter_kafka_up.
void AddKafkaUp(bool is_up, exposition::Samples& out);

}  // namespace spotter::service
