// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "log/log.h"
#include "log_kafka/client_parts.h"
#include "log_kafka/kafka_log.h"

namespace spotter::log_kafka {

// Reads one partition forward from any offset, and keeps the ledger of offsets: what lies below the
// next one is dropped (librdkafka may deliver twice), a gap is fetched again once and then an
// error. Thread safety: none.
class Reader {
 public:
  // With `allows_gaps` (a compacted topic) what follows a gap is simply next.
  Reader(std::shared_ptr<KafkaClient> client, std::shared_ptr<PartitionMarks> marks,
         bool allows_gaps);
  ~Reader();

  // As log::Log. A broker that is away looks like a log with nothing new.
  Status Read(log::Offset from, size_t max_records, size_t max_bytes,
              std::vector<log::Record>& records);
  bool WaitReadable(log::Offset from, Duration timeout);
  LogCounters counters() const { return {duplicates_dropped_, refetches_}; }  // any thread

 private:
  struct MessageDeleter {
    void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
  };
  using Message = std::unique_ptr<rd_kafka_message_t, MessageDeleter>;

  Status SeekTo(log::Offset from, Duration timeout);
  Status CheckRange(log::Offset from, const Watermarks& found) const;
  Status CheckTail() const;
  void StopFetching();
  void Fetch(size_t count);
  Status TakeMessage(const rd_kafka_message_t& message, std::vector<log::Record>& records);
  Status OnError(const rd_kafka_message_t& message);
  Status OnOutOfRange();
  Status OnGap(log::Offset found);
  std::string name() const;

  const std::shared_ptr<KafkaClient> client_;
  const std::shared_ptr<PartitionMarks> marks_;
  const bool allows_gaps_;

  rd_kafka_topic_t* topic_ = nullptr;
  rd_kafka_queue_t* queue_ = nullptr;  // not null: fetching
  std::deque<Message> fetched_;
  log::Offset next_ = 0;
  log::Offset gap_at_ = -1;  // fetched again once because of the gap found here
  std::atomic<int64_t> duplicates_dropped_ = 0;
  std::atomic<int64_t> refetches_ = 0;
};

}  // namespace spotter::log_kafka
