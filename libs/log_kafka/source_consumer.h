// SPDX-License-Identifier: Apache-2.0
//
// A member of a consumer group on source topics. The group shares out the partitions; each member
// reads its own, makes what it read durable elsewhere, says so, and commits:
//
//   consumer.Poll(500, 4u << 20, Duration(100), messages);
//   ... append to the log, in order ...
//   for (const SourceMessage& message : messages) consumer.MarkDone(message);
//   consumer.Commit();
//
// Nothing is committed that was not marked, so a crash or a rebalance delivers again, never less.
// When partitions move, what is marked is committed at once and a new generation begins: messages
// of an older one are not ours any more (IsOurs), whoever got them reads them again. Redelivered
// records are harmless: applying an event is idempotent.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "log_kafka/kafka_client.h"

namespace spotter::log_kafka {

struct SourceOptions {
  ClientOptions client;  // brokers, settings; prefetch_bytes_max is of all partitions together
  std::string group;
  std::vector<std::string> topics;  // one that is absent is reported and awaited
};

struct SourceMessage {
  std::string topic;
  int32_t partition = 0;
  int64_t offset = 0;
  int64_t generation = 0;
  EventTime time;  // the producer's or the broker's, as the topic is set
  std::optional<std::string> key;
  std::vector<std::pair<std::string, std::string>> headers;
  std::optional<std::string> value;  // none: a tombstone
};

struct PartitionLag {
  std::string topic;
  int32_t partition = 0;
  int64_t records = 0;  // between what is marked done and the end, as last heard of
};

struct SourceCounters {
  int64_t rebalances = 0;
  int64_t redelivered_later = 0;    // marked done too late, after their partition had moved
  int64_t offsets_passed_over = 0;  // between two messages: markers, compaction, or retention
};

// Thread safety: Poll and Commit from one thread, the rest from any.
class SourceConsumer {
 public:
  // Asks no broker anything. InvalidArgument as KafkaClient::Create.
  static StatusOr<std::unique_ptr<SourceConsumer>> Open(SourceOptions options);
  // Commits what is done and leaves the group; gives up on both where no broker answers.
  virtual ~SourceConsumer() = default;

  // Appends at most `max_messages` and about `max_bytes`; waits up to `timeout` for the first.
  // Ok without messages: there is nothing, or no broker (problem()). Unavailable: the group or a
  // topic is refused or missing; poll again. Whoever does not poll for five minutes loses its
  // partitions until it does: whose hands are full polls for 0 messages, which takes none, fetches
  // none and keeps the place in the group.
  virtual Status Poll(size_t max_messages, size_t max_bytes, Duration timeout,
                      std::vector<SourceMessage>& messages) = 0;

  // False: its partition has moved since, drop it.
  virtual bool IsOurs(const SourceMessage& message) const = 0;
  // It, and all before it of its partition, need not be delivered again.
  virtual void MarkDone(const SourceMessage& message) = 0;
  // Returns when the brokers keep what is done. Unavailable: no answer in answer_timeout; call
  // again. Aborted: the group has moved on; what was done is delivered again.
  virtual Status Commit() = 0;
  // The same without waiting: begins to commit, unless the commit before is under way, whose answer
  // it looks for. True: all that is done is committed. False: call again. Errors as Commit, of the
  // one before.
  virtual StatusOr<bool> CommitSoon() = 0;

  // Of the partitions held now, as soon as the end of each is known.
  virtual std::vector<PartitionLag> lags() const = 0;
  virtual SourceCounters counters() const = 0;
  // The newest trouble with a broker; "" = none since one answered.
  virtual std::string problem() const = 0;
};

}  // namespace spotter::log_kafka
