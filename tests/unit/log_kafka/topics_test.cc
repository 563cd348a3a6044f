// SPDX-License-Identifier: Apache-2.0
#include "log_kafka/topics.h"

#include <gmock/gmock.h>
#include <librdkafka/rdkafka.h>

#include "log/placement.h"
#include "log_kafka/client_parts.h"
#include "unit/log_kafka/broker_fixture.h"

namespace spotter::log_kafka {
namespace {

using ::testing::HasSubstr;
using TopicsTest = BrokerTest;

TEST_F(TopicsTest, AreCreatedAsDescribed) {
  const NewTopic wanted = ShardLogTopic(FreshName("made"), 3, 1);
  EXPECT_EQ(DescribeTopic(*client_, wanted.name).status().code(), StatusCode::kNotFound);
  ASSERT_TRUE(CreateTopic(*client_, wanted).ok());
  const auto found = DescribeTopic(*client_, wanted.name);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->partitions, 3);
  EXPECT_EQ(found->replicas, 1);
  EXPECT_TRUE(found->has_broker_time());
  EXPECT_FALSE(found->is_compacted());
  EXPECT_EQ(found->record_bytes_max(), 8 << 20);
  for (const auto& [key, value] : wanted.config) EXPECT_EQ(found->Config(key), value) << key;
  EXPECT_EQ(CreateTopic(*client_, wanted).code(), StatusCode::kAlreadyExists);
}

TEST_F(TopicsTest, CannotHaveMoreReplicasThanThereAreBrokers) {
  const Status refused = CreateTopic(*client_, ShardLogTopic(FreshName("wide"), 1, 3));
  EXPECT_EQ(refused.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(MessageOf(refused)), HasSubstr("eplica"));
}

TEST_F(TopicsTest, PlaceTenantsAsOtherClientsDo) {
  rd_kafka_topic_t* const topic =
      rd_kafka_topic_new((*client_->parts().producer())->handle(), MakeTopic().c_str(), nullptr);
  for (int i = 0; i < 1000; ++i) {
    const std::string tenant = fmt::format("studio-{}", i * 7919);
    for (const int32_t partitions : {1, 7, 16, 256}) {
      EXPECT_EQ(log::ShardOf(tenant, partitions),
                rd_kafka_msg_partitioner_murmur2(topic, tenant.data(), tenant.size(), partitions,
                                                 nullptr, nullptr));
    }
  }
  rd_kafka_topic_destroy(topic);
}

}  // namespace
}  // namespace spotter::log_kafka
