// SPDX-License-Identifier: Apache-2.0
//
// A log that is one partition of a Kafka topic.
//
// Why an acknowledged record is durable: the producer asks for acks=all, so the leader answers once
// every in-sync replica has the record and the high watermark has passed it; readers see only what
// lies below that watermark. With min.insync.replicas=2 of 3 (`ShardLogTopic`) a record survives
// the loss of any one broker. So WaitDurable has nothing to wait for, and durable_end() == end().
//
// Several processes append to one partition: the records of one Append keep their order, others may
// lie between them. Append waits for the acknowledgement; many callers share batches. AppendWithin
// waits for it no longer than it may.
//
// A broker that is away, for a second or an hour, is no error of Read: there is nothing new, and
// broker_problem() says why. Only what no waiting heals stops the reader, as FailedPrecondition:
// an offset that the log no longer has, or does not have any more, or records without the broker's
// time; never is a position reset. TrimBefore does nothing: the topic's retention decides.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "log/log.h"
#include "log_kafka/kafka_client.h"

namespace spotter::log_kafka {

struct Options {
  std::string topic;
  int32_t partition = 0;
  // The offset that the reader's state has reached, if there is a reader: Open refuses a log that
  // does not hold it (its records from there on, and not fewer than that).
  std::optional<log::Offset> stored_offset;
  // The newest append time of the records below stored_offset, where the reader knows it: a later
  // one there means another topic of the same name. (librdkafka 2.0.2 cannot ask for a topic's id.)
  std::optional<EventTime> newest_append_time;
  // A compacted topic (the control log): offsets may have gaps, every record has a key.
  bool compacted = false;
  std::function<std::string(std::string_view payload)> key_of;  // none: no keys; not if `compacted`
};

struct LogCounters {
  int64_t duplicates_dropped = 0;  // delivered twice by the client library
  int64_t refetches = 0;           // because of a gap that was none
};

// Thread safety: as log::Log; Read and WaitReadable from one thread.
class KafkaLog : public log::Log {
 public:
  // Unavailable: no broker answered; ask again. FailedPrecondition names topic, what was found and
  // what is expected: no such partition, message.timestamp.type not LogAppendTime, the cleanup
  // policy, a record limit that is too small, the stored offset outside the log.
  static StatusOr<std::unique_ptr<KafkaLog>> Open(std::shared_ptr<KafkaClient> client,
                                                  Options options);

  // Why the partition's leader does not answer now; "" = it does. Asked every second.
  virtual std::string broker_problem() const = 0;
  virtual LogCounters counters() const = 0;
};

}  // namespace spotter::log_kafka
