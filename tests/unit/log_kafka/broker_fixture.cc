// SPDX-License-Identifier: Apache-2.0
#include "unit/log_kafka/broker_fixture.h"

#include <librdkafka/rdkafka.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "base/log_message.h"
#include "log_kafka/client_parts.h"

namespace spotter::log_kafka {
namespace {

std::string Environment(const std::string& name) {
  const char* const value = std::getenv(name.c_str());
  if (value != nullptr) return value;
  fmt::print(stderr, "{} is not set: run this as tests/integration/broker.py run -- PROGRAM\n",
             name);
  std::abort();
}

}  // namespace

std::string BrokerAddress(const std::string& listener) {
  if (listener == "plain") return Environment("SPOTTER_KAFKA");
  if (listener == "sasl") return Environment("SPOTTER_KAFKA_SASL");
  if (listener == "tls") return Environment("SPOTTER_KAFKA_TLS");
  return Environment("SPOTTER_KAFKA_EXPIRED");
}

std::string AuthorityFile() { return Environment("SPOTTER_KAFKA_CA"); }

void TellBroker(const std::string& command) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{.sun_family = AF_UNIX};
  const std::string path = Environment("SPOTTER_KAFKA_CONTROL");
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  ASSERT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  const std::string line = command + "\n";
  ASSERT_EQ(::write(fd, line.data(), line.size()), static_cast<ssize_t>(line.size()));
  std::array<char, 1000> answer;
  std::string text;
  for (ssize_t got = 0; (got = ::read(fd, answer.data(), answer.size())) > 0;) {
    text.append(answer.data(), static_cast<size_t>(got));
  }
  ::close(fd);
  ASSERT_EQ(text, "ok\n");
}

std::string FreshName(const std::string& prefix) {
  static std::atomic<int> number = 0;
  return fmt::format("{}-{}-{}", prefix, ::getpid(), number++);
}

BrokerTest::BrokerTest() { SetLogLevel(LogLevel::kError); }

std::shared_ptr<KafkaClient> BrokerTest::MakeClient(ClientOptions options) {
  if (options.brokers.empty()) options.brokers = BrokerAddress();
  auto client = KafkaClient::Create(std::move(options));
  EXPECT_TRUE(client.ok()) << client.status();
  return client.ok() ? *client : nullptr;
}

std::string BrokerTest::MakeTopic(const std::map<std::string, std::string>& changes,
                                  int32_t partitions) {
  NewTopic topic = ShardLogTopic(FreshName("log"), partitions, 1);
  for (const auto& [key, value] : changes) topic.config[key] = value;
  const Status created = CreateTopic(*client_, topic);
  EXPECT_TRUE(created.ok()) << created;
  return topic.name;
}

std::shared_ptr<KafkaLog> BrokerTest::Open(std::shared_ptr<KafkaClient> client, Options options) {
  auto log = KafkaLog::Open(std::move(client), std::move(options));
  EXPECT_TRUE(log.ok()) << log.status();
  return log.ok() ? std::shared_ptr<KafkaLog>(std::move(*log)) : nullptr;
}

std::vector<log::Record> BrokerTest::ReadFrom(log::Log& log, log::Offset from, size_t count) {
  std::vector<log::Record> records;
  EXPECT_TRUE(Eventually([&] {
    const log::Offset next = records.empty() ? from : records.back().offset + 1;
    (void)log.WaitReadable(next, Duration(100));
    const Status read = log.Read(next, count - records.size(), 64u << 20, records);
    EXPECT_TRUE(read.ok()) << read;
    return records.size() >= count || !read.ok();
  })) << "read "
      << records.size() << " of " << count;
  return records;
}

Status BrokerTest::FirstError(log::Log& log, log::Offset from) {
  Status status;
  std::vector<log::Record> records;
  EXPECT_TRUE(Eventually([&] {
    const log::Offset next = records.empty() ? from : records.back().offset + 1;
    (void)log.WaitReadable(next, Duration(100));
    status = log.Read(next, 100, 64u << 20, records);
    return !status.ok();
  }));
  return status;
}

bool BrokerTest::Eventually(const std::function<bool()>& condition, Duration deadline) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

void BrokerTest::DeleteRecordsBelow(const std::string& topic, log::Offset offset) {
  rd_kafka_t* const handle = (*client_->parts().producer())->handle();
  rd_kafka_topic_partition_list_t* const list = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(list, topic.c_str(), 0)->offset = offset;
  rd_kafka_DeleteRecords_t* wanted = rd_kafka_DeleteRecords_new(list);
  rd_kafka_topic_partition_list_destroy(list);
  rd_kafka_queue_t* const queue = rd_kafka_queue_new(handle);
  rd_kafka_DeleteRecords(handle, &wanted, 1, nullptr, queue);
  rd_kafka_event_t* const event = rd_kafka_queue_poll(queue, 30'000);
  ASSERT_NE(event, nullptr);
  EXPECT_EQ(rd_kafka_event_error(event), RD_KAFKA_RESP_ERR_NO_ERROR)
      << rd_kafka_event_error_string(event);
  rd_kafka_event_destroy(event);
  rd_kafka_queue_destroy(queue);
  rd_kafka_DeleteRecords_destroy(wanted);
}

void BrokerTest::ProduceInTransaction(const std::string& topic,
                                      const std::vector<std::optional<std::string>>& values) {
  rd_kafka_conf_t* const conf = rd_kafka_conf_new();
  std::array<char, 200> text;
  for (const auto& [name, value] : std::map<std::string, std::string>{
           {"bootstrap.servers", BrokerAddress()}, {"transactional.id", topic}}) {
    ASSERT_EQ(rd_kafka_conf_set(conf, name.c_str(), value.c_str(), text.data(), text.size()),
              RD_KAFKA_CONF_OK);
  }
  const Handle producer(rd_kafka_new(RD_KAFKA_PRODUCER, conf, text.data(), text.size()));
  ASSERT_NE(producer, nullptr) << text.data();
  ASSERT_EQ(rd_kafka_init_transactions(producer.get(), 30'000), nullptr);
  ASSERT_EQ(rd_kafka_begin_transaction(producer.get()), nullptr);
  for (const auto& value : values) {
    char* const bytes = value.has_value() ? const_cast<char*>(value->data()) : nullptr;
    const size_t size = value.has_value() ? value->size() : 0;
    ASSERT_EQ(
        rd_kafka_producev(producer.get(), RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(0),
                          RD_KAFKA_V_KEY("key", 3), RD_KAFKA_V_VALUE(bytes, size),
                          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END),
        RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  PartitionMarks marks(topic, 0);
  const auto before = client_->parts().Ask(marks, Seconds(10));
  ASSERT_TRUE(before.ok()) << before.status();
  ASSERT_EQ(rd_kafka_commit_transaction(producer.get(), 30'000), nullptr);
  // The end marker is written a moment after the commit is answered.
  const log::Offset end = before->start + static_cast<log::Offset>(values.size()) + 1;
  EXPECT_TRUE(Eventually([&] {
    const auto now = client_->parts().Ask(marks, Seconds(10));
    return now.ok() && now->end == end;
  }));
}

}  // namespace spotter::log_kafka
