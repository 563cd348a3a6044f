#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# topics.sh BROKERS [REPLICAS [COMMAND_CONFIG]]: makes the topics that are not there yet. On a machine
# with Kafka's own tools (KAFKA_BIN, /opt/kafka/bin). The partitions of the log are fixed for ever.
set -eu
brokers=${1:?usage: topics.sh BROKERS [REPLICAS [COMMAND_CONFIG]]}
replicas=${2:-3}
config=${3:-}
day=86400000

create() { # create TOPIC PARTITIONS key=value...
  local topic=$1 partitions=$2 settings=()
  shift 2
  for setting in "$@"; do settings+=(--config "$setting"); done
  "${KAFKA_BIN:-/opt/kafka/bin}/kafka-topics.sh" --bootstrap-server "$brokers" \
    ${config:+--command-config "$config"} --create --if-not-exists --topic "$topic" \
    --partitions "$partitions" --replication-factor "$replicas" "${settings[@]}"
}

in_sync=$((replicas > 1 ? replicas - 1 : 1))
# What Spotter writes carries the brokers' time, and a record may be large.
ours=(message.timestamp.type=LogAppendTime max.message.bytes=$((8 << 20)) min.insync.replicas=$in_sync)
create spotter.log 16 cleanup.policy=delete retention.ms=$((14 * day)) "${ours[@]}"
create spotter.control 1 cleanup.policy=compact "${ours[@]}"
create spotter.deadletters 4 cleanup.policy=delete retention.ms=$((14 * day)) "${ours[@]}"
create spotter.actions 8 cleanup.policy=delete retention.ms=$((7 * day)) "${ours[@]}"
for source in bookings checkins pos scanners; do
  create "studio.$source" 8 retention.ms=$((7 * day))
done
