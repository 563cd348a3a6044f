// SPDX-License-Identifier: Apache-2.0
#include "log_kafka/kafka_log.h"

#include <algorithm>

#include "base/assert.h"
#include "base/log_message.h"
#include "log_kafka/client_parts.h"
#include "log_kafka/reader.h"
#include "log_kafka/topics.h"

namespace spotter::log_kafka {
namespace {

using log::Offset;

// A record is sent as a batch: header, varints and key count into the topic's max.message.bytes.
constexpr int64_t kBatchOverheadBytes = 512;
// librdkafka fills batches to 1,000,000 bytes; a topic that takes less would refuse them.
constexpr int64_t kTopicBytesMin = 1'048'588;  // Kafka's own default
constexpr Duration kProbeRecordTimeout = Seconds(5);

class PartitionLog final : public KafkaLog {
 public:
  PartitionLog(std::shared_ptr<KafkaClient> client, Options options,
               std::shared_ptr<PartitionMarks> marks, size_t record_bytes_max)
      : client_(std::move(client)),
        options_(std::move(options)),
        marks_(std::move(marks)),
        record_bytes_max_(record_bytes_max),
        reader_(client_, marks_, options_.compacted) {}

  StatusOr<std::vector<Offset>> Append(std::span<const std::string_view> payloads) override {
    return Append(payloads, client_->parts().options.append_timeout);
  }
  StatusOr<Offset> AppendWithin(std::string_view payload, Duration patience) override {
    SPOTTER_ASSIGN_OR_RETURN(
        const std::vector<Offset> offsets,
        Append({&payload, 1}, std::min(patience, client_->parts().options.append_timeout)));
    return offsets.front();
  }
  Status WaitDurable(Offset offset) override;
  Status Read(Offset from, size_t max_records, size_t max_bytes,
              std::vector<log::Record>& records) override {
    return reader_.Read(from, max_records, max_bytes, records);
  }
  bool WaitReadable(Offset from, Duration timeout) override {
    return reader_.WaitReadable(from, timeout);
  }
  Offset start() const override { return marks_->start(); }
  Offset durable_end() const override { return marks_->end(); }
  Offset end() const override { return marks_->end(); }
  Status TrimBefore(Offset) override { return OkStatus(); }
  std::string broker_problem() const override { return marks_->problem(); }
  LogCounters counters() const override { return reader_.counters(); }

  // Whether the record before the stored offset is the one that the reader once read.
  Status CheckLastRecord();

 private:
  StatusOr<std::vector<Offset>> Append(std::span<const std::string_view> payloads,
                                       Duration patience);

  const std::shared_ptr<KafkaClient> client_;
  const Options options_;
  const std::shared_ptr<PartitionMarks> marks_;
  const size_t record_bytes_max_;
  Reader reader_;
};

StatusOr<std::vector<Offset>> PartitionLog::Append(std::span<const std::string_view> payloads,
                                                   Duration patience) {
  if (payloads.empty()) return std::vector<Offset>();
  std::vector<Producer::Message> messages;
  std::vector<std::string> keys;
  messages.reserve(payloads.size());
  keys.reserve(payloads.size());  // views into it stay valid
  for (const std::string_view payload : payloads) {
    if (payload.size() > record_bytes_max_) {
      return InvalidArgument("log '{}' [{}]: record of {} bytes: at most {} are allowed",
                             options_.topic, options_.partition, payload.size(), record_bytes_max_);
    }
    // A null value would be a tombstone.
    Producer::Message message{.value = payload.data() == nullptr ? std::string_view("") : payload};
    if (options_.key_of) message.key = keys.emplace_back(options_.key_of(payload));
    messages.push_back(message);
  }
  // Nobody has to wait for a broker that is known to be away.
  if (marks_->is_away_longer_than(patience)) {
    return Unavailable("{}", marks_->problem());
  }
  SPOTTER_ASSIGN_OR_RETURN(const std::shared_ptr<Producer> producer, client_->parts().producer());
  const Offset known_end = marks_->end();
  StatusOr<std::vector<Offset>> offsets =
      producer->Send(options_.topic, options_.partition, messages, patience);
  if (!offsets.ok()) return offsets;
  // The leader does not know the offset of a record that it has had for long: then it says -1.
  if (offsets->front() >= 0 && offsets->front() < known_end &&
      marks_->WentBack(offsets->front(), known_end)) {
    LogError("log lost its tail, topic={} partition={} end_before={} appended_at={}",
             options_.topic, options_.partition, known_end, offsets->front());
  }
  marks_->SawRecord(offsets->back());
  return offsets;
}

Status PartitionLog::WaitDurable(Offset offset) {
  if (offset < marks_->end()) return OkStatus();
  return FailedPrecondition("log '{}' [{}]: record {} was never appended, the log ends at {}",
                            options_.topic, options_.partition, offset, marks_->end());
}

Status PartitionLog::CheckLastRecord() {
  const Offset last = *options_.stored_offset - 1;
  if (last < marks_->start()) return OkStatus();  // retention took it
  std::vector<log::Record> records;
  const auto deadline = std::chrono::steady_clock::now() + kProbeRecordTimeout;
  while (records.empty() && std::chrono::steady_clock::now() < deadline) {
    (void)WaitReadable(last, Duration(100));
    SPOTTER_RETURN_IF_ERROR(Read(last, 1, 1, records));
  }
  if (records.empty()) {
    return Unavailable("log '{}' [{}]: record {} could not be read: {}", options_.topic,
                       options_.partition, last, marks_->problem());
  }
  if (records[0].append_time <= *options_.newest_append_time) return OkStatus();
  return FailedPrecondition(
      "log '{}' [{}]: the record at offset {} is of {}, the state has read none later than {} up "
      "to "
      "there: the topic was made anew, or lost records",
      options_.topic, options_.partition, last, FormatTime(records[0].append_time),
      FormatTime(*options_.newest_append_time));
}

Status CheckTopic(const Options& options, const TopicDescription& topic) {
  if (options.partition < 0 || options.partition >= topic.partitions) {
    return FailedPrecondition("topic '{}' has {} partitions, expected one numbered {}",
                              options.topic, topic.partitions, options.partition);
  }
  if (!topic.has_broker_time()) {
    return FailedPrecondition(
        "topic '{}': message.timestamp.type is {}, expected LogAppendTime: the brokers' clock is "
        "the shard's",
        options.topic, topic.Config("message.timestamp.type"));
  }
  if (topic.is_compacted() != options.compacted) {
    return FailedPrecondition("topic '{}': cleanup.policy is {}, expected {}", options.topic,
                              topic.Config("cleanup.policy"),
                              options.compacted ? "compact" : "delete");
  }
  if (topic.record_bytes_max() < kTopicBytesMin) {
    return FailedPrecondition("topic '{}': max.message.bytes is {}, expected at least {}",
                              options.topic, topic.record_bytes_max(), kTopicBytesMin);
  }
  return OkStatus();
}

Status CheckStoredOffset(const Options& options, const Watermarks& found) {
  const Offset stored = options.stored_offset.value_or(found.start);
  if (stored < found.start && !options.compacted) {
    return FailedPrecondition(
        "log '{}' [{}] starts at offset {}, past the stored offset {}: retention overtook the "
        "state, or the topic was made anew; restore a newer snapshot",
        options.topic, options.partition, found.start, stored);
  }
  if (stored > found.end) {
    return FailedPrecondition(
        "log '{}' [{}] ends at offset {}, below the stored offset {}: it lost its tail, or the "
        "topic was made anew",
        options.topic, options.partition, found.end, stored);
  }
  return OkStatus();
}

}  // namespace

StatusOr<std::unique_ptr<KafkaLog>> KafkaLog::Open(std::shared_ptr<KafkaClient> client,
                                                   Options options) {
  Assert(!options.compacted || options.key_of, "records of a compacted log have keys");
  StatusOr<TopicDescription> topic = DescribeTopic(*client, options.topic);
  if (topic.status().code() == StatusCode::kNotFound) {
    return FailedPrecondition("{}", MessageOf(topic.status()));
  }
  SPOTTER_RETURN_IF_ERROR(topic.status());
  SPOTTER_RETURN_IF_ERROR(CheckTopic(options, *topic));
  auto marks = std::make_shared<PartitionMarks>(options.topic, options.partition);
  ClientParts& parts = client->parts();
  SPOTTER_ASSIGN_OR_RETURN(const Watermarks found, parts.Ask(*marks, parts.options.answer_timeout));
  SPOTTER_RETURN_IF_ERROR(CheckStoredOffset(options, found));
  parts.Watch(marks);
  const auto record_bytes_max =
      static_cast<size_t>(topic->record_bytes_max() - kBatchOverheadBytes);
  const bool checks_last = options.stored_offset.value_or(0) > 0 &&
                           options.newest_append_time.has_value() && !options.compacted;
  auto opened = std::make_unique<PartitionLog>(std::move(client), std::move(options),
                                               std::move(marks), record_bytes_max);
  if (checks_last) SPOTTER_RETURN_IF_ERROR(opened->CheckLastRecord());
  return opened;
}

}  // namespace spotter::log_kafka
