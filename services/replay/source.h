// SPDX-License-Identifier: Apache-2.0
//
// The log that is replayed: a stopped server's directory, or a partition of a Kafka topic.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/clock.h"
#include "log/log.h"

namespace spotter::replay {

struct SourceOptions {
  std::string log;      // directory; "" = Kafka
  std::string control;  // directory of the control log; "" = beside the log
  std::string brokers;  // HOST:PORT,...; "" = a directory
  std::string log_topic = "spotter.log";
  std::string control_topic = "spotter.control";
  std::map<std::string, std::string> kafka;  // librdkafka's settings by their own names
  int32_t shard = 0;
};

struct Source {
  std::string name;  // for errors
  std::unique_ptr<log::Log> log;
  std::set<int64_t> skips;  // offsets that the control log says to skip
};

// NotFound, FailedPrecondition: there is no such log, or it cannot be read. Unavailable: no broker
// answers.
StatusOr<Source> OpenSource(const SourceOptions& options, const Clock& clock);

}  // namespace spotter::replay
