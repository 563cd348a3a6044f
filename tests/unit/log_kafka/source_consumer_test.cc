// SPDX-License-Identifier: Apache-2.0
#include "log_kafka/source_consumer.h"

#include <gmock/gmock.h>
#include <librdkafka/rdkafka.h>

#include <array>
#include <set>

#include "log_kafka/settings.h"
#include "unit/log_kafka/broker_fixture.h"

namespace spotter::log_kafka {
namespace {

using ::testing::HasSubstr;

// mission: E1 E3
class SourceConsumerTest : public BrokerTest {
 protected:
  SourceConsumerTest() : group_(FreshName("group")) {}

  std::unique_ptr<SourceConsumer> Join(std::vector<std::string> topics,
                                       const std::string& poll_interval_ms = "300000") {
    auto consumer =
        SourceConsumer::Open({.client = {.brokers = BrokerAddress(),
                                         .settings = {{"topic.metadata.refresh.interval.ms", "500"},
                                                      {"session.timeout.ms", "3000"},
                                                      {"max.poll.interval.ms", poll_interval_ms},
                                                      {"heartbeat.interval.ms", "500"}},
                                         .answer_timeout = Seconds(1)},
                              .group = group_,
                              .topics = std::move(topics)});
    EXPECT_TRUE(consumer.ok()) << consumer.status();
    return consumer.ok() ? std::move(*consumer) : nullptr;
  }

  // A foreign producer.
  static void Produce(const std::vector<SourceMessage>& messages) {
    rd_kafka_conf_t* const conf = rd_kafka_conf_new();
    std::array<char, 200> text;
    for (const auto& [name, value] : std::map<std::string, std::string>{
             {"bootstrap.servers", BrokerAddress()}, {"message.max.bytes", "10000000"}}) {
      rd_kafka_conf_set(conf, name.c_str(), value.c_str(), text.data(), text.size());
    }
    const Handle producer(rd_kafka_new(RD_KAFKA_PRODUCER, conf, text.data(), text.size()));
    for (const SourceMessage& message : messages) {
      rd_kafka_headers_t* const headers = rd_kafka_headers_new(0);
      for (const auto& [name, value] : message.headers) {
        rd_kafka_header_add(headers, name.c_str(), -1, value.data(),
                            static_cast<ssize_t>(value.size()));
      }
      char* const key = message.key ? const_cast<char*>(message.key->data()) : nullptr;
      char* const value = message.value ? const_cast<char*>(message.value->data()) : nullptr;
      const size_t key_size = message.key ? message.key->size() : 0;
      const size_t size = message.value ? message.value->size() : 0;
      ASSERT_EQ(
          rd_kafka_producev(producer.get(), RD_KAFKA_V_TOPIC(message.topic.c_str()),
                            RD_KAFKA_V_PARTITION(message.partition), RD_KAFKA_V_KEY(key, key_size),
                            RD_KAFKA_V_VALUE(value, size), RD_KAFKA_V_HEADERS(headers),
                            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END),
          RD_KAFKA_RESP_ERR_NO_ERROR);
    }
    ASSERT_EQ(rd_kafka_flush(producer.get(), 30'000), RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  static void ProduceNumbers(const std::string& topic, int32_t partition, int from, int to) {
    std::vector<SourceMessage> messages;
    for (int i = from; i < to; ++i) {
      messages.push_back(
          {.topic = topic, .partition = partition, .value = fmt::format("{}/{}", partition, i)});
    }
    Produce(messages);
  }

  // Polls until `count` messages have come.
  static std::vector<SourceMessage> Take(SourceConsumer& consumer, size_t count) {
    std::vector<SourceMessage> messages;
    EXPECT_TRUE(Eventually([&] {
      (void)consumer.Poll(count - messages.size(), 64u << 20, Duration(100), messages);
      return messages.size() >= count;
    })) << "got "
        << messages.size() << " of " << count << ", problem: " << consumer.problem();
    return messages;
  }

  const std::string group_;
};

TEST_F(SourceConsumerTest, KeepsItsPlaceWithoutTakingAnything) {
  const std::string topic = MakeTopic({}, 2);
  ProduceNumbers(topic, 0, 0, 500);
  ProduceNumbers(topic, 1, 0, 500);
  const auto consumer = Join({topic}, "3000");
  std::vector<SourceMessage> messages = Take(*consumer, 10);
  // Who did not poll for so long would be out of the group.
  std::vector<SourceMessage> none;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(4);
  while (std::chrono::steady_clock::now() < end) {
    ASSERT_TRUE(consumer->Poll(0, 64u << 20, Duration(100), none).ok());
    ASSERT_TRUE(none.empty());
  }
  EXPECT_TRUE(consumer->IsOurs(messages.front()));
  for (SourceMessage& message : Take(*consumer, 990)) messages.push_back(std::move(message));
  std::map<int32_t, int64_t> next;
  for (const SourceMessage& message : messages) {
    EXPECT_EQ(message.offset, next[message.partition]++) << "in order, none lost, none twice";
  }
  EXPECT_EQ(next[0] + next[1], 1000);
}

TEST_F(SourceConsumerTest, GivesMessagesAsTheyWereProduced) {
  const std::string topic = MakeTopic({{"message.timestamp.type", "CreateTime"}});
  const std::string large(5'000'000, 'x');
  Produce({{.topic = topic,
            .key = "studio",
            .headers = {{"content-type", "application/json"}, {"ce_type", ""}},
            .value = "{}"},
           {.topic = topic, .key = "studio", .value = std::nullopt},
           {.topic = topic, .value = large},
           {.topic = topic, .key = "", .value = ""}});
  const auto consumer = Join({topic});
  const std::vector<SourceMessage> found = Take(*consumer, 4);
  ASSERT_EQ(found.size(), 4u);
  EXPECT_EQ(found[0].topic, topic);
  EXPECT_EQ(found[0].offset, 0);
  EXPECT_EQ(found[0].key, "studio");
  EXPECT_EQ(found[0].value, "{}");
  EXPECT_GT(found[0].time.ms, 0);
  EXPECT_EQ(found[0].headers, (std::vector<std::pair<std::string, std::string>>{
                                  {"content-type", "application/json"}, {"ce_type", ""}}));
  EXPECT_EQ(found[1].value, std::nullopt);
  EXPECT_EQ(found[2].key, std::nullopt);
  EXPECT_EQ(found[2].value, large);
  EXPECT_EQ(found[3].value, "");
}

TEST_F(SourceConsumerTest, CommitsWhatIsDoneAndNoMore) {
  const std::string topic = MakeTopic();
  ProduceNumbers(topic, 0, 0, 10);
  {
    const auto consumer = Join({topic});
    EXPECT_TRUE(consumer->Commit().ok()) << "nothing is done, nothing to commit";
    const std::vector<SourceMessage> found = Take(*consumer, 10);
    ASSERT_EQ(found.size(), 10u);
    for (size_t i = 0; i < 3; ++i) consumer->MarkDone(found[i]);
    EXPECT_TRUE(Eventually([&] { return consumer->lags().at(0).records == 7; }));
    ASSERT_TRUE(consumer->Commit().ok());
    consumer->MarkDone(found[3]);
    consumer->MarkDone(found[1]);
  }  // commits the fourth
  const auto next = Join({topic});
  const std::vector<SourceMessage> found = Take(*next, 6);
  ASSERT_EQ(found.size(), 6u);
  EXPECT_EQ(found[0].value, "0/4");
  EXPECT_EQ(next->counters().offsets_passed_over, 0);
}

// Many are marked between two looks; none is waited for.
TEST_F(SourceConsumerTest, CommitsWithoutWaiting) {
  const std::string topic = MakeTopic();
  ProduceNumbers(topic, 0, 0, 10);
  const auto all_is_committed = [](SourceConsumer& consumer) {
    const StatusOr<bool> all = consumer.CommitSoon();
    EXPECT_TRUE(all.ok()) << all.status();
    return all.ok() && *all;
  };
  {
    const auto consumer = Join({topic});
    const std::vector<SourceMessage> found = Take(*consumer, 10);
    ASSERT_EQ(found.size(), 10u);
    EXPECT_TRUE(all_is_committed(*consumer)) << "nothing is done, nothing to commit";
    for (size_t i = 0; i < 3; ++i) consumer->MarkDone(found[i]);
    EXPECT_FALSE(all_is_committed(*consumer));
    for (size_t i = 3; i < 7; ++i) consumer->MarkDone(found[i]);
    EXPECT_TRUE(Eventually([&] { return all_is_committed(*consumer); }));
    consumer->MarkDone(found[7]);
    EXPECT_FALSE(all_is_committed(*consumer));  // and leaves, with that under way
  }
  const auto next = Join({topic});
  const std::vector<SourceMessage> found = Take(*next, 2);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].value, "0/8");
}

TEST_F(SourceConsumerTest, KnowsItsLagWhileItTakesNothing) {
  const std::string topic = MakeTopic();
  ProduceNumbers(topic, 0, 0, 10);
  const auto consumer = Join({topic});
  const auto lag_becomes = [&](int64_t expected) {
    return Eventually([&] {
      std::vector<SourceMessage> none;
      EXPECT_TRUE(consumer->Poll(0, 0, Duration(100), none).ok());
      const std::vector<PartitionLag> lags = consumer->lags();
      EXPECT_TRUE(lags.empty() || lags[0].records >= 10) << "a lag that is not known is not said";
      return !lags.empty() && lags[0].records == expected;
    });
  };
  EXPECT_TRUE(lag_becomes(10));
  ProduceNumbers(topic, 0, 10, 30);
  EXPECT_TRUE(lag_becomes(30));
}

TEST_F(SourceConsumerTest, HandsItsPartitionsOverWithoutLoss) {
  const std::string topic = MakeTopic({}, 2);
  for (const int32_t partition : {0, 1}) ProduceNumbers(topic, partition, 0, 50);
  const auto first = Join({topic});
  const std::vector<SourceMessage> early = Take(*first, 100);
  ASSERT_EQ(early.size(), 100u);
  std::set<std::string> done;
  for (const SourceMessage& message : early) {
    if (message.offset >= 20) continue;
    first->MarkDone(message);
    done.insert(*message.value);
  }

  // A second member: each then has one partition, and what was not done comes again.
  const auto second = Join({topic});
  std::array<std::vector<SourceMessage>, 2> late;
  std::set<std::string> again;
  EXPECT_TRUE(Eventually([&] {
    (void)first->Poll(100, 1u << 20, Duration(20), late[0]);
    (void)second->Poll(100, 1u << 20, Duration(20), late[1]);
    again.clear();
    for (const auto& one : late) {
      for (const SourceMessage& message : one) again.insert(*message.value);
    }
    return again.size() >= 60 && !late[0].empty() && !late[1].empty();
  })) << again.size();
  EXPECT_EQ(done.size() + again.size(), 100u);
  for (const std::string& value : done) EXPECT_FALSE(again.contains(value)) << value;

  EXPECT_FALSE(first->IsOurs(early[30]));
  first->MarkDone(early[30]);
  EXPECT_EQ(first->counters().redelivered_later, 1);
  for (const auto* consumer : {first.get(), second.get()}) {
    EXPECT_EQ(consumer->lags().size(), 1u);
    EXPECT_GE(consumer->counters().rebalances, 1);
  }
  EXPECT_TRUE(first->IsOurs(late[0].back()));
  EXPECT_FALSE(late[0].back().partition == late[1].back().partition);
}

TEST_F(SourceConsumerTest, ReportsATopicThatIsAbsentAndAwaitsIt) {
  const std::string present = MakeTopic();
  NewTopic absent = ShardLogTopic(FreshName("later"), 1, 1);
  const auto consumer = Join({present, absent.name});
  ProduceNumbers(present, 0, 0, 1);
  std::vector<SourceMessage> messages;
  EXPECT_TRUE(Eventually([&] {
    const Status polled = consumer->Poll(10, 1000, Duration(100), messages);
    return MessageOf(polled).find(absent.name) != std::string_view::npos ||
           consumer->problem().find(absent.name) != std::string::npos;
  }));
  if (messages.empty()) messages = Take(*consumer, 1);
  EXPECT_EQ(messages.at(0).topic, present) << "the others are not held up";
  consumer->MarkDone(messages[0]);
  EXPECT_TRUE(consumer->Commit().ok());
  ASSERT_TRUE(CreateTopic(*client_, absent).ok());
  ProduceNumbers(absent.name, 0, 0, 1);
  EXPECT_EQ(Take(*consumer, 1).at(0).topic, absent.name);
  EXPECT_TRUE(Eventually([&] {
    (void)consumer->Poll(10, 1000, Duration(100), messages);
    return consumer->problem().empty();
  }));
}

TEST_F(SourceConsumerTest, GoesOnAfterABrokersSigkill) {
  const std::string topic = MakeTopic();
  ProduceNumbers(topic, 0, 0, 3);
  const auto consumer = Join({topic});
  const std::vector<SourceMessage> found = Take(*consumer, 2);
  ASSERT_EQ(found.size(), 2u);
  consumer->MarkDone(found[0]);
  TellBroker("kill");
  std::vector<SourceMessage> messages;
  EXPECT_TRUE(Eventually([&] {
    EXPECT_TRUE(consumer->Poll(10, 1000, Duration(100), messages).ok());
    return !consumer->problem().empty();
  }));
  EXPECT_THAT(consumer->problem(), HasSubstr(BrokerAddress()));
  EXPECT_EQ(consumer->Commit().code(), StatusCode::kUnavailable);
  TellBroker("start");
  EXPECT_TRUE(Eventually([&] {
    (void)consumer->Poll(10, 1000, Duration(100), messages);
    const Status committed = consumer->Commit();
    return committed.ok() && consumer->problem().empty();
  }));
  ProduceNumbers(topic, 0, 3, 4);
  EXPECT_TRUE(Eventually([&] {
    (void)consumer->Poll(10, 1000, Duration(100), messages);
    return !messages.empty() && messages.back().value == "0/3";
  }));
}

TEST_F(SourceConsumerTest, RefusesWhatItCannotWorkWith) {
  struct Case {
    SourceOptions options;
    std::string expected;
  };
  const Case cases[] = {
      {{.client = {.brokers = "b:1"}, .topics = {"t"}}, "no name given"},
      {{.client = {.brokers = "b:1"}, .group = "g"}, "no topics given"},
      {{.client = {.brokers = "b:1", .settings = {{"group.id", "x"}}},
        .group = "g",
        .topics = {"t"}},
       "'kafka.group.id' is Spotter's own"},
  };
  for (const Case& c : cases) {
    const Status status = SourceConsumer::Open(c.options).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(MessageOf(status)), HasSubstr(c.expected));
  }
}

}  // namespace
}  // namespace spotter::log_kafka
