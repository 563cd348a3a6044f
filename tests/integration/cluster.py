# SPDX-License-Identifier: Apache-2.0
"""The programs on Kafka, for tests: a broker, engines and gateways on loopback, and a token file.

    with Cluster("4.1.0", scratch, shards=4) as cluster:
        engine = cluster.engine("a"); engine.start()
        gateway = cluster.gateway(); gateway.start()
        Ctl(gateway, "studio").run("status")
"""

import concurrent.futures
import os
import signal
import subprocess
import urllib.request

import harness
from broker import Broker

TOKEN = "test-token"
SOURCE_TOPICS = ("studio.bookings", "studio.checkins", "studio.pos", "studio.scanners")
ROLES = "publisher, subscriber, marketer, analyst, staff, admin, operator"


class Program(harness.Server):
    """One process of `name`; its gRPC and admin ports are picked by it, and kept by a restart."""

    def __init__(self, name, folder, *arguments):
        super().__init__(folder)
        self.name = name
        self.arguments = list(map(str, arguments))
        self.command = [str(harness.bin_dir() / name), *self.arguments]
        self.listeners = ["http", "grpc", "admin"] if name == "spotter-ingest" else ["grpc", "admin"]
        self.extra = [word for one in self.listeners for word in (f"--{one}", "127.0.0.1:0")]
        self.shards = None

    def start(self, timeout=60):
        super().start(timeout)
        self.extra = [word for one in self.listeners for word in (f"--{one}", getattr(self, one))]
        return self

    def try_start(self, timeout=30):
        """(exit code, stderr) of a start that is expected to fail."""
        done = subprocess.run(self.command + self.extra, capture_output=True, timeout=timeout,
                              text=True, errors="replace")
        return done.returncode, done.stderr

    def metrics(self):
        """{name with labels: value} of a scrape."""
        with urllib.request.urlopen(f"http://{self.admin}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        return {name: float(value) for name, _, value in
                (line.rpartition(" ") for line in lines if not line.startswith("#"))}

    def metric(self, name, **labels):
        """The sum of a metric's samples that have these labels."""
        wanted = [f'{key}="{value}"' for key, value in labels.items()]
        return sum(value for sample, value in self.metrics().items()
                   if sample.partition("{")[0] == name and all(word in sample for word in wanted))

    def shards_delivered(self):
        """Numbers of the shards for which it may deliver now."""
        return {int(name.split('"')[1]) for name, value in self.metrics().items()
                if name.startswith("spotter_engine_delivers{") and value == 1}

    def pause(self):
        """SIGSTOP, until resume(): nothing in it runs, and it does not know."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)


def shard_of(tenant, shards):
    """Where a tenant lives that was never placed: Kafka's own partition of it as a key."""
    mix, mask = 0x5bd1e995, 0xffffffff
    data = tenant.encode()
    state = 0x9747b28c ^ len(data)
    whole = len(data) // 4 * 4
    for first in range(0, whole, 4):
        word = int.from_bytes(data[first:first + 4], "little") * mix & mask
        word = (word ^ word >> 24) * mix & mask
        state = state * mix & mask ^ word
    if whole < len(data):
        state = (state ^ int.from_bytes(data[whole:], "little")) * mix & mask
    state = (state ^ state >> 13) * mix & mask
    return ((state ^ state >> 15) & 0x7fffffff) % shards


def take(engine, shards):
    """Makes it the owner of all of them, at once: each waits out a lease."""
    with concurrent.futures.ThreadPoolExecutor(len(shards)) as pool:
        list(pool.map(lambda shard: harness.Ctl(engine).run("shard", "take", shard), shards))


class Cluster:
    """A broker in `scratch`, and what starts beside it. All of it ends with the `with` block."""

    def __init__(self, version, scratch, shards=4):
        self.broker = Broker(version, scratch / "kafka")
        self.scratch = scratch
        self.shards = shards
        self.programs = []
        tokens = scratch / "tokens.yaml"
        tokens.write_text(f"- {{principal: test, token: {TOKEN}, tenants: ['*'], roles: [{ROLES}]}}\n")
        self.token_file = scratch / "token"
        self.token_file.write_text(TOKEN)
        os.environ["SPOTTER_TOKEN_FILE"] = str(self.token_file)
        self.common = ["--brokers", self.broker.bootstrap, "--tokens", tokens]

    def engine(self, name, *arguments, ordinal=0, replicas=1):
        return self._add(Program("spotter-engine", self.scratch / name, *self.common,
                                 "--data", self.scratch / name, "--create-topics", self.shards,
                                 "--snapshots", self.scratch / "snapshots",
                                 "--ordinal", ordinal, "--replicas", replicas, *arguments))

    def gateway(self, *arguments):
        return self._add(Program("spotter-gateway", self.scratch / "gateway", *self.common,
                                 *arguments))

    def ingest(self, *arguments):
        return self._add(Program("spotter-ingest", self.scratch / "ingest", *self.common,
                                 *arguments))

    def create_source_topics(self, partitions=4):
        for topic in SOURCE_TOPICS:
            self.broker.create_topic(topic, partitions, {})
        self.broker.create_topic("spotter.deadletters", 2)

    def _add(self, program):
        self.programs.append(program)
        return program

    def __enter__(self):
        self.broker.start()
        return self

    def __exit__(self, kind, value, trace):
        for program in self.programs:
            if program.is_alive():
                program.kill()  # a paused one too
            if kind is not None:
                print(f"--- {program.name}\n{program.stderr_tail(40)}")
        self.broker.kill()
