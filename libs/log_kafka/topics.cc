// SPDX-License-Identifier: Apache-2.0
#include "log_kafka/topics.h"

#include <array>
#include <charconv>
#include <chrono>
#include <thread>

#include "log_kafka/client_parts.h"

namespace spotter::log_kafka {
namespace {

constexpr Duration kCreateTimeout = Seconds(30);
constexpr auto kCreatePoll = std::chrono::milliseconds(50);

template <auto Destroy>
struct Deleter {
  template <typename T>
  void operator()(T* object) const {
    Destroy(object);
  }
};
template <typename T, auto Destroy>
using Owned = std::unique_ptr<T, Deleter<Destroy>>;

using Queue = Owned<rd_kafka_queue_t, rd_kafka_queue_destroy>;
using Event = Owned<rd_kafka_event_t, rd_kafka_event_destroy>;
using AdminOptions = Owned<rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy>;
using Metadata = Owned<const rd_kafka_metadata_t, rd_kafka_metadata_destroy>;

Status NoAnswer(KafkaClient& client, const std::string& topic, std::string_view error) {
  const std::string cause = client.problem();
  return Unavailable("topic '{}': brokers {}: {}", topic, client.parts().options.brokers,
                     cause.empty() ? error : cause);
}

AdminOptions MakeAdminOptions(rd_kafka_t* handle, rd_kafka_admin_op_t operation, Duration timeout) {
  AdminOptions options(rd_kafka_AdminOptions_new(handle, operation));
  std::array<char, 256> text;
  rd_kafka_AdminOptions_set_request_timeout(options.get(), static_cast<int>(timeout.count()),
                                            text.data(), text.size());
  return options;
}

Status ReadPartitions(KafkaClient& client, rd_kafka_t* handle, TopicDescription& topic) {
  rd_kafka_topic_t* const asked = rd_kafka_topic_new(handle, topic.name.c_str(), nullptr);
  const rd_kafka_metadata_t* found = nullptr;
  const rd_kafka_resp_err_t error = rd_kafka_metadata(
      handle, 0, asked, &found, static_cast<int>(client.parts().options.answer_timeout.count()));
  rd_kafka_topic_destroy(asked);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return NoAnswer(client, topic.name, rd_kafka_err2str(error));
  }
  const Metadata metadata(found);
  const rd_kafka_metadata_topic_t& one = metadata->topics[0];
  if (one.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
    return NotFound("topic '{}': the brokers {} know no such topic", topic.name,
                    client.parts().options.brokers);
  }
  if (one.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return NoAnswer(client, topic.name, rd_kafka_err2str(one.err));
  }
  topic.partitions = one.partition_cnt;
  topic.replicas = one.partition_cnt == 0 ? 0 : one.partitions[0].replica_cnt;
  for (int i = 0; i < one.partition_cnt; ++i) {
    topic.replicas = std::min(topic.replicas, one.partitions[i].replica_cnt);
  }
  return OkStatus();
}

Status ReadConfig(KafkaClient& client, rd_kafka_t* handle, TopicDescription& topic) {
  const Owned<rd_kafka_ConfigResource_t, rd_kafka_ConfigResource_destroy> resource(
      rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.name.c_str()));
  rd_kafka_ConfigResource_t* asked = resource.get();
  const Queue queue(rd_kafka_queue_new(handle));
  const Duration timeout = client.parts().options.answer_timeout;
  const AdminOptions options = MakeAdminOptions(handle, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, timeout);
  rd_kafka_DescribeConfigs(handle, &asked, 1, options.get(), queue.get());
  const Event event(rd_kafka_queue_poll(queue.get(), static_cast<int>(timeout.count()) + 1000));
  if (event == nullptr) return NoAnswer(client, topic.name, "no answer");
  if (rd_kafka_event_error(event.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return NoAnswer(client, topic.name, rd_kafka_event_error_string(event.get()));
  }
  size_t count = 0;
  const rd_kafka_ConfigResource_t** const answers = rd_kafka_DescribeConfigs_result_resources(
      rd_kafka_event_DescribeConfigs_result(event.get()), &count);
  if (count != 1 || rd_kafka_ConfigResource_error(answers[0]) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return NoAnswer(client, topic.name,
                    count == 1 ? rd_kafka_ConfigResource_error_string(answers[0]) : "no answer");
  }
  const rd_kafka_ConfigEntry_t** const entries =
      rd_kafka_ConfigResource_configs(answers[0], &count);
  for (size_t i = 0; i < count; ++i) {
    const char* value = rd_kafka_ConfigEntry_value(entries[i]);
    topic.config[rd_kafka_ConfigEntry_name(entries[i])] = value == nullptr ? "" : value;
  }
  return OkStatus();
}

Status Create(KafkaClient& client, rd_kafka_t* handle, const NewTopic& topic) {
  std::array<char, 512> text;
  const Owned<rd_kafka_NewTopic_t, rd_kafka_NewTopic_destroy> wanted(rd_kafka_NewTopic_new(
      topic.name.c_str(), topic.partitions, topic.replicas, text.data(), text.size()));
  if (wanted == nullptr) return InvalidArgument("topic '{}': {}", topic.name, text.data());
  for (const auto& [key, value] : topic.config) {
    rd_kafka_NewTopic_set_config(wanted.get(), key.c_str(), value.c_str());
  }
  rd_kafka_NewTopic_t* asked = wanted.get();
  const Queue queue(rd_kafka_queue_new(handle));
  const AdminOptions options =
      MakeAdminOptions(handle, RD_KAFKA_ADMIN_OP_CREATETOPICS, kCreateTimeout);
  rd_kafka_CreateTopics(handle, &asked, 1, options.get(), queue.get());
  const Event event(rd_kafka_queue_poll(queue.get(), static_cast<int>(kCreateTimeout.count())));
  if (event == nullptr) return NoAnswer(client, topic.name, "no answer");
  if (rd_kafka_event_error(event.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return NoAnswer(client, topic.name, rd_kafka_event_error_string(event.get()));
  }
  size_t count = 0;
  const rd_kafka_topic_result_t** const results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  if (count != 1) return NoAnswer(client, topic.name, "no answer");
  switch (rd_kafka_topic_result_error(results[0])) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
      return OkStatus();
    case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS:
      return AlreadyExists("topic '{}' exists already", topic.name);
    default: {
      const char* const why = rd_kafka_topic_result_error_string(results[0]);
      return FailedPrecondition("topic '{}' cannot be created: {}", topic.name,
                                why == nullptr ? "the broker does not say why" : why);
    }
  }
}

}  // namespace

std::string TopicDescription::Config(const std::string& key) const {
  const auto found = config.find(key);
  return found == config.end() ? "" : found->second;
}

bool TopicDescription::is_compacted() const {
  return Config("cleanup.policy").find("compact") != std::string::npos;
}

int64_t TopicDescription::record_bytes_max() const {
  const std::string text = Config("max.message.bytes");
  int64_t bytes = 0;
  std::from_chars(text.data(), text.data() + text.size(), bytes);
  return bytes;
}

NewTopic ShardLogTopic(std::string name, int32_t partitions, int32_t replicas) {
  return {.name = std::move(name),
          .partitions = partitions,
          .replicas = replicas,
          .config = {{"message.timestamp.type", "LogAppendTime"},
                     {"cleanup.policy", "delete"},
                     {"retention.ms", std::to_string(Days(14).count())},
                     {"max.message.bytes", std::to_string(8 << 20)},
                     {"min.insync.replicas", replicas > 2 ? "2" : "1"}}};
}

NewTopic ControlTopic(std::string name, int32_t replicas) {
  NewTopic topic = ShardLogTopic(std::move(name), 1, replicas);
  topic.config["cleanup.policy"] = "compact";
  topic.config.erase("retention.ms");
  return topic;
}

StatusOr<TopicDescription> DescribeTopic(KafkaClient& client, const std::string& name) {
  SPOTTER_ASSIGN_OR_RETURN(const std::shared_ptr<Producer> asking, client.parts().producer());
  TopicDescription topic{.name = name};
  SPOTTER_RETURN_IF_ERROR(ReadPartitions(client, asking->handle(), topic));
  SPOTTER_RETURN_IF_ERROR(ReadConfig(client, asking->handle(), topic));
  return topic;
}

Status CreateTopic(KafkaClient& client, const NewTopic& topic) {
  SPOTTER_ASSIGN_OR_RETURN(const std::shared_ptr<Producer> asking, client.parts().producer());
  // A broker that is away says so sooner to a question than to a wish.
  Status there = DescribeTopic(client, topic.name).status();
  if (there.ok()) return AlreadyExists("topic '{}' exists already", topic.name);
  if (there.code() != StatusCode::kNotFound) return there;
  SPOTTER_RETURN_IF_ERROR(Create(client, asking->handle(), topic));
  // Created by the controller; the brokers hear of it a moment later.
  const auto deadline = std::chrono::steady_clock::now() + kCreateTimeout;
  Status found;
  do {
    found = DescribeTopic(client, topic.name).status();
    if (found.ok()) break;
    std::this_thread::sleep_for(kCreatePoll);
  } while (std::chrono::steady_clock::now() < deadline);
  return found;
}

}  // namespace spotter::log_kafka
