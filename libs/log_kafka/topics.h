// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "log_kafka/kafka_client.h"

namespace spotter::log_kafka {

// A topic as its brokers describe it. They have no id for us: librdkafka 2.0.2 cannot ask for it.
struct TopicDescription {
  std::string name;
  int32_t partitions = 0;
  int32_t replicas = 0;  // of the partition that has the fewest
  std::map<std::string, std::string> config;

  std::string Config(const std::string& key) const;
  bool has_broker_time() const { return Config("message.timestamp.type") == "LogAppendTime"; }
  bool is_compacted() const;
  int64_t record_bytes_max() const;  // max.message.bytes
};

struct NewTopic {
  std::string name;
  int32_t partitions = 1;
  int32_t replicas = -1;  // -1: the brokers' default
  std::map<std::string, std::string> config;
};

// What the shard log and the control log have to be like. With three replicas or more a record is
// acknowledged by two: any one broker may be lost.
NewTopic ShardLogTopic(std::string name, int32_t partitions, int32_t replicas);
NewTopic ControlTopic(std::string name, int32_t replicas);

// NotFound: no such topic. Unavailable: no broker answered.
StatusOr<TopicDescription> DescribeTopic(KafkaClient& client, const std::string& name);

// Returns when the topic can be used. AlreadyExists: as it says; nothing was changed.
Status CreateTopic(KafkaClient& client, const NewTopic& topic);

}  // namespace spotter::log_kafka
