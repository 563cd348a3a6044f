// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/status.h"
#include "base/time.h"

namespace spotter::log_kafka {

struct ClientOptions {
  std::string brokers;  // host:port, separated by commas
  // librdkafka's settings by their own names ("sasl.password", "compression.type"); NAME.file gives
  // the path of a file that holds the value. What the log's promises rest on cannot be set.
  std::map<std::string, std::string> settings;
  Duration append_timeout = Seconds(10);  // until a record that was not acknowledged fails
  Duration answer_timeout = Seconds(5);   // of a question to the brokers, at open
  size_t append_bytes_max = 64u << 20;    // of all appends under way; above it: Unavailable
  size_t prefetch_bytes_max = 32u << 20;  // of each partition that is read
};

struct ClientParts;

// What the logs of one process share: one producer, so that all appenders fill the same batches,
// and one consumer with a queue a partition, so that a process has a handful of connections and
// threads however many shards it owns.
// Thread safety: everything here may be called from any thread.
class KafkaClient {
 public:
  // Asks no broker anything. InvalidArgument names a setting that librdkafka does not know, a value
  // it does not take, or a setting that is Spotter's.
  static StatusOr<std::shared_ptr<KafkaClient>> Create(ClientOptions options);
  explicit KafkaClient(std::unique_ptr<ClientParts> parts);
  ~KafkaClient();

  // The newest trouble with any broker ("Authentication failed", "Connection refused"); "" = none
  // since a broker last answered.
  std::string problem() const;

  // Of all appends that wait for an acknowledgement now.
  size_t append_bytes_under_way() const;

  ClientParts& parts() { return *parts_; }  // for this library

 private:
  std::unique_ptr<ClientParts> parts_;
};

}  // namespace spotter::log_kafka
