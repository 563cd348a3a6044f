// SPDX-License-Identifier: Apache-2.0
#include "log_kafka/client_parts.h"

#include "base/log_message.h"

namespace spotter::log_kafka {
namespace {

constexpr auto kWatchInterval = std::chrono::seconds(1);
constexpr Duration kWatchTimeout = Seconds(2);

StatusOr<Handle> MakeConsumer(const ClientOptions& options, Trouble& trouble) {
  // A fetch waits for all partitions of a broker at once: this long at most does one that has
  // become ready wait for the others.
  SPOTTER_ASSIGN_OR_RETURN(
      Conf conf,
      MakeConf(
          options, trouble, {{"fetch.wait.max.ms", "100"}, {"fetch.error.backoff.ms", "100"}},
          {{"auto.offset.reset", "error"},
           {"isolation.level", "read_uncommitted"},
           {"check.crcs", "true"},
           {"enable.auto.commit", "false"},
           {"enable.auto.offset.store", "false"},
           {"queued.max.messages.kbytes", std::to_string(options.prefetch_bytes_max / 1024)}}));
  return MakeHandle(RD_KAFKA_CONSUMER, std::move(conf));
}

// rd_kafka_query_watermark_offsets would be the call for it, but it waits for a broker that is away
// as long as a socket's timeout, whatever timeout it is given.
rd_kafka_resp_err_t AskOffset(rd_kafka_t* handle, const PartitionMarks& marks, int64_t which,
                              Duration timeout, log::Offset& found) {
  rd_kafka_topic_partition_list_t* const list = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_t& asked =
      *rd_kafka_topic_partition_list_add(list, marks.topic.c_str(), marks.partition);
  asked.offset = which;
  rd_kafka_resp_err_t error =
      rd_kafka_offsets_for_times(handle, list, static_cast<int>(timeout.count()));
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) error = asked.err;
  found = asked.offset;
  rd_kafka_topic_partition_list_destroy(list);
  return error;
}

}  // namespace

ClientParts::ClientParts(ClientOptions client_options) : options(std::move(client_options)) {}

Status ClientParts::Start() {
  SPOTTER_ASSIGN_OR_RETURN(producer_, Producer::Create(options, trouble));
  watcher_ = std::thread([this] { WatchUntilClosed(); });
  return OkStatus();
}

ClientParts::~ClientParts() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  closing_changed_.notify_all();
  if (watcher_.joinable()) watcher_.join();
  consumer_poller_.reset();
}

StatusOr<std::shared_ptr<Producer>> ClientParts::producer() {
  const std::lock_guard lock(mutex_);
  if (producer_->is_broken()) {
    LogWarn("kafka producer replaced, reason=\"{}\"", trouble.text());
    SPOTTER_ASSIGN_OR_RETURN(producer_, Producer::Create(options, trouble));
  }
  return producer_;
}

StatusOr<rd_kafka_t*> ClientParts::consumer() {
  const std::lock_guard lock(mutex_);
  if (consumer_ == nullptr) {
    SPOTTER_ASSIGN_OR_RETURN(consumer_, MakeConsumer(options, trouble));
    consumer_poller_.emplace(consumer_.get());
  }
  return consumer_.get();
}

StatusOr<Watermarks> ClientParts::Ask(PartitionMarks& marks, Duration timeout) {
  SPOTTER_ASSIGN_OR_RETURN(const std::shared_ptr<Producer> asking, producer());
  Watermarks found;
  rd_kafka_resp_err_t error =
      AskOffset(asking->handle(), marks, RD_KAFKA_OFFSET_BEGINNING, timeout, found.start);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
    error = AskOffset(asking->handle(), marks, RD_KAFKA_OFFSET_END, timeout, found.end);
  }
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
    marks.Answered(found.start, found.end);
    trouble.Clear();
    return found;
  }
  const std::string cause = trouble.text();
  Status status = Unavailable("log '{}' [{}]: brokers {}: {}", marks.topic, marks.partition,
                              options.brokers, cause.empty() ? rd_kafka_err2str(error) : cause);
  marks.Failed(std::string(MessageOf(status)));
  return status;
}

void ClientParts::Watch(const std::shared_ptr<PartitionMarks>& marks) {
  const std::lock_guard lock(mutex_);
  std::erase_if(watched_, [](const auto& one) { return one.expired(); });
  watched_.push_back(marks);
}

void ClientParts::WatchUntilClosed() {
  std::unique_lock lock(mutex_);
  while (!closing_) {
    const auto watched = watched_;
    lock.unlock();
    for (const std::weak_ptr<PartitionMarks>& one : watched) {
      if (const auto marks = one.lock()) (void)Ask(*marks, kWatchTimeout);
    }
    lock.lock();
    closing_changed_.wait_for(lock, kWatchInterval, [&] { return closing_; });
  }
}

bool ClientParts::StartsReading(const PartitionMarks& marks) {
  const std::lock_guard lock(mutex_);
  return being_read_.emplace(marks.topic, marks.partition).second;
}

void ClientParts::StopsReading(const PartitionMarks& marks) {
  const std::lock_guard lock(mutex_);
  being_read_.erase({marks.topic, marks.partition});
}

StatusOr<std::shared_ptr<KafkaClient>> KafkaClient::Create(ClientOptions options) {
  auto parts = std::make_unique<ClientParts>(std::move(options));
  SPOTTER_RETURN_IF_ERROR(parts->Start());
  return std::make_shared<KafkaClient>(std::move(parts));
}

KafkaClient::KafkaClient(std::unique_ptr<ClientParts> parts) : parts_(std::move(parts)) {}
KafkaClient::~KafkaClient() = default;

size_t KafkaClient::append_bytes_under_way() const {
  const auto producer = parts_->producer();
  return producer.ok() ? (*producer)->bytes_under_way() : 0;
}

std::string KafkaClient::problem() const { return parts_->trouble.text(); }

}  // namespace spotter::log_kafka
