#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The programs on Kafka, measured from outside beside a real broker on the same machine.

Prints JSON lines like spotter-bench; benchmarks/README.md says what each row means. `make
bench-kafka` runs all of it; --quick shows in a minute that it works, not how fast it is."""

import argparse
import collections
import contextlib
import datetime
import json
import os
import pathlib
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests" / "integration"), str(ROOT / "tests" / "deploy")]
# pylint: disable=wrong-import-position
import cluster
import harness
import life
import studios
import tools
from clients_test import python_command
from harness import Ctl
from ingest_test import committed

SHARDS = 2
TICK = os.sysconf("SC_CLK_TCK")
SIGN_UP_EVERY = 200 # messages of the load
STEADY = 4000       # bodies a second: what all studios of a large country send together
BATCH = 500         # members in a CloudEvents batch
PROBE = """
journey: probe
title: Probe
state: live
entry:
  when: "events('signup').within(days(1)).exists()"
  holdout: {percent: 0, reason: a measurement needs every member}
steps:
  - id: greet
    task: {role: front_desk, kind: call, text: "{{first_name}}", due_in: 2d}
"""
SEGMENTS = {  # as spotter-bench has them
    "past-due": "member.payment_status == 'past_due'",
    "may-be-texted": "now - member.last_visit_date > days(14) && "
                     "consent('sms', 'marketing') == 'granted'",
    "lost-spender": "member.membership_status == 'cancelled' && member.lifetime_spend >= 50000",
    "regular": "member.status == 'regular'",
    "lapsed": "member.status == 'lapsed' && !('do-not-reengage' in member.tags)",
    "growing": "member.total_bookings >= 3 && member.total_bookings <= 5",
    "at-risk": "segment('two-missed-classes') || segment('no-visit-14d-paying')",
}


def cpu_seconds(process):
    """User and system time of all its threads."""
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def quantile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


class Meter:
    """Wall time, and processor time of some programs and of the broker, from its making."""

    def __init__(self, bench, *programs):
        self.processes = [program.process for program in programs]
        self.broker = bench.cluster.broker.process
        self.begin = time.monotonic(), self._cpu(), cpu_seconds(self.broker)

    def _cpu(self):
        return sum(map(cpu_seconds, self.processes))

    def read(self):
        """(wall, programs, broker) in seconds."""
        wall, programs, broker = self.begin
        return (time.monotonic() - wall, self._cpu() - programs,
                cpu_seconds(self.broker) - broker)


def sign_up(tenant, name):
    """Somebody new, as a message (tenant, headers, body): the journey answers with a task."""
    now = life.format_time(datetime.datetime.now(datetime.timezone.utc))
    event = {"source": "app", "customer_id": name, "kind": "EVENT_KIND_MEMBER_CREATED",
             "entity": {"type": "member", "id": name}, "attributes": {"given_name": name},
             "identifiers": [{"type": "IDENTIFIER_TYPE_EMAIL", "raw": f"{name}@example.org"}]}
    return {"specversion": "1.0", "id": f"join-{name}", "source": "/app",
            "type": "spotter.member_event.v1", "time": now, "data": event}


class Bench:
    def __init__(self, options, scratch):
        from confluent_kafka import Producer
        self.options = options
        self.cluster = cluster.Cluster(options.version, scratch, SHARDS)
        self.tenants = studios.spread(SHARDS, SHARDS)
        self.scratch = scratch
        self.gateway = self.cluster.gateway()
        self.ingest = self.cluster.ingest()
        self.make_producer = lambda: Producer({
            "bootstrap.servers": self.cluster.broker.bootstrap, "linger.ms": self.options.linger_ms,
            "queue.buffering.max.messages": 2_000_000, "queue.buffering.max.kbytes": 2 << 20})
        self.sent = 0

    def row(self, name, value, unit):
        print(json.dumps({"name": name, "value": float(f"{value:.6g}"), "unit": unit,
                          "commit": self.options.commit, "machine": self.options.machine}),
              flush=True)

    def engine(self, name, **place):
        return self.cluster.engine(name, "--snapshot-interval", "0", **place)

    # --- what goes in ---

    def define(self):
        """Tenants, segments and journeys, written by an engine that is then stopped."""
        engine = self.engine("definer").start()
        self.gateway.start()
        (self.scratch / "probe.yaml").write_text(PROBE)
        for name, when in SEGMENTS.items():
            (self.scratch / f"{name}.yaml").write_text(
                f"segment: {name}\ntitle: {name}\nwhen: \"{when}\"\n")
        for tenant in self.tenants:
            ctl = Ctl(self.gateway, tenant)
            ctl.run("tenant", "create", tenant, "--time-zone", "UTC", "--source", "square",
                    "--source", "stripe", "--source", "app")
            ctl.apply_blueprints()
            for name in SEGMENTS:
                ctl.run("segment", "apply", "-f", self.scratch / f"{name}.yaml")
            ctl.run("journey", "apply", "-f", self.scratch / "probe.yaml")
        engine.stop()

    def lives(self, seed, members):
        """60 days of a studio for each tenant, as messages of source topics."""
        start = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=60)
        found = []
        for tenant in self.tenants:
            made = life.make(seed=seed, members=members, days=60, tenant=tenant,
                             start=life.format_time(start))
            found.append([{**one, "tenant": tenant} for one in made])
        return [(one["tenant"], studios.TOPIC_OF[one["source"]], one["body"].encode(),
                 f"{one['tenant']}/{one['member']}".encode(), studios.topic_headers(one))
                for pair in zip(*found) for one in pair]

    def produce(self, producer, message):
        _, topic, body, key, headers = message
        producer.produce(topic, body, key, headers=headers)
        self.sent += 1

    def produce_event(self, producer, tenant, *events):
        """CloudEvents in one message."""
        batch = len(events) > 1
        body = json.dumps(events if batch else events[0]).encode()
        kind = "application/cloudevents-batch+json" if batch else "application/cloudevents+json"
        producer.produce("studio.checkins", body, events[0]["id"],
                         headers=[("spotter-tenant", tenant.encode()),
                                  ("content-type", kind.encode())])
        self.sent += 1

    def produce_all(self, messages):
        producer = self.make_producer()
        for one in messages:
            self.produce(producer, one)
        if producer.flush(300):
            raise harness.Failed("the broker did not take all messages")

    def is_ingested(self):
        return self.sent == sum(sum(committed(self.cluster.broker, topic))
                                for topic in cluster.SOURCE_TOPICS)

    @staticmethod
    def applied(engine):
        """(records applied, records known to lie ahead) of all its shards."""
        metrics = engine.metrics()
        total = lambda name: sum(value for sample, value in metrics.items()
                                 if sample.partition("{")[0] == name)
        return total("spotter_engine_records_total"), total("spotter_engine_lag_records")

    # --- what is measured ---

    def measure_ingest(self):
        messages = self.lives(1, self.options.members)
        self.ingest.start()  # so that the group is there; nothing to read yet
        self.ingest.stop()
        self.produce_all(messages)
        self.ingest.start()
        meter = Meter(self, self.ingest)
        harness.wait_until(self.is_ingested, "all is ingested", 600)
        wall, cpu, broker = meter.read()
        refused = self.ingest.metric("spotter_intake_dead_letters_total")
        if refused > 0:
            raise harness.Failed(f"{refused:.0f} of {len(messages)} bodies became dead letters")
        self.ingest.stop()
        self.row("kafka_ingest_throughput", len(messages) / cpu, "bodies/s per core")
        self.row("kafka_ingest_throughput_wall", len(messages) / wall, "bodies/s")
        self.row("kafka_ingest_broker_cpu", broker / wall, "cores")

    def measure_consume(self, shards):
        """The log, from its start, into an empty directory."""
        replicas = SHARDS // shards
        engine = self.engine(f"consume-{shards}", ordinal=0, replicas=replicas)
        meter = Meter(self)
        engine.start(600)  # ready: applied to the end of the log, and owner
        wall, _, broker = meter.read()
        cpu = cpu_seconds(engine.process)
        events = sum(value for sample, value in engine.metrics().items()
                     if sample.startswith("spotter_engine_events_total"))
        self.row(f"kafka_consume_throughput_{shards}", events / cpu, "events/s per core")
        self.row(f"kafka_consume_throughput_{shards}_wall", events / wall, "events/s")
        self.row(f"kafka_consume_{shards}_broker_cpu", broker / wall, "cores")
        return engine

    def measure_chain(self, engine):
        """From the producers to the state, everything at work: half of it is latency's load."""
        messages = self.lives(2, max(100, self.options.members // 2))
        self.ingest.start()
        before = self.applied(engine)[0]
        meter = Meter(self, self.ingest, engine)
        self.produce_all(messages)
        harness.wait_until(lambda: self.applied(engine)[0] - before >= len(messages) * 0.98 and
                           self.is_ingested(), "all is applied", 600)
        wall, cpu, broker = meter.read()
        self.row("kafka_chain_throughput_wall", len(messages) / wall, "bodies/s")
        self.row("kafka_chain_cpu", cpu / wall, "cores")
        self.row("kafka_chain_broker_cpu", broker / wall, "cores")
        return len(messages) / wall

    @contextlib.contextmanager
    def clocks(self):
        """{text: instant of its delivery}, as subscribers hear them."""
        command, environment = python_command(self.scratch) if not hasattr(self, "python") \
            else self.python
        self.python = command, environment
        heard, processes = {}, []

        def listen(process):
            for line in process.stdout:
                instant, _, text = line.strip().partition(" ")
                heard.setdefault(text, float(instant))
        for tenant in self.tenants:
            process = subprocess.Popen(
                [str(command[0]), str(ROOT / "benchmarks" / "stream_clock.py"), self.gateway.grpc,
                 tenant], stdout=subprocess.PIPE, text=True,
                env={**os.environ, "SPOTTER_TOKEN": cluster.TOKEN,
                     "PYTHONPATH": str(environment["PYTHONPATH"])})
            processes.append(process)
            threading.Thread(target=listen, args=(process,), daemon=True).start()
        try:
            yield heard
        finally:
            for process in processes:
                process.kill()
                process.wait()

    def measure_latency(self, engine, rate, suffix=""):
        """From a producer's send to a subscriber's stream."""
        messages = self.lives(int(rate), max(100, int(rate * self.options.latency_seconds / 70 / SHARDS)))
        producer, sent = self.make_producer(), {}
        with self.clocks() as heard:
            producer.poll(0)
            for tenant in self.tenants:  # everything is awake before it is measured
                self.produce_event(producer, tenant, sign_up(tenant, f"Awake{self.sent}"))
            producer.flush(30)
            harness.wait_until(lambda: len(heard) >= SHARDS, "the subscribers hear", 60)
            meter = Meter(self, self.ingest, engine, self.gateway)
            begin, done = time.monotonic(), 0
            while done < len(messages) and time.monotonic() - begin < self.options.latency_seconds:
                due = min(len(messages), int((time.monotonic() - begin) * rate) + 1)
                for one in messages[done:due]:
                    self.produce(producer, one)
                    if self.sent % SIGN_UP_EVERY == 0:
                        name = f"P{self.sent}"
                        event = sign_up(one[0], name)
                        sent[name] = time.monotonic()
                        self.produce_event(producer, one[0], event)
                done = due
                producer.poll(0)
                time.sleep(0.001)
            wall, cpu, broker = meter.read()
            producer.flush(60)
            harness.wait_until(lambda: all(name in heard for name in sent),
                               "every sign-up was answered", 120)
        seconds = [heard[name] - sent[name] for name in sent]
        self.row(f"kafka_latency_load{suffix}", done / wall, "bodies/s")
        self.row(f"kafka_latency_actions{suffix}", len(seconds), "1")
        self.row(f"kafka_event_to_action_p50{suffix}", 1000 * quantile(seconds, 0.5), "ms")
        self.row(f"kafka_event_to_action_p99{suffix}", 1000 * quantile(seconds, 0.99), "ms")
        self.row(f"kafka_latency_load_average{suffix}", os.getloadavg()[0], "1")
        self.row(f"kafka_latency_cpu{suffix}", cpu / wall, "cores")
        self.row(f"kafka_latency_broker_cpu{suffix}", broker / wall, "cores")

    def fill(self, engine, profiles):
        """That many members on the first tenant's shard."""
        producer, tenant = self.make_producer(), self.tenants[0]
        have = getattr(self, "filled", 0)
        for first in range(have, profiles, BATCH):
            events = [sign_up(tenant, f"F{n}") for n in range(first, min(profiles, first + BATCH))]
            for event in events:  # long ago: nobody is greeted
                event["time"] = "2025-01-06T00:00:00Z"
            self.produce_event(producer, tenant, *events)
            producer.poll(0)
        producer.flush(300)
        self.filled = profiles
        harness.wait_until(self.is_ingested, "the members are ingested", 900)
        harness.wait_until(lambda: self.applied(engine)[1] == 0, "and applied", 900)

    def measure_restart(self, engine, profiles):
        """SIGKILL under load; from the start of the process to the first action at a subscriber."""
        self.fill(engine, profiles)
        seconds = []
        for turn in range(self.options.runs):
            with self.clocks() as heard:
                producer, stop = self.make_producer(), threading.Event()
                prefix = f"R{profiles}x{turn}x"

                def load():
                    number = 0
                    while not stop.is_set():
                        tenant = self.tenants[number % SHARDS]
                        self.produce_event(producer, tenant, sign_up(tenant, f"{prefix}{number}"))
                        producer.poll(0)
                        number += 1
                        time.sleep(0.005)
                thread = threading.Thread(target=load)
                thread.start()
                harness.wait_until(lambda: len(heard) > 50, "actions come", 60)
                engine.kill()
                known, begin = set(heard), time.monotonic()
                engine.start(120)
                harness.wait_until(lambda: set(heard) - known, "an action comes again", 60)
                seconds.append(min(heard[name] for name in set(heard) - known) - begin)
                stop.set()
                thread.join()
                producer.flush(30)
            harness.wait_until(self.is_ingested, "all is ingested", 60)
        known_profiles = sum(value for name, value in engine.metrics().items()
                             if name.startswith("spotter_engine_profiles"))
        self.row(f"kafka_restart_{profiles}", quantile(seconds, 0.5), "s")
        self.row(f"kafka_restart_{profiles}_highest", max(seconds), "s")
        self.row(f"kafka_restart_{profiles}_profiles", known_profiles, "1")

    def run(self):
        self.cluster.create_source_topics(partitions=2)
        self.define()
        self.measure_ingest()
        self.measure_consume(1).stop()
        engine = self.measure_consume(2)
        rate = self.measure_chain(engine)
        self.measure_latency(engine, STEADY, "_steady")
        self.measure_latency(engine, rate / 2)
        for profiles in self.options.profiles:
            self.measure_restart(engine, profiles)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--bin")
    parser.add_argument("--commit", default="unknown")
    parser.add_argument("--machine", default="unknown")
    parser.add_argument("--members", type=int, default=2000, help="of each of two tenants")
    parser.add_argument("--latency-seconds", type=float, default=20)
    parser.add_argument("--linger-ms", type=float, default=5,
                        help="of the producers; librdkafka's default")
    parser.add_argument("--profiles", type=int, nargs="*", default=[100_000, 1_000_000])
    parser.add_argument("--runs", type=int, default=3, help="of each restart")
    parser.add_argument("--version", default=os.environ.get("SPOTTER_KAFKA_VERSION", "4.1.0"))
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    harness.use_bin(options.bin)
    if options.quick:
        options.members, options.latency_seconds = 100, 3
        options.profiles, options.runs = [2000], 1
    with harness.Scratch() as scratch:
        bench = Bench(options, scratch)
        with bench.cluster:
            bench.run()


if __name__ == "__main__":
    main()
