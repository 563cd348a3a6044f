// SPDX-License-Identifier: Apache-2.0
//
// The real broker beside these tests (tests/integration/broker.py run -- unit_log_kafka).
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "log_kafka/kafka_client.h"
#include "log_kafka/kafka_log.h"
#include "log_kafka/topics.h"

namespace spotter::log_kafka {

// "plain", "sasl", "tls" or "expired": the broker's listeners.
std::string BrokerAddress(const std::string& listener = "plain");
std::string AuthorityFile();  // signed the certificates of "tls" and "expired"

// Says one line to broker.py: kill, start, pause, resume, delete_topic NAME.
void TellBroker(const std::string& command);

// A topic of its own for each test.
std::string FreshName(const std::string& prefix);

class BrokerTest : public ::testing::Test {
 protected:
  BrokerTest();

  static std::shared_ptr<KafkaClient> MakeClient(ClientOptions options = {});
  // A fresh topic with `changes` to what a shard log has.
  std::string MakeTopic(const std::map<std::string, std::string>& changes = {},
                        int32_t partitions = 1);
  static std::shared_ptr<KafkaLog> Open(std::shared_ptr<KafkaClient> client, Options options);

  // Reads `count` records from `from` on, within a deadline.
  static std::vector<log::Record> ReadFrom(log::Log& log, log::Offset from, size_t count);
  // Reads until the log answers with an error, within a deadline.
  static Status FirstError(log::Log& log, log::Offset from);
  // Runs `condition` until it holds, within a deadline; says whether it does.
  static bool Eventually(const std::function<bool()>& condition, Duration deadline = Seconds(30));
  // All records below `offset` are deleted, as retention would.
  void DeleteRecordsBelow(const std::string& topic, log::Offset offset);
  // One transaction of these values (nullopt: a tombstone); its end marker takes an offset.
  void ProduceInTransaction(const std::string& topic,
                            const std::vector<std::optional<std::string>>& values);

  std::shared_ptr<KafkaClient> client_ = MakeClient();
};

}  // namespace spotter::log_kafka
