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
create spotter.log 16 message.timestamp.type=LogAppendTime retention.ms=$((14 * day)) \
  cleanup.policy=delete min.insync.replicas=$in_sync
create spotter.control 1 cleanup.policy=compact min.insync.replicas=$in_sync
create spotter.deadletters 4 retention.ms=$((14 * day)) cleanup.policy=delete
for source in bookings checkins pos scanners; do
  create "studio.$source" 8 retention.ms=$((7 * day))
done
