// SPDX-License-Identifier: Apache-2.0
//
// The platform on Kafka as a program finds it at its start: brokers may be away and topics not made
// yet, which is waited for; or a topic is not as the log needs it, which is refused.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "control/directory.h"
#include "log_kafka/kafka_log.h"
#include "services/kafka/kafka_settings.h"
#include "services/program/run.h"

namespace spotter::service {

// Why the program does not serve yet. Thread safety: any thread.
class Waiting {
 public:
  // Logs a reason that is new.
  void For(std::string reason);
  std::string reason() const;

 private:
  mutable std::mutex mutex_;
  std::string reason_ = "starting";
};

// Tries until it is neither Unavailable nor NotFound, once a second. Cancelled: interrupted.
Status TryUntilThere(const Interrupted& interrupted, Waiting& waiting,
                     const std::function<Status()>& attempt);

// Thread safety: Open and OpenLog from one thread, the rest from any.
class Cluster {
 public:
  // Waits for the brokers, the control log and the number of shards in it. FailedPrecondition: the
  // control log names another log topic, or that topic has another number of partitions.
  static StatusOr<std::unique_ptr<Cluster>> Open(KafkaSettings settings,
                                                 const Interrupted& interrupted, Waiting& waiting);

  // A log that is waited for. FailedPrecondition as KafkaLog::Open.
  StatusOr<std::shared_ptr<log_kafka::KafkaLog>> OpenLog(const log_kafka::Options& options,
                                                         const Interrupted& interrupted,
                                                         Waiting& waiting);

  const std::shared_ptr<log_kafka::KafkaClient>& client() const { return client_; }
  control::Directory& directory() { return *directory_; }  // followed
  int32_t shards() const { return shards_; }
  // Why the control log cannot be read now, or "": what the directory says may be old.
  std::string control_problem() const;

 private:
  Status OpenControl(const Interrupted& interrupted, Waiting& waiting);
  Status CheckLogTopic(const Interrupted& interrupted, Waiting& waiting);

  KafkaSettings settings_;
  std::shared_ptr<log_kafka::KafkaClient> client_;
  std::shared_ptr<log_kafka::KafkaLog> control_log_;
  std::unique_ptr<control::Directory> directory_;
  int32_t shards_ = 0;
};

}  // namespace spotter::service
