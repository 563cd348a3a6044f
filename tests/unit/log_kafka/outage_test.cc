// SPDX-License-Identifier: Apache-2.0
//
// Brokers that are away, freeze, come back, or do not let us in.
#include <gmock/gmock.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "log_kafka/client_parts.h"
#include "log_kafka/reader.h"
#include "unit/log_kafka/broker_fixture.h"

namespace spotter::log_kafka {
namespace {

using log::Offset;
using log::Record;
using ::testing::HasSubstr;
using Steady = std::chrono::steady_clock;

// mission: E1
class OutageTest : public BrokerTest {
 protected:
  ~OutageTest() override {
    TellBroker("resume");
    TellBroker("start");  // for the next test, whatever became of this one
  }
};

// What an appender was told: the offset of each acknowledged payload.
using Acked = std::map<Offset, std::string>;

TEST_F(OutageTest, EveryAcknowledgedRecordIsThereOnceAfterABrokersSigkill) {
  constexpr int kAppenders = 4;
  const std::string topic = MakeTopic();
  const auto client = MakeClient({.append_timeout = Seconds(60)});
  const auto log = Open(client, {.topic = topic, .stored_offset = 0});
  std::atomic<bool> stopping = false;
  std::atomic<int> count = 0;
  std::array<Acked, kAppenders> acked;
  std::vector<std::thread> appenders;
  for (int appender = 0; appender < kAppenders; ++appender) {
    appenders.emplace_back([&, appender] {
      for (int i = 0; !stopping; ++i) {
        const std::string one = fmt::format("{}/{:06}/a", appender, i);
        const std::string two = fmt::format("{}/{:06}/b", appender, i);
        const auto offsets = log->Append(std::array<std::string_view, 2>{one, two});
        ASSERT_TRUE(offsets.ok()) << offsets.status();
        acked[static_cast<size_t>(appender)][offsets->at(0)] = one;
        acked[static_cast<size_t>(appender)][offsets->at(1)] = two;
        count += 2;
      }
    });
  }
  EXPECT_TRUE(Eventually([&] { return count > 500; }));
  TellBroker("kill");
  TellBroker("start");
  const int after_restart = count;
  EXPECT_TRUE(Eventually([&] { return count > after_restart + 500; }));
  stopping = true;
  for (std::thread& appender : appenders) appender.join();

  // Each appender's records in its order, each once; nothing else is there.
  Acked expected;
  for (const Acked& one : acked) expected.insert(one.begin(), one.end());
  ASSERT_EQ(expected.size(), static_cast<size_t>(count)) << "an offset was acknowledged twice";
  Acked found;
  std::map<char, std::string> last;
  for (const Record& record : ReadFrom(*log, 0, static_cast<size_t>(count))) {
    found[record.offset] = record.payload;
    EXPECT_LT(std::exchange(last[record.payload[0]], record.payload), record.payload);
  }
  EXPECT_EQ(found, expected);
  EXPECT_EQ(log->end(), count);
  EXPECT_EQ(log->broker_problem(), "");
}

TEST_F(OutageTest, ABrokerThatIsAwayLooksLikeSilence) {
  const std::string topic = MakeTopic();
  const auto client = MakeClient({.append_timeout = Seconds(1)});
  const auto log = Open(client, {.topic = topic, .stored_offset = 0});
  ASSERT_TRUE(AppendDurable(*log, "a").ok());
  ASSERT_EQ(ReadFrom(*log, 0, 1).size(), 1u);

  TellBroker("kill");
  ASSERT_TRUE(Eventually([&] { return !log->broker_problem().empty(); }));
  EXPECT_THAT(log->broker_problem(), HasSubstr(BrokerAddress()));
  EXPECT_NE(client->problem(), "");
  std::vector<Record> records;
  EXPECT_TRUE(log->Read(1, 10, 1000, records).ok());
  EXPECT_TRUE(log->Read(0, 10, 1000, records).ok()) << "an old offset can wait as well";
  EXPECT_TRUE(records.empty());
  EXPECT_FALSE(log->WaitReadable(1, Duration(1)));
  EXPECT_EQ(AppendDurable(*log, "lost").status().code(), StatusCode::kUnavailable);
  // Once that lasts, nobody waits for it.
  ASSERT_TRUE(Eventually([&] {
    const auto start = Steady::now();
    EXPECT_EQ(AppendDurable(*log, "lost").status().code(), StatusCode::kUnavailable);
    return Steady::now() - start < std::chrono::milliseconds(100);
  }));
  // A log cannot be opened, and a process that starts now asks again.
  const auto late = MakeClient({.answer_timeout = Seconds(1)});
  const Status away = KafkaLog::Open(late, {.topic = topic, .stored_offset = 1}).status();
  EXPECT_EQ(away.code(), StatusCode::kUnavailable);
  EXPECT_THAT(std::string(MessageOf(away)), HasSubstr("Connection refused"));

  TellBroker("start");
  EXPECT_TRUE(Eventually([&] { return log->broker_problem().empty(); }));
  EXPECT_TRUE(Eventually([&] { return AppendDurable(*log, "b").ok(); }));
  EXPECT_EQ(ReadFrom(*log, 0, 2).at(0).payload, "a");
  EXPECT_TRUE(
      Eventually([&] { return KafkaLog::Open(late, {.topic = topic, .stored_offset = 1}).ok(); }));
}

TEST_F(OutageTest, AFrozenBrokerIsBackpressureAndThenGoesOn) {
  const auto client = MakeClient({.append_timeout = Seconds(30), .append_bytes_max = 1000});
  const auto log = Open(client, {.topic = MakeTopic(), .stored_offset = 0});
  ASSERT_TRUE(AppendDurable(*log, "a").ok());
  TellBroker("pause");
  const auto start = Steady::now();
  EXPECT_EQ(log->AppendWithin("tick", Duration(50)).status().code(), StatusCode::kUnavailable);
  EXPECT_LT(Steady::now() - start, std::chrono::seconds(5)) << "not the 30 s of an append";
  std::atomic<bool> appended = false;
  std::thread waiting([&] {
    EXPECT_TRUE(AppendDurable(*log, std::string(900, 'b')).ok());
    appended = true;
  });
  EXPECT_TRUE(Eventually([&] { return client->append_bytes_under_way() == 904; }));
  const Status refused = AppendDurable(*log, std::string(200, 'c')).status();
  EXPECT_EQ(refused.code(), StatusCode::kUnavailable);
  EXPECT_THAT(std::string(MessageOf(refused)), HasSubstr("904 bytes wait"));
  EXPECT_TRUE(Eventually([&] { return !log->broker_problem().empty(); }));
  EXPECT_FALSE(appended);
  TellBroker("resume");
  waiting.join();
  EXPECT_TRUE(Eventually([&] { return log->broker_problem().empty(); }));
  const std::vector<Record> records = ReadFrom(*log, 0, 3);
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[1].payload, "tick") << "late, and once";
  EXPECT_EQ(records[2].payload, std::string(900, 'b'));
  EXPECT_TRUE(Eventually([&] { return client->append_bytes_under_way() == 0; }));
}

// Where others append at once, the log has an offset again that it had lost, before a reader that
// stands there has asked for it; an append of the same process tells that it went back.
TEST_F(OutageTest, ALogThatLostItsTailAndGrewAgainIsNotReadOn) {
  const std::string topic = MakeTopic();
  const auto log = Open(client_, {.topic = topic, .stored_offset = 0});
  for (const char* one : {"a", "b", "c", "d", "e"}) ASSERT_TRUE(AppendDurable(*log, one).ok());
  ASSERT_EQ(ReadFrom(*log, 0, 5).size(), 5u);
  TellBroker("lose_tail " + topic + " 2");
  ASSERT_TRUE(Eventually([&] {
    return log->Append(std::array<std::string_view, 5>{"v", "w", "x", "y", "z"}).ok();
  }));
  const Status read = FirstError(*log, 5);
  EXPECT_EQ(read.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(MessageOf(read)), HasSubstr("lost its tail"));
}

// A leader that once said so is believed, though it has the offset a moment later. The mock
// cluster's records carry their producers' time: whoever goes on reading meets that.
TEST_F(OutageTest, AnOffsetThatTheLeaderRefusedIsNotReadOnFrom) {
  Trouble trouble;
  StatusOr<Conf> conf = MakeConf({.brokers = BrokerAddress()}, trouble, {}, {});
  ASSERT_TRUE(conf.ok());
  const Handle handle = *MakeHandle(RD_KAFKA_PRODUCER, *std::move(conf));
  rd_kafka_mock_cluster_t* const cluster = rd_kafka_mock_cluster_new(handle.get(), 1);
  {
    const auto client = MakeClient({.brokers = rd_kafka_mock_cluster_bootstraps(cluster)});
    ClientParts& parts = client->parts();
    const auto producer = parts.producer();
    ASSERT_TRUE(producer.ok());
    const std::array<Producer::Message, 2> messages = {{{.value = "a"}, {.value = "b"}}};
    ASSERT_TRUE((*producer)->Send("log", 0, messages, Seconds(30)).ok());
    constexpr int16_t kFetch = 1;
    rd_kafka_mock_push_request_errors(cluster, kFetch, 1, RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE);
    const auto marks = std::make_shared<PartitionMarks>("log", 0);
    Reader reader(client, marks, /*allows_gaps=*/false);
    Status read;
    EXPECT_TRUE(Eventually([&] {
      std::vector<Record> records;
      (void)reader.WaitReadable(0, Duration(100));
      read = reader.Read(0, 10, 1 << 20, records);
      return !read.ok();
    }));
    EXPECT_EQ(read.code(), StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(MessageOf(read)), HasSubstr("outside the log"));
  }
  rd_kafka_mock_cluster_destroy(cluster);
}

// --- Access ------------------------------------------------------------------------------------

class AccessTest : public BrokerTest {
 protected:
  static Status Describe(const std::string& listener, const std::string& topic,
                         std::map<std::string, std::string> settings) {
    const auto client = MakeClient({.brokers = BrokerAddress(listener),
                                    .settings = std::move(settings),
                                    .answer_timeout = Seconds(1)});
    Status status;
    // The reason arrives with the first connection, which may be slow on a busy machine.
    EXPECT_TRUE(Eventually([&] {
      status = DescribeTopic(*client, topic).status();
      return status.ok() || MessageOf(status).find("Timed out") == std::string_view::npos;
    }));
    return status;
  }
};

TEST_F(AccessTest, NamesAWrongPassword) {
  const std::string topic = MakeTopic();
  const std::string secret = ::testing::TempDir() + FreshName("secret");
  std::ofstream(secret) << "right\n";
  std::map<std::string, std::string> settings = {{"security.protocol", "sasl_plaintext"},
                                                 {"sasl.mechanism", "PLAIN"},
                                                 {"sasl.username", "spotter"},
                                                 {"sasl.password.file", secret}};
  const Status right = Describe("sasl", topic, settings);
  EXPECT_TRUE(right.ok()) << right;
  settings.erase("sasl.password.file");
  settings["sasl.password"] = "wrong";
  const Status wrong = Describe("sasl", topic, settings);
  EXPECT_EQ(wrong.code(), StatusCode::kUnavailable);
  EXPECT_THAT(std::string(MessageOf(wrong)), HasSubstr("Authentication failed"));
}

TEST_F(AccessTest, NamesAnExpiredCertificate) {
  const std::string topic = MakeTopic();
  const std::map<std::string, std::string> settings = {{"security.protocol", "ssl"},
                                                       {"ssl.ca.location", AuthorityFile()}};
  const Status valid = Describe("tls", topic, settings);
  EXPECT_TRUE(valid.ok()) << valid;
  const Status expired = Describe("expired", topic, settings);
  EXPECT_EQ(expired.code(), StatusCode::kUnavailable);
  EXPECT_THAT(std::string(MessageOf(expired)), HasSubstr("certificate has expired"));
  // An authority that we do not know.
  const Status unknown = Describe("tls", topic, {{"security.protocol", "ssl"}});
  EXPECT_EQ(unknown.code(), StatusCode::kUnavailable);
  EXPECT_THAT(std::string(MessageOf(unknown)), HasSubstr("certificate is refused"));
}

}  // namespace
}  // namespace spotter::log_kafka
