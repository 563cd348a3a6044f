// SPDX-License-Identifier: Apache-2.0
#include "services/kafka/kafka_settings.h"

namespace spotter::service {

void KafkaSettings::AddTo(Settings& all) {
  all.Add("brokers", "Kafka brokers, host:port[,host:port...]", brokers);
  all.Add("log-topic", "topic of the shards' logs (spotter.log)", log_topic);
  all.Add("control-topic", "compacted topic of the control log (spotter.control)", control_topic);
  all.AddPassed("kafka",
                "a setting of librdkafka, e.g. --kafka.sasl.username=spotter; NAME.file names a "
                "file that holds the value; in the file a map `kafka:`",
                settings);
}

Status KafkaSettings::Check() const {
  if (brokers.empty()) return InvalidArgument("--brokers HOST:PORT is required");
  return OkStatus();
}

}  // namespace spotter::service
