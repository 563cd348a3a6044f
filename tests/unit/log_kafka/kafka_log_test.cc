// SPDX-License-Identifier: Apache-2.0
#include "log_kafka/kafka_log.h"

#include <gmock/gmock.h>
#include <librdkafka/rdkafka.h>

#include "base/clock.h"
#include "log_kafka/client_parts.h"
#include "support/log_contract.h"
#include "unit/log_kafka/broker_fixture.h"

namespace spotter::log_kafka {
namespace {

using log::Offset;
using log::Record;
using ::testing::AllOf;
using ::testing::HasSubstr;

using KafkaLogTest = BrokerTest;

Status AppendAll(log::Log& log, const std::vector<std::string>& payloads) {
  const std::vector<std::string_view> views(payloads.begin(), payloads.end());
  return log.Append(views).status();
}

std::vector<std::string> PayloadsOf(const std::vector<Record>& records) {
  std::vector<std::string> payloads;
  for (const Record& record : records) payloads.push_back(record.payload);
  return payloads;
}

// mission: E1
TEST_F(KafkaLogTest, TakesTheBrokersTime) {
  const auto log = Open(client_, {.topic = MakeTopic(), .stored_offset = 0});
  const EventTime before = SystemClock().Now();
  ASSERT_TRUE(AppendDurable(*log, "a").ok());
  const EventTime after = SystemClock().Now();
  const std::vector<Record> records = ReadFrom(*log, 0, 1);
  EXPECT_GE(records.at(0).append_time, before);
  EXPECT_LE(records.at(0).append_time, after);
}

TEST_F(KafkaLogTest, RefusesATopicThatIsNotALog) {
  struct Case {
    std::map<std::string, std::string> config;
    bool compacted;
    std::string found, expected;
  };
  const Case cases[] = {
      {{{"message.timestamp.type", "CreateTime"}}, false, "is CreateTime", "LogAppendTime"},
      {{{"cleanup.policy", "compact"}}, false, "is compact", "expected delete"},
      {{}, true, "is delete", "expected compact"},
      {{{"max.message.bytes", "100000"}}, false, "is 100000", "at least 1048588"},
  };
  for (const Case& c : cases) {
    const std::string topic = MakeTopic(c.config);
    const Status status = KafkaLog::Open(client_, {.topic = topic,
                                                   .compacted = c.compacted,
                                                   .key_of = [](auto) { return "key"; }})
                              .status();
    EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(MessageOf(status)),
                AllOf(HasSubstr(topic), HasSubstr(c.found), HasSubstr(c.expected)));
  }
}

TEST_F(KafkaLogTest, RefusesAPartitionThatIsNotThere) {
  const std::string topic = MakeTopic({}, 2);
  const Status partition = KafkaLog::Open(client_, {.topic = topic, .partition = 2}).status();
  EXPECT_EQ(partition.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(MessageOf(partition)), HasSubstr("has 2 partitions"));
  const Status absent = KafkaLog::Open(client_, {.topic = "nothing"}).status();
  EXPECT_EQ(absent.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(MessageOf(absent)), HasSubstr("topic 'nothing'"));
}

TEST_F(KafkaLogTest, ReadsAPartitionOnceInAClient) {
  const std::string topic = MakeTopic();
  const auto log = Open(client_, {.topic = topic});
  const auto again = Open(client_, {.topic = topic});
  EXPECT_TRUE(AppendDurable(*log, "a").ok());
  EXPECT_TRUE(AppendDurable(*again, "b").ok());
  EXPECT_EQ(ReadFrom(*log, 0, 2).size(), 2u);
  std::vector<Record> records;
  EXPECT_EQ(again->Read(0, 1, 1, records).code(), StatusCode::kAlreadyExists);
  const auto other = Open(MakeClient(), {.topic = topic});
  EXPECT_EQ(ReadFrom(*other, 0, 2).size(), 2u);
}

TEST_F(KafkaLogTest, TakesRecordsUpToTheTopicsLimit) {
  const auto log = Open(client_, {.topic = MakeTopic()});  // 8 MiB
  const std::string large(5'000'000, 'x');
  ASSERT_TRUE(AppendAll(*log, {large, "small", large}).ok());
  EXPECT_EQ(PayloadsOf(ReadFrom(*log, 0, 3)), (std::vector<std::string>{large, "small", large}));
  const Status refused = AppendAll(*log, {"small", std::string((8 << 20) - 511, 'x')});
  EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(log->end(), 3) << "nothing of a refused call is appended";
  EXPECT_TRUE(AppendAll(*log, {std::string((8 << 20) - 512, 'x')}).ok());
}

// --- Offsets that the log does not have ----------------------------------------------------------

TEST_F(KafkaLogTest, StopsWhereRetentionOvertookTheReader) {
  const std::string topic = MakeTopic();
  const auto log = Open(client_, {.topic = topic, .stored_offset = 0});
  ASSERT_TRUE(AppendAll(*log, {"a", "b", "c", "d"}).ok());
  DeleteRecordsBelow(topic, 3);
  std::vector<Record> records;
  const Status read = log->Read(1, 1, 1, records);
  EXPECT_EQ(read.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(MessageOf(read)), HasSubstr("starts at 3"));
  EXPECT_EQ(log->start(), 3);
  EXPECT_EQ(PayloadsOf(ReadFrom(*log, 3, 1)), std::vector<std::string>{"d"});

  const Status opened = KafkaLog::Open(client_, {.topic = topic, .stored_offset = 2}).status();
  EXPECT_EQ(opened.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(MessageOf(opened)), HasSubstr("past the stored offset 2"));
  EXPECT_NE(Open(client_, {.topic = topic, .stored_offset = 3}), nullptr);
  EXPECT_NE(Open(client_, {.topic = topic}), nullptr) << "who only appends has no offset";
}

TEST_F(KafkaLogTest, StopsAtATopicMadeAnew) {
  const std::string topic = MakeTopic();
  const auto log = Open(client_, {.topic = topic, .stored_offset = 0});
  ASSERT_TRUE(AppendAll(*log, {"a", "b", "c"}).ok());
  const EventTime third = ReadFrom(*log, 0, 3).at(2).append_time;
  TellBroker("delete_topic " + topic);
  NewTopic again = ShardLogTopic(topic, 1, 1);
  ASSERT_TRUE(Eventually([&] { return CreateTopic(*client_, again).ok(); }));

  // The running reader and a reader that starts.
  EXPECT_EQ(FirstError(*log, 3).code(), StatusCode::kFailedPrecondition);
  const auto client = MakeClient();
  const Status opened = KafkaLog::Open(client, {.topic = topic, .stored_offset = 3}).status();
  EXPECT_EQ(opened.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(MessageOf(opened)), HasSubstr("below the stored offset 3"));

  // Even where the new one has grown past the offset, if the time of the last record is known.
  const auto grown = Open(client, {.topic = topic});
  ASSERT_TRUE(AppendAll(*grown, {"x", "y", "z", "z"}).ok());
  const Status compared =
      KafkaLog::Open(client, {.topic = topic, .stored_offset = 3, .newest_append_time = third})
          .status();
  EXPECT_EQ(compared.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(MessageOf(compared)), HasSubstr("made anew"));
  const EventTime found = ReadFrom(*grown, 2, 1).at(0).append_time;
  EXPECT_NE(Open(MakeClient(), {.topic = topic, .stored_offset = 3, .newest_append_time = found}),
            nullptr);
}

TEST_F(KafkaLogTest, StopsAtAGap) {
  const std::string topic = MakeTopic();
  const auto log = Open(client_, {.topic = topic, .stored_offset = 0});
  ProduceInTransaction(topic, {"a", "b"});  // offsets 0, 1, and 2 for the end of the transaction
  EXPECT_EQ(PayloadsOf(ReadFrom(*log, 0, 2)), (std::vector<std::string>{"a", "b"}));
  ASSERT_TRUE(AppendDurable(*log, "c").ok());
  const Status read = FirstError(*log, 2);
  EXPECT_EQ(read.code(), StatusCode::kDataLoss);
  EXPECT_THAT(std::string(MessageOf(read)), AllOf(HasSubstr(topic), HasSubstr("records 2 to 2")));
  EXPECT_EQ(log->counters().refetches, 1);
  EXPECT_EQ(PayloadsOf(ReadFrom(*log, 3, 1)), std::vector<std::string>{"c"});
}

TEST_F(KafkaLogTest, ReadsOverTheGapsAndTombstonesOfACompactedLog) {
  NewTopic topic = ControlTopic(FreshName("control"), 1);
  ASSERT_TRUE(CreateTopic(*client_, topic).ok());
  const auto key_of = [](std::string_view payload) { return std::string(payload.substr(0, 1)); };
  const auto log =
      Open(client_, {.topic = topic.name, .stored_offset = 0, .compacted = true, .key_of = key_of});
  ProduceInTransaction(topic.name, {"a", std::nullopt});
  ASSERT_TRUE(AppendAll(*log, {"b1", "b2"}).ok());
  const std::vector<Record> records = ReadFrom(*log, 0, 4);
  EXPECT_EQ(PayloadsOf(records), (std::vector<std::string>{"a", "", "b1", "b2"}));
  EXPECT_EQ(records.at(2).offset, 3);
}

// --- Appending -----------------------------------------------------------------------------------

TEST_F(KafkaLogTest, ReplacesAProducerThatBroke) {
  const auto log = Open(client_, {.topic = MakeTopic()});
  ASSERT_TRUE(AppendDurable(*log, "a").ok());
  const auto broken = *client_->parts().producer();
  rd_kafka_test_fatal_error(broken->handle(), RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
                            "planted");
  EXPECT_EQ(*AppendDurable(*log, "b"), 1);
  EXPECT_NE(*client_->parts().producer(), broken);
}

TEST_F(KafkaLogTest, RefusesUnknownSettings) {
  struct Case {
    std::string name, value, expected;
  };
  const Case cases[] = {
      {"acks", "1", "'kafka.acks' is Spotter's own"},
      {"enable.idempotence.file", "/dev/null", "'kafka.enable.idempotence' is Spotter's own"},
      {"sasl.pasword", "x", "'kafka.sasl.pasword': librdkafka"},
      {"linger.ms", "soon", "'kafka.linger.ms'"},
      {"sasl.password.file", "/nowhere/secret", "cannot read file '/nowhere/secret'"},
      {"security.protocol", "sasl_ssl_x", "'kafka.security.protocol'"},
  };
  for (const Case& c : cases) {
    const Status status =
        KafkaClient::Create({.brokers = "127.0.0.1:1", .settings = {{c.name, c.value}}}).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << c.name;
    EXPECT_THAT(std::string(MessageOf(status)), HasSubstr(c.expected));
  }
  EXPECT_EQ(KafkaClient::Create({}).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace spotter::log_kafka

namespace spotter::log {

std::shared_ptr<Log> MakeKafkaLog() {
  using namespace log_kafka;
  auto client = KafkaClient::Create({.brokers = BrokerAddress()});
  const NewTopic topic = ShardLogTopic(FreshName("contract"), 1, 1);
  if (!client.ok() || !CreateTopic(**client, topic).ok()) return nullptr;
  auto opened = KafkaLog::Open(*client, {.topic = topic.name, .stored_offset = 0});
  return opened.ok() ? std::shared_ptr<Log>(std::move(*opened)) : nullptr;
}

INSTANTIATE_TEST_SUITE_P(Kafka, LogContract, ::testing::Values(LogMaker(MakeKafkaLog)));

}  // namespace spotter::log
