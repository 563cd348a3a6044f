// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "log_kafka/kafka_client.h"
#include "log_kafka/partition_marks.h"
#include "log_kafka/producer.h"

namespace spotter::log_kafka {

struct Watermarks {
  log::Offset start = 0;
  log::Offset end = 0;
};

// The inside of KafkaClient. Thread safety: all methods from any thread.
struct ClientParts {
 public:
  explicit ClientParts(ClientOptions client_options);
  ~ClientParts();
  Status Start();  // InvalidArgument: of a setting

  // The producer; a new one where the old one met a fatal error.
  StatusOr<std::shared_ptr<Producer>> producer();
  // The consumer, made when the first log is read.
  StatusOr<rd_kafka_t*> consumer();

  // Asks the leader. Unavailable says why there was no answer. `marks` hears of either.
  StatusOr<Watermarks> Ask(PartitionMarks& marks, Duration timeout);
  // Asks again every second from now on, as long as somebody holds `marks`.
  void Watch(const std::shared_ptr<PartitionMarks>& marks);

  // A partition is read once in a process: librdkafka has one fetch position for it.
  bool StartsReading(const PartitionMarks& marks);
  void StopsReading(const PartitionMarks& marks);

  const ClientOptions options;
  Trouble trouble;

 private:
  void WatchUntilClosed();

  std::mutex mutex_;
  std::condition_variable closing_changed_;
  bool closing_ = false;
  std::shared_ptr<Producer> producer_;
  Handle consumer_;
  std::optional<Poller> consumer_poller_;
  std::vector<std::weak_ptr<PartitionMarks>> watched_;
  std::set<std::pair<std::string, int32_t>> being_read_;
  std::thread watcher_;
};

}  // namespace spotter::log_kafka
