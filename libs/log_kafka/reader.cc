// SPDX-License-Identifier: Apache-2.0
#include "log_kafka/reader.h"

#include <array>
#include <thread>

#include "base/log_message.h"

namespace spotter::log_kafka {
namespace {

constexpr Duration kSeekTimeout = Seconds(1);
constexpr size_t kFetchMax = 1024;

std::string_view PayloadOf(const rd_kafka_message_t& message) {
  return {static_cast<const char*>(message.payload), message.len};
}

}  // namespace

Reader::Reader(std::shared_ptr<KafkaClient> client, std::shared_ptr<PartitionMarks> marks,
               bool allows_gaps)
    : client_(std::move(client)), marks_(std::move(marks)), allows_gaps_(allows_gaps) {}

Reader::~Reader() {
  StopFetching();
  if (topic_ == nullptr) return;
  rd_kafka_topic_destroy(topic_);
  client_->parts().StopsReading(*marks_);
}

std::string Reader::name() const {
  return fmt::format("log '{}' [{}]", marks_->topic, marks_->partition);
}

// --- Positioning -------------------------------------------------------------------------------

Status Reader::SeekTo(log::Offset from, Duration timeout) {
  if (queue_ != nullptr && from == next_) return OkStatus();
  StopFetching();
  ClientParts& parts = client_->parts();
  const StatusOr<Watermarks> found = parts.Ask(*marks_, timeout);
  if (!found.ok()) return OkStatus();  // away: marks_ says so
  SPOTTER_RETURN_IF_ERROR(CheckRange(from, *found));
  SPOTTER_ASSIGN_OR_RETURN(rd_kafka_t* const consumer, parts.consumer());
  if (topic_ == nullptr) {
    if (!parts.StartsReading(*marks_)) {
      return AlreadyExists("{} is read already by this client, expected one reader", name());
    }
    topic_ = rd_kafka_topic_new(consumer, marks_->topic.c_str(), nullptr);
  }
  rd_kafka_queue_t* const queue = rd_kafka_queue_new(consumer);
  if (rd_kafka_consume_start_queue(topic_, marks_->partition, from, queue) != 0) {
    rd_kafka_queue_destroy(queue);
    return Unavailable("{}: cannot be read from offset {}: {}", name(), from,
                       rd_kafka_err2str(rd_kafka_last_error()));
  }
  queue_ = queue;
  next_ = from;
  return OkStatus();
}

Status Reader::CheckRange(log::Offset from, const Watermarks& found) const {
  if (from < found.start && !allows_gaps_) {
    return FailedPrecondition(
        "{}: offset {} is gone, the log starts at {}: retention overtook the reader, or the topic "
        "was made anew; restore a newer snapshot",
        name(), from, found.start);
  }
  if (from > found.end) {
    return FailedPrecondition(
        "{}: offset {} lies beyond the end {}: the log lost its tail, or the topic was made anew",
        name(), from, found.end);
  }
  return OkStatus();
}

// What was read up to the old end is not what the log holds there now, though it has grown again.
Status Reader::CheckTail() const {
  const auto found = marks_->went_back();
  if (!found.has_value() || allows_gaps_) return OkStatus();
  return FailedPrecondition(
      "{}: a record was appended at offset {} after the log had reached {}: the log lost its tail, "
      "or the topic was made anew",
      name(), found->first, found->second);
}

void Reader::StopFetching() {
  fetched_.clear();
  if (queue_ == nullptr) return;
  rd_kafka_consume_stop(topic_, marks_->partition);
  rd_kafka_queue_destroy(queue_);
  queue_ = nullptr;
}

// --- Reading -----------------------------------------------------------------------------------

Status Reader::Read(log::Offset from, size_t max_records, size_t max_bytes,
                    std::vector<log::Record>& records) {
  SPOTTER_RETURN_IF_ERROR(CheckTail());
  SPOTTER_RETURN_IF_ERROR(SeekTo(from, kSeekTimeout));
  const size_t before = records.size();
  size_t bytes = 0;
  while (queue_ != nullptr && records.size() - before < max_records) {
    if (fetched_.empty()) Fetch(std::min(kFetchMax, max_records - (records.size() - before)));
    if (fetched_.empty()) break;
    const rd_kafka_message_t& message = *fetched_.front();
    bytes += message.len;
    if (bytes > max_bytes && records.size() > before) break;
    const Message taken = std::move(fetched_.front());
    fetched_.pop_front();
    if (Status status = TakeMessage(*taken, records); !status.ok()) {
      StopFetching();
      // What came before the bad one is handed out first; the next call meets it again.
      return records.size() > before ? OkStatus() : status;
    }
  }
  return OkStatus();
}

bool Reader::WaitReadable(log::Offset from, Duration timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  if (!fetched_.empty() && from == next_) return true;
  if (!SeekTo(from, std::min(timeout, kSeekTimeout)).ok() || queue_ == nullptr) {
    std::this_thread::sleep_until(deadline);
    return false;
  }
  rd_kafka_message_t* const message =
      rd_kafka_consume_queue(queue_, static_cast<int>(timeout.count()));
  if (message == nullptr) return false;
  fetched_.emplace_back(message);
  return true;
}

// Takes what is there, without waiting.
void Reader::Fetch(size_t count) {
  std::array<rd_kafka_message_t*, kFetchMax> messages;
  const ssize_t got = rd_kafka_consume_batch_queue(queue_, 0, messages.data(), count);
  for (ssize_t i = 0; i < got; ++i) fetched_.emplace_back(messages[static_cast<size_t>(i)]);
}

Status Reader::TakeMessage(const rd_kafka_message_t& message, std::vector<log::Record>& records) {
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) return OnError(message);
  if (message.offset < next_) {
    ++duplicates_dropped_;
    return OkStatus();
  }
  if (message.offset > next_ && !allows_gaps_) return OnGap(message.offset);
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const int64_t time = rd_kafka_message_timestamp(&message, &type);
  if (type != RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME) {
    return FailedPrecondition(
        "{}: the record at offset {} carries its producer's time, expected the broker's: set the "
        "topic's message.timestamp.type to LogAppendTime",
        name(), message.offset);
  }
  records.push_back({.offset = message.offset,
                     .append_time = {time},
                     .payload = std::string(PayloadOf(message))});
  next_ = message.offset + 1;
  marks_->SawRecord(message.offset);
  return OkStatus();
}

Status Reader::OnGap(log::Offset found) {
  if (gap_at_ != next_) {
    gap_at_ = next_;
    ++refetches_;
    LogWarn("log fetched again, topic={} partition={} expected_offset={} found_offset={}",
            marks_->topic, marks_->partition, next_, found);
    StopFetching();
    return OkStatus();
  }
  return DataLoss(
      "{}: records {} to {} are missing, expected none to be: a log is neither compacted nor "
      "written in transactions",
      name(), next_, found - 1);
}

// The leader had no such offset when it was asked. That it has one now, because others have
// appended meanwhile, heals nothing: what lies between is not what was there.
Status Reader::OnOutOfRange() {
  const log::Offset from = next_;
  StopFetching();
  if (allows_gaps_) return SeekTo(from, kSeekTimeout);
  const StatusOr<Watermarks> found = client_->parts().Ask(*marks_, kSeekTimeout);
  if (found.ok()) SPOTTER_RETURN_IF_ERROR(CheckRange(from, *found));
  return FailedPrecondition(
      "{}: the leader said that offset {} is outside the log, which ends at {} now: the log lost "
      "its tail and has grown again",
      name(), from, found.ok() ? found->end : marks_->end());
}

Status Reader::OnError(const rd_kafka_message_t& message) {
  switch (message.err) {
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
      return OnOutOfRange();
    case RD_KAFKA_RESP_ERR__BAD_MSG:
      return DataLoss("{}: the record at offset {} is damaged: {}", name(), next_,
                      rd_kafka_message_errstr(&message));
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
      return FailedPrecondition("{}: the brokers know no such partition (any more): {}", name(),
                                rd_kafka_err2str(message.err));
    default:  // a broker's passing trouble: librdkafka goes on by itself
      client_->parts().trouble.Note(
          fmt::format("{}: {}", name(), rd_kafka_message_errstr(&message)));
      return OkStatus();
  }
}

}  // namespace spotter::log_kafka
