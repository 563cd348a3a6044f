#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""spotter-ingest between a real broker's source topics and its log.

kcat publishes what sources publish and what they should not; the log and the dead letters are read
back. Then: SIGKILL in the middle, two members of one group, a broker that is away, wrong topics.
"""
# mission: E3 C2

import json
import os
import re
import subprocess
import threading
import time
import urllib.error
import urllib.request

import broker as kafka
from harness import (ROOT, SAMPLES, Failed, Scratch, Server, bin_dir, script_parser, wait_until)

LOG, CONTROL, DEAD = "spotter.log", "spotter.control", "spotter.deadletters"
SOURCES = ["studio.bookings", "studio.checkins", "studio.pos", "studio.scanners"]
PARTITIONS = 4
TENANTS = ["studio", "north", "south", "west"]
COMPACTED = kafka.LOG_CONFIG | {"cleanup.policy": "compact"}


def expect(found, expected, what):
    if found != expected:
        raise Failed(f"{what}: expected {expected!r}, found {found!r}")


# --- the cluster -----------------------------------------------------------------------------------


def encode_control(text):
    """A spotter.v1.ControlRecord of its text format."""
    return subprocess.run(["protoc", f"-I{ROOT / 'proto'}", "--encode=spotter.v1.ControlRecord",
                           ROOT / "proto/spotter/v1/log.proto"],
                          input=text.encode(), capture_output=True, check=True).stdout


def produce(broker, topic, records):
    """Sends (key, value, headers) and waits for every acknowledgement."""
    from confluent_kafka import Producer
    failed = []
    producer = Producer({"bootstrap.servers": broker.bootstrap, "linger.ms": 5,
                         "message.max.bytes": 10 << 20, "partitioner": "murmur2_random"})
    for key, value, headers in records:
        producer.poll(0)
        producer.produce(topic, value, key, headers=headers,
                         on_delivery=lambda error, _: error and failed.append(str(error)))
    producer.flush(60)
    if failed:
        raise Failed(f"{topic}: not produced: {failed[0]}")


def consume(broker, topic):
    """At least every record that is there now, as (partition, key, value)."""
    from confluent_kafka import Consumer, TopicPartition
    consumer = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": "reader-of-the-test",
                         "enable.auto.commit": False, "log_level": 0})
    partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    ends = {number: consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=10)[1]
            for number in partitions}
    consumer.assign([TopicPartition(topic, number, 0) for number in partitions])
    found, left = [], sum(ends.values())
    deadline = time.monotonic() + 60
    while left > 0 and time.monotonic() < deadline:
        for record in consumer.consume(1000, timeout=0.1):
            if record.error():
                raise Failed(f"{topic}: {record.error()}")
            found.append((record.partition(), record.key(), record.value()))
            left -= 1
    consumer.close()
    expect(max(0, left), 0, f"records of {topic} that could not be read")  # more may have come
    return found


def committed(broker, topic, partitions=PARTITIONS, group="spotter-ingest"):
    """The group's offset of each partition; 0 where it has committed none."""
    from confluent_kafka import Consumer, TopicPartition
    consumer = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": group, "log_level": 0})
    offsets = consumer.committed([TopicPartition(topic, n) for n in range(partitions)], timeout=10)
    consumer.close()
    return [max(0, one.offset) for one in offsets]


def make_cluster(broker, count=PARTITIONS):
    broker.create_topic(LOG, count)
    broker.create_topic(CONTROL, 1, COMPACTED)
    broker.create_topic(DEAD, 2)
    for topic in SOURCES:
        broker.create_topic(topic, PARTITIONS, {"max.message.bytes": 10 << 20})
    records = [("shards", encode_control(f'shard_count {{ partitions: {count} log_topic: "{LOG}" }}'))]
    for tenant in TENANTS:
        records.append((f"tenant/{tenant}", encode_control(
            f'tenant_entry {{ tenant: "{tenant}" kind: TENANT_KIND_STUDIO region: "US" '
            f'sources {{ name: "square" }} }}')))
    produce(broker, CONTROL, [(key, value, None) for key, value in records])


class Ingest(Server):
    """A `spotter-ingest` process."""

    def __init__(self, scratch, broker, name="ingest", extra=()):
        super().__init__(scratch / name)
        # After a SIGKILL the next one gets its partitions when the session has timed out.
        self.command = [str(bin_dir() / "spotter-ingest"), "--brokers", broker.bootstrap,
                        "--kafka.session.timeout.ms=2000", "--kafka.heartbeat.interval.ms=400",
                        *extra]
        for listener in ("--http", "--grpc", "--admin"):
            if listener not in extra:
                self.command += [listener, "127.0.0.1:0"]

    def metric(self, name, **labels):
        """The sum of a metric's samples that have these labels."""
        with urllib.request.urlopen(f"http://{self.admin}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        total = 0.0
        for line in lines:
            if re.match(rf"{name}(\{{|\s)", line) and all(
                    f'{key}="{value}"' in line for key, value in labels.items()):
                total += float(line.rsplit(" ", 1)[1])
        return total


def readyz(address):
    """(status, text) of /readyz, or None while nobody listens."""
    try:
        with urllib.request.urlopen(f"http://{address}/readyz", timeout=5) as answer:
            return answer.status, answer.read().decode().strip()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode().strip()
    except OSError:
        return None


# --- what sources send -----------------------------------------------------------------------------


def scan(number):
    return {"source": "door", "source_event_id": f"scan-{number:06}",
            "kind": "EVENT_KIND_SCAN_RECORDED", "event_time": "2026-11-01T10:00:00Z",
            "entity": {"type": "scan", "id": f"scan-{number:06}"},
            "customer_id": f"badge-{number % 50}"}


def structured(number):
    return json.dumps({"specversion": "1.0", "id": f"scan-{number:06}", "source": "door",
                       "type": "spotter.member_event.v1", "datacontenttype": "application/json",
                       "data": scan(number)}).encode()


STRUCTURED = {"spotter-tenant": "studio", "content-type": "application/cloudevents+json"}


def kcat(broker, topic, headers, body, scratch):
    """Publishes one body as a source would with kcat; None is a tombstone."""
    path = scratch / "body"
    path.write_bytes(body or b"")
    command = ["kcat", "-P", "-b", broker.bootstrap, "-t", topic, "-X", "message.max.bytes=10000000"]
    for name, value in headers.items():
        command += ["-H", f"{name}={value}"]
    # Nothing behind the key is a tombstone by -Z; of an empty line or file kcat sends nothing.
    command += ["-K", ":", "-Z"] if body is None else ["-k", "member-1", str(path)]
    done = subprocess.run(command, input=b"member-1:\n", capture_output=True, timeout=60)
    expect(done.returncode, 0, f"kcat: {done.stderr.decode()}")


def entities(broker):
    """Ids of scans in the log, each as often as it is there."""
    return [text.decode() for _, _, value in consume(broker, LOG)
            for text in set(re.findall(rb"scan-\d{6}", value))]


def protobuf_event(number):
    """An io.cloudevents.v1.CloudEvent with our event as protobuf data."""
    data = subprocess.run(
        ["protoc", f"-I{ROOT / 'proto'}", "--encode=spotter.v1.MemberEvent",
         ROOT / "proto/spotter/v1/event.proto"],
        input=f'source: "door" source_event_id: "scan-{number:06}" kind: EVENT_KIND_SCAN_RECORDED '
              f'event_time {{ seconds: 1793527200 }} customer_id: "badge-1" '
              f'entity {{ type: "scan" id: "scan-{number:06}" }}'.encode(),
        capture_output=True, check=True).stdout
    escaped = "".join(f"\\{byte:03o}" for byte in data)
    return subprocess.run(
        ["protoc", f"-I{ROOT / 'proto'}", "--encode=io.cloudevents.v1.CloudEvent",
         ROOT / "proto/io/cloudevents/v1/cloudevents.proto"],
        input=f'id: "p1" source: "door" spec_version: "1.0" type: "spotter.member_event.v1" '
              f'attributes {{ key: "datacontenttype" value {{ ce_string: "application/protobuf" }} }} '
              f'binary_data: "{escaped}"'.encode(), capture_output=True, check=True).stdout


# --- the tests -------------------------------------------------------------------------------------


def every_form(broker, scratch):
    """Each form of a message becomes events in the tenant's partition, or a dead letter."""
    square = (SAMPLES / "square/booking.created.json").read_bytes()
    with Ingest(scratch, broker) as ingest:
        kcat(broker, "studio.checkins", STRUCTURED, structured(1), scratch)
        kcat(broker, "studio.checkins",
             {"spotter-tenant": "studio", "content-type": "application/json", "ce_id": "2",
              "ce_specversion": "1.0", "ce_source": "door", "ce_type": "spotter.member_event.v1"},
             json.dumps(scan(2)).encode(), scratch)
        kcat(broker, "studio.scanners",
             {"spotter-tenant": "studio", "content-type": "application/cloudevents+protobuf"},
             protobuf_event(3), scratch)
        raw = {"spotter-tenant": "studio", "spotter-source": "square"}
        kcat(broker, "studio.bookings", raw, square, scratch)
        kcat(broker, "studio.bookings", raw, None, scratch)
        kcat(broker, "studio.bookings", raw, b"<html>", scratch)
        kcat(broker, "studio.pos", raw, b"x" * 5_000_000, scratch)
        kcat(broker, "studio.pos", {**STRUCTURED, "spotter-tenant": "nobody"}, structured(4), scratch)
        kcat(broker, "studio.pos", {"content-type": "text/plain"}, b"hello", scratch)
        kcat(broker, "studio.pos", {"spotter-tenant": "north"}, structured(5), scratch)
        wait_until(lambda: ingest.metric("spotter_ingest_messages_total") >= 10,
                   "ten messages are done", 120)
        records = consume(broker, LOG)
        expect(sorted(entities(broker)), ["scan-000001", "scan-000002", "scan-000003"], "scans")
        expect(len(records), 4, "records of the log")
        expect(len({partition for partition, _, _ in records}), 1, "partitions of one tenant")
        letters = [(key, json.loads(value)) for _, key, value in consume(broker, DEAD)]
        expect(sorted((key.decode(), one["reason"]) for key, one in letters if key),
               [("nobody", "unknown_tenant"), ("north", "content_type"),
                ("studio", "malformed_json"), ("studio", "too_large")], "dead letters")
        expect([one["reason"] for key, one in letters if not key], ["no_tenant"], "without tenant")
        large = next(one for _, one in letters if one["reason"] == "too_large")
        if not re.fullmatch(r"studio\.pos\[\d\]@\d+", large["origin"]):
            raise Failed(f"origin of the large one: {large['origin']}")
        expect(ingest.metric("spotter_intake_ignored_total", type="kafka.tombstone"), 1, "tombstones")
        expect(ingest.metric("spotter_intake_dead_letters_total"), 5, "dead letters by reason")
        expect(ingest.metric("spotter_kafka_up"), 1, "spotter_kafka_up")
        wait_until(lambda: sum(map(sum, (committed(broker, topic) for topic in SOURCES))) == 10,
                   "all ten are committed", 120)
        expect(ingest.metric("spotter_ingest_lag_records"), 0, "lag")
        if ingest.metric("spotter_ingest_source_last_event_timestamp_seconds", tenant="studio",
                         source="door") < time.time() - 600:
            raise Failed("the door's last event has no time")
        expect(ingest.stop(), 0, "exit code")
    return "10 messages: 4 events, 5 dead letters, 1 tombstone"


def http_and_grpc(broker, scratch):
    """The other two ways in lead to the same log; the other services are not there."""
    before = len(consume(broker, LOG))
    with Ingest(scratch, broker) as ingest:
        request = urllib.request.Request(f"http://{ingest.http}/v1/events", structured(11),
                                         {"Content-Type": STRUCTURED["content-type"]})
        with urllib.request.urlopen(request, timeout=20) as answer:
            expect(answer.status, 200, "HTTP status")
        ctl = [str(bin_dir() / "spotterctl"), "--grpc", ingest.grpc]
        lines = json.dumps(scan(12)) + "\n"
        done = subprocess.run([*ctl, "publish", "-"], input=lines, capture_output=True, text=True,
                              timeout=60)
        expect(done.returncode, 0, f"spotterctl publish: {done.stderr}")
        done = subprocess.run([*ctl, "status"], capture_output=True, text=True, timeout=60)
        if done.returncode == 0:
            raise Failed("AdminService answers where no shard is")
        expect(len(consume(broker, LOG)), before + 2, "records of the log")
    return "HTTP and gRPC in"


def bulk(broker, first, count, topic="studio.scanners"):
    """Numbered scans of all tenants, over all partitions; many per batch."""
    produce(broker, topic, [
        (str(n % 97), structured(n), [(name, (TENANTS[n % 4] if name == "spotter-tenant" else value)
                                       .encode()) for name, value in STRUCTURED.items()])
        for n in range(first, first + count)])


def killed(broker, scratch, kills=5, count=20_000):
    """SIGKILL in the middle, again and again: every message's event is in the log in the end."""
    first = 100_000
    before = sum(committed(broker, "studio.scanners"))
    sender = threading.Thread(target=bulk, args=(broker, first, count))
    sender.start()
    ingest = Ingest(scratch, broker)
    for _ in range(kills):
        ingest.start()
        if ingest.metric("spotter_ingest_messages_total") < 1:
            wait_until(lambda: ingest.metric("spotter_ingest_messages_total") > 0 or
                       sum(committed(broker, "studio.scanners")) == before + count,
                       "something is done", 120)
        ingest.kill()
        # What is committed is in the log, whatever the moment.
        done = sum(committed(broker, "studio.scanners")) - before
        there = len({one for one in entities(broker) if first <= int(one[5:]) < first + count})
        if there < done:
            raise Failed(f"{done} messages are committed, {there} events are in the log")
    sender.join()
    ingest.start()
    wait_until(lambda: sum(committed(broker, "studio.scanners")) == before + count,
               "all is committed", 120)
    expect(ingest.stop(), 0, "exit code")
    found = [int(one[5:]) for one in entities(broker)]
    missing = set(range(first, first + count)) - set(found)
    if missing:
        raise Failed(f"{len(missing)} of {count} are not in the log, first {min(missing)}")
    twice = len([one for one in found if first <= one < first + count]) - count
    return f"{count} messages, {kills} kills: missing=0 twice={twice}"


def two_members(broker, scratch, count=20_000):
    """Two processes share the partitions; one that goes leaves its own to the other."""
    first = 200_000
    before = sum(committed(broker, "studio.scanners"))
    with Ingest(scratch, broker, "one") as one, Ingest(scratch, broker, "two") as two:
        def held(ingest):
            with urllib.request.urlopen(f"http://{ingest.admin}/metrics", timeout=10) as answer:
                return answer.read().decode().count("\nspotter_ingest_lag_records{")

        wait_until(lambda: held(one) > 0 and held(two) > 0 and
                   held(one) + held(two) == PARTITIONS * len(SOURCES), "each has its share", 120)
        bulk(broker, first, count)
        wait_until(lambda: two.metric("spotter_ingest_messages_total") > 0, "two works", 120)
        expect(two.stop(), 0, "exit code of two")
        wait_until(lambda: held(one) == PARTITIONS * len(SOURCES), "one has them all", 120)
        wait_until(lambda: sum(committed(broker, "studio.scanners")) == before + count,
                   "all is committed", 120)
        expect(one.metric("spotter_ingest_lag_records"), 0, "lag")
        share = one.metric("spotter_ingest_messages_total")
        expect(one.stop(), 0, "exit code of one")
    missing = set(range(first, first + count)) - {int(one[5:]) for one in entities(broker)}
    expect(len(missing), 0, "scans that are missing")
    return f"{count} messages by two members, {int(share)} by the one that stayed"


def broker_away(broker, scratch):
    """Away at start: it waits and says so; away while running: nothing is lost. The last test: it
    leaves no broker behind."""
    broker.stop()
    port = kafka.free_ports(1)[0]
    ingest = Ingest(scratch, broker, "away", ["--admin", f"127.0.0.1:{port}"])
    started = threading.Thread(target=ingest.start, kwargs={"timeout": 120})
    started.start()
    try:
        wait_until(lambda: (readyz(f"127.0.0.1:{port}") or (0, ""))[0] == 503, "/readyz says no", 120)
        wait_until(lambda: broker.bootstrap in readyz(f"127.0.0.1:{port}")[1],
                   "/readyz names the brokers", 120)
        broker.start()
        started.join()
        told = [line.split(" warn ", 1)[1] for line in ingest.stderr_tail(500).splitlines()
                if "waiting for Kafka" in line]
        expect(len(told) - len(set(told)), 0, f"lines that say again what it waits for, of {told}")
        wait_until(lambda: readyz(ingest.admin)[0] == 200, "/readyz says yes", 120)
        bulk(broker, 300_000, 1000)
        broker.kill()
        wait_until(lambda: ingest.metric("spotter_kafka_up") == 0, "spotter_kafka_up is 0", 120)
        expect(readyz(ingest.admin)[0], 503, "/readyz")
        broker.start()
        wait_until(lambda: ingest.metric("spotter_kafka_up") == 1, "spotter_kafka_up is 1", 120)
        bulk(broker, 301_000, 1000)
        found = set()

        def all_there():
            found.update(int(one[5:]) for one in entities(broker))
            return set(range(300_000, 302_000)) <= found
        wait_until(all_there, "both thousands are in the log", 120)
        broker.stop()
        expect(ingest.stop(), 0, "exit code while the broker is away")
    finally:
        ingest.kill()
    return "waited for the broker, and outlived its SIGKILL"


def refused(broker, scratch):
    """A log topic that is not as the control log says, or has its producers' time."""
    broker.create_topic("short.log", 3)
    broker.create_topic("own.time", PARTITIONS, {"message.timestamp.type": "CreateTime"})
    broker.create_topic("short.control", 1, COMPACTED)
    broker.create_topic("time.control", 1, COMPACTED)
    for control, topic in (("short.control", "short.log"), ("time.control", "own.time")):
        produce(broker, control, [("shards", encode_control(
            f'shard_count {{ partitions: {PARTITIONS} log_topic: "{topic}" }}'), None)])
    for arguments, words in (
            (["--log-topic", "short.log"], "the control log 'spotter.control' is that of log"),
            (["--control-topic", "short.control", "--log-topic", "short.log"],
             "topic 'short.log' has 3 partitions, the control log says 4"),
            (["--control-topic", "time.control", "--log-topic", "own.time"],
             "message.timestamp.type is CreateTime, expected LogAppendTime")):
        command = Ingest(scratch, broker).command + arguments
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        expect(done.returncode, 3, f"exit code of {arguments}: {done.stderr}")
        if words not in done.stderr:
            raise Failed(f"{arguments}: expected {words!r}, found {done.stderr}")
    for arguments in (["--topics", LOG], ["--topics", "a,a"], ["--topics", "a:"],
                      ["--kafka.acks=1"], ["--grpc", "0.0.0.0:0"]):
        command = Ingest(scratch, broker).command + arguments
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        expect(done.returncode, 2, f"exit code of {arguments}: {done.stderr}")
    return "3 wrong topics and 5 wrong settings are refused"


def run(options):
    for version in [options.version] if options.version else kafka.VERSIONS:
        with Scratch() as scratch, kafka.Broker(version, scratch / "kafka") as broker:
            make_cluster(broker)
            for test in (every_form, http_and_grpc, two_members, killed, refused, broker_away):
                if options.only and options.only != test.__name__:
                    continue
                begin = time.monotonic()
                says = test(broker, scratch)
                print(f"kafka {version} {test.__name__}: {says} ({time.monotonic() - begin:.1f} s)",
                      flush=True)


if __name__ == "__main__":
    parser = script_parser(__doc__)
    parser.add_argument("--version", help="of Kafka (default: each)")
    parser.add_argument("--only", help="the one test of this name")
    arguments = parser.parse_args()
    if arguments.bin:
        os.environ["SPOTTER_BIN"] = arguments.bin
    run(arguments)
