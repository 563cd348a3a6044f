// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "log_kafka/kafka_client.h"
#include "services/program/settings.h"

namespace spotter::service {

// Where the brokers and our topics are.
struct KafkaSettings {
  std::string brokers;  // required
  std::string log_topic = "spotter.log";
  std::string control_topic = "spotter.control";
  std::map<std::string, std::string> settings;  // librdkafka's, by name

  void AddTo(Settings& all);
  Status Check() const;
  log_kafka::ClientOptions client() const { return {.brokers = brokers, .settings = settings}; }
};

}  // namespace spotter::service
