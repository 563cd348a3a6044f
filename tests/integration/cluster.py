# SPDX-License-Identifier: Apache-2.0
"""The programs on Kafka, for tests: a broker, engines and gateways on loopback, and a token file.

    with Cluster("4.1.0", scratch, shards=4) as cluster:
        engine = cluster.engine("a"); engine.start()
        gateway = cluster.gateway(); gateway.start()
        Ctl(gateway, "studio").run("status")
"""

import os
import subprocess
import urllib.request

import harness
from broker import Broker

TOKEN = "test-token"
ROLES = "publisher, subscriber, marketer, analyst, staff, admin, operator"


class Program(harness.Server):
    """One process of `name`; its gRPC and admin ports are picked by it, and kept by a restart."""

    def __init__(self, name, folder, *arguments):
        super().__init__(folder)
        self.name = name
        self.arguments = list(map(str, arguments))
        self.command = [str(harness.bin_dir() / name), *self.arguments]
        self.extra = ["--grpc", "127.0.0.1:0", "--admin", "127.0.0.1:0"]
        self.shards = None

    def start(self, timeout=60):
        super().start(timeout)
        self.extra = ["--grpc", self.grpc, "--admin", self.admin]
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

    def _add(self, program):
        self.programs.append(program)
        return program

    def __enter__(self):
        self.broker.start()
        return self

    def __exit__(self, kind, value, trace):
        for program in self.programs:
            if program.is_alive():
                program.kill()
            if kind is not None:
                print(f"--- {program.name}\n{program.stderr_tail(40)}")
        self.broker.kill()
