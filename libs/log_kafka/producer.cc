// SPDX-License-Identifier: Apache-2.0
#include "log_kafka/producer.h"

#include <condition_variable>

namespace spotter::log_kafka {
namespace {

// Larger than any topic of ours allows: the topic's own limit is the one that counts.
constexpr const char* kMessageBytesMax = "100000000";

Status StatusOf(rd_kafka_resp_err_t error, const std::string& topic, int32_t partition,
                Duration timeout) {
  switch (error) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
      return OkStatus();
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
      return InvalidArgument("log '{}' [{}]: the broker refuses the record: {}", topic, partition,
                             rd_kafka_err2str(error));
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
      return Unavailable("log '{}' [{}]: not acknowledged within {}", topic, partition,
                         FormatDuration(timeout));
    default:
      return Unavailable("log '{}' [{}]: {}", topic, partition, rd_kafka_err2str(error));
  }
}

}  // namespace

struct Producer::Report {
  Call* call = nullptr;
  log::Offset offset = -1;
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
};

// One call of Send, until the last report: librdkafka holds pointers into it.
struct Producer::Call {
  Call(size_t count, size_t size)
      : bytes(size), open(count), reports(count, Report{.call = this}) {}
  bool has_ended() {
    const std::lock_guard lock(mutex);
    return open == 0;
  }

  const size_t bytes;
  std::mutex mutex;
  std::condition_variable done;
  size_t open;
  std::vector<Report> reports;
};

StatusOr<std::shared_ptr<Producer>> Producer::Create(const ClientOptions& options,
                                                     Trouble& trouble) {
  // linger: while requests are in flight batches fill by themselves; see README.md for numbers.
  SPOTTER_ASSIGN_OR_RETURN(
      Conf conf,
      MakeConf(options, trouble, {{"linger.ms", "0"}},
               {{"enable.idempotence", "true"},
                {"acks", "all"},
                {"message.timeout.ms", std::to_string(options.append_timeout.count())},
                {"message.max.bytes", kMessageBytesMax},
                // Send bounds what is under way; librdkafka must never refuse half a call.
                {"queue.buffering.max.messages", "10000000"},
                {"queue.buffering.max.kbytes", "2000000"}}));
  rd_kafka_conf_set_dr_msg_cb(conf.get(), OnDelivery);
  SPOTTER_ASSIGN_OR_RETURN(Handle handle, MakeHandle(RD_KAFKA_PRODUCER, std::move(conf)));
  return std::make_shared<Producer>(options, std::move(handle));
}

Producer::Producer(const ClientOptions& options, Handle handle)
    : bytes_max_(options.append_bytes_max),
      timeout_(options.append_timeout),
      handle_(std::move(handle)) {
  poller_.emplace(handle_.get());
}

Producer::~Producer() {
  poller_.reset();
  topics_.clear();
}

StatusOr<std::vector<log::Offset>> Producer::Send(const std::string& topic, int32_t partition,
                                                  std::span<const Message> messages,
                                                  Duration patience) {
  ForgetEnded();
  size_t bytes = 0;
  for (const Message& message : messages) bytes += message.value.size();
  const size_t before = bytes_under_way_.fetch_add(bytes);
  if (before > 0 && before + bytes > bytes_max_) {
    bytes_under_way_ -= bytes;
    return Unavailable("log '{}' [{}]: {} bytes wait for the brokers, at most {} may", topic,
                       partition, before, bytes_max_);
  }

  auto call = std::make_unique<Call>(messages.size(), bytes);
  std::vector<rd_kafka_message_t> batch(messages.size());
  for (size_t i = 0; i < messages.size(); ++i) {
    // librdkafka copies both; its struct has no const.
    batch[i].payload = const_cast<char*>(messages[i].value.data());
    batch[i].len = messages[i].value.size();
    if (messages[i].key.has_value()) {
      batch[i].key = const_cast<char*>(messages[i].key->data());
      batch[i].key_len = messages[i].key->size();
    }
    batch[i]._private = &call->reports[i];
  }
  rd_kafka_produce_batch(TopicOf(topic), partition, RD_KAFKA_MSG_F_COPY, batch.data(),
                         static_cast<int>(batch.size()));
  {
    std::unique_lock lock(call->mutex);
    for (size_t i = 0; i < batch.size(); ++i) {
      if (batch[i].err == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
      call->reports[i].error = batch[i].err;  // it was not queued and gets no report
      --call->open;
    }
    const auto has_ended = [&call] { return call->open == 0; };
    if (patience >= timeout_) {
      call->done.wait(lock, has_ended);  // librdkafka reports within timeout_
    } else if (!call->done.wait_for(lock, patience, has_ended)) {
      lock.unlock();
      const std::lock_guard keeping(unawaited_mutex_);
      unawaited_.push_back(std::move(call));
      return StatusOf(RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, topic, partition, patience);
    }
  }
  bytes_under_way_ -= bytes;

  std::vector<log::Offset> offsets;
  offsets.reserve(call->reports.size());
  for (const Report& report : call->reports) {
    SPOTTER_RETURN_IF_ERROR(StatusOf(report.error, topic, partition, timeout_));
    offsets.push_back(report.offset);
  }
  return offsets;
}

void Producer::OnDelivery(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
  auto& report = *static_cast<Report*>(message->_private);
  Call& call = *report.call;
  // Under the lock: the waiter, woken otherwise, could free it meanwhile.
  const std::lock_guard lock(call.mutex);
  report.offset = message->offset;
  report.error = message->err;
  if (--call.open == 0) call.done.notify_one();
}

// Calls that nobody waited for to their end.
void Producer::ForgetEnded() {
  const std::lock_guard lock(unawaited_mutex_);
  std::erase_if(unawaited_, [this](const std::unique_ptr<Call>& call) {
    if (!call->has_ended()) return false;
    bytes_under_way_ -= call->bytes;
    return true;
  });
}

size_t Producer::bytes_under_way() {
  ForgetEnded();
  return bytes_under_way_;
}

bool Producer::is_broken() const {
  return rd_kafka_fatal_error(handle_.get(), nullptr, 0) != RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_topic_t* Producer::TopicOf(const std::string& name) {
  const std::lock_guard lock(topics_mutex_);
  auto& topic = topics_[name];
  if (topic == nullptr) topic.reset(rd_kafka_topic_new(handle_.get(), name.c_str(), nullptr));
  return topic.get();
}

}  // namespace spotter::log_kafka
