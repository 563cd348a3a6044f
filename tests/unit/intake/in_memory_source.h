// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <utility>

#include "log_kafka/source_consumer.h"

namespace spotter::intake {

// Source partitions in memory, and one member of a group that holds them all.
class InMemorySource final : public log_kafka::SourceConsumer {
 public:
  using Partition = std::pair<std::string, int32_t>;
  using Headers = std::vector<std::pair<std::string, std::string>>;

  int64_t Put(const std::string& topic, int32_t partition, Headers headers,
              std::optional<std::string> value) {
    Rows& rows = rows_[{topic, partition}];
    const auto offset = static_cast<int64_t>(rows.messages.size());
    rows.messages.push_back({.topic = topic,
                             .partition = partition,
                             .offset = offset,
                             .headers = std::move(headers),
                             .value = std::move(value)});
    return offset;
  }
  // Partitions move away and back: what was marked is committed, the rest comes again.
  void Rebalance() {
    CommitMarked();
    BeginAgain();
  }
  // A member dies and another takes over: what was not committed comes again.
  void BeginAgain() {
    ++generation_;
    for (auto& [partition, rows] : rows_) rows.next = rows.marked = rows.committed;
  }
  int64_t committed(const std::string& topic, int32_t partition = 0) {
    return rows_[{topic, partition}].committed;
  }

  Status Poll(size_t max_messages, size_t max_bytes, Duration,
              std::vector<log_kafka::SourceMessage>& messages) override {
    ++polls;
    size_t bytes = 0;
    size_t count = 0;
    for (auto& [partition, rows] : rows_) {
      while (rows.next < static_cast<int64_t>(rows.messages.size()) && count < max_messages &&
             bytes < max_bytes) {
        messages.push_back(rows.messages[static_cast<size_t>(rows.next++)]);
        messages.back().generation = generation_;
        bytes += messages.back().value.value_or("").size();
        ++count;
      }
    }
    return OkStatus();
  }
  bool IsOurs(const log_kafka::SourceMessage& message) const override {
    return message.generation == generation_;
  }
  void MarkDone(const log_kafka::SourceMessage& message) override {
    if (!IsOurs(message)) return;
    int64_t& marked = rows_[{message.topic, message.partition}].marked;
    marked = std::max(marked, message.offset + 1);
  }
  Status Commit() override {
    CommitMarked();
    return OkStatus();
  }
  StatusOr<bool> CommitSoon() override {
    CommitMarked();
    return true;
  }
  std::vector<log_kafka::PartitionLag> lags() const override { return {}; }
  log_kafka::SourceCounters counters() const override { return {}; }
  std::string problem() const override { return ""; }

  int polls = 0;

 private:
  struct Rows {
    std::vector<log_kafka::SourceMessage> messages;
    int64_t next = 0;
    int64_t marked = 0;
    int64_t committed = 0;
  };
  void CommitMarked() {
    for (auto& [partition, rows] : rows_) rows.committed = rows.marked;
  }

  std::map<Partition, Rows> rows_;
  int64_t generation_ = 0;
};

}  // namespace spotter::intake
