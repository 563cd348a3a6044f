#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The Dockerfile, the compose file and what they need, as far as no Docker engine is asked.

No image is built and no container runs here: only syntax, references, packages and secrets.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import promql
import tools
import yaml

ROOT = promql.ROOT
sys.path.insert(0, str(ROOT / "tests" / "integration"))
import harness  # noqa: E402

DEPLOY = ROOT / "deploy"
PROGRAMS = {"spotter-ingest", "spotter-engine", "spotter-gateway"}


def compose():
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"]


class Dockerfile(unittest.TestCase):
    def test_hadolint_finds_no_fault(self):
        code, text = tools.run([tools.tool("hadolint"), DEPLOY / "Dockerfile"])
        self.assertEqual((0, ""), (code, text))

    def test_builds_what_the_services_run(self):
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        built = re.search(r"^PROGRAMS := \$\(addsuffix _program,(.*)\)$", makefile, re.M).group(1)
        self.assertEqual(set(), PROGRAMS - set(built.split()))

    def test_runs_as_nobody_special(self):
        text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
        self.assertEqual(["65532:65532"], re.findall(r"^USER (.*)$", text, re.M))

    def test_has_the_packages_that_the_programs_link(self):
        text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
        image = set(re.findall(r"^ {6}(\S+) ", text, re.M))
        linked = set()
        programs = [path for path in harness.bin_dir().glob("spotter*")
                    if path.name not in ("spotter-sim", "spotter-bench")]
        self.assertTrue(programs)
        for program in programs:
            code, libraries = tools.run(["ldd", program])
            self.assertEqual(0, code, libraries)
            linked |= set(re.findall(r"=> (/\S+)", libraries))
        # dpkg knows some files under /lib and some under /usr/lib, which are the same folder.
        bare = {library.removeprefix("/usr") for library in linked}
        _, said = tools.run(["dpkg", "-S", *bare, *("/usr" + library for library in bare)])
        owners = dict(reversed(line.split(": ")) for line in said.split("\n") if ": /" in line)
        owners = {path.removeprefix("/usr"): name.split(":")[0] for path, name in owners.items()}
        self.assertEqual(set(), bare - set(owners), "of no package")
        missing = set(owners.values()) - image - {"libc6", "libgcc-s1"}  # these are in every image
        self.assertEqual(set(), missing)


class Compose(unittest.TestCase):
    def test_parses(self):
        if shutil.which("docker-compose") is None:
            self.skipTest("docker-compose is not installed")
        code, text = tools.run(["docker-compose", "-f", DEPLOY / "compose.yaml", "config", "-q"])
        self.assertEqual((0, ""), (code, text))

    def test_what_it_mounts_is_there(self):
        for name, service in compose().items():
            for mount in service.get("volumes", []):
                source = mount.split(":")[0]
                if source.startswith("./") and source != "./secrets":
                    self.assertTrue((DEPLOY / source).exists(), f"{name}: {source}")

    def test_publishes_on_loopback_only(self):
        ports = [port for service in compose().values() for port in service.get("ports", [])]
        self.assertGreater(len(ports), 3)
        self.assertEqual([], [port for port in ports if not port.startswith("127.0.0.1:")])

    def test_our_services_are_confined(self):
        ours = {name: service for name, service in compose().items()
                if service["image"] == "spotter:local"}
        self.assertEqual(PROGRAMS, {service["command"][0] for service in ours.values()})
        for name, service in ours.items():
            with self.subTest(name):
                self.assertTrue(service["read_only"])
                self.assertEqual(["ALL"], service["cap_drop"])
                self.assertEqual("65532:65532", service["user"])

    def test_programs_know_the_flags_that_they_get(self):
        for service in compose().values():
            if service["image"] == "spotter:local":
                program, *arguments = service["command"]
                given = {argument.removeprefix("--").split("=")[0] for argument in arguments}
                self.assertEqual(set(), given - tools.flags_of(harness.bin_dir() / program), program)

    def test_prometheus_scrapes_each_of_our_services(self):
        config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
        targets = {job["job_name"]: job["static_configs"][0]["targets"]
                   for job in config["scrape_configs"]}
        self.assertEqual({f"spotter-{name}": [f"{name}:7072"]
                          for name in ("ingest", "engine", "gateway")}, targets)

    def test_topics_are_those_that_ingest_reads(self):
        script = (DEPLOY / "topics.sh").read_text(encoding="utf-8")
        sources = re.search(r"for source in ([a-z ]+);", script).group(1).split()
        command = compose()["ingest"]["command"]
        self.assertIn("--topics=" + ",".join(f"studio.{name}" for name in sources), command)

    def test_topics_are_made_as_the_programs_expect_them(self):
        """The script runs with a recorder in the place of Kafka's tool. What KafkaLog refuses at
        its start (libs/log_kafka/kafka_log.cc) must not be what the script makes."""
        with tempfile.TemporaryDirectory() as folder:
            tool = pathlib.Path(folder) / "kafka-topics.sh"
            tool.write_text('#!/bin/bash\necho "$@"\n')
            tool.chmod(0o755)
            made = subprocess.run(["bash", DEPLOY / "topics.sh", "kafka:9092"], check=True, text=True,
                                  capture_output=True, env={**os.environ, "KAFKA_BIN": folder})
        topics = {re.search(r"--topic (\S+)", line).group(1):
                  dict(re.findall(r"--config (\S+?)=(\S+)", line))
                  for line in made.stdout.splitlines()}
        ours = {"spotter.log": "delete", "spotter.control": "compact", "spotter.deadletters": "delete",
                "spotter.actions": "delete"}
        self.assertEqual(set(ours), {name for name in topics if name.startswith("spotter.")})
        for name, policy in ours.items():
            self.assertEqual("LogAppendTime", topics[name]["message.timestamp.type"], name)
            self.assertEqual(policy, topics[name]["cleanup.policy"], name)
            self.assertEqual("2", topics[name]["min.insync.replicas"], name)
            self.assertGreaterEqual(int(topics[name]["max.message.bytes"]), 1_048_588, name)


class Grafana(unittest.TestCase):
    def test_dashboards_are_what_the_script_writes(self):
        code, text = tools.run([sys.executable, DEPLOY / "grafana" / "make_dashboards.py", "--check"])
        self.assertEqual((0, ""), (code, text))

    def test_provisioning_finds_them(self):
        folder = DEPLOY / "grafana" / "provisioning"
        provider = yaml.safe_load((folder / "dashboards" / "spotter.yaml").read_text())
        mounts = compose()["grafana"]["volumes"]
        self.assertIn(f"./grafana/dashboards:{provider['providers'][0]['options']['path']}:ro", mounts)
        self.assertEqual(3, len(promql.DASHBOARDS))
        uids = [json.loads(path.read_text())["uid"] for path in promql.DASHBOARDS]
        self.assertEqual(len(uids), len(set(uids)))


class Secrets(unittest.TestCase):
    def test_a_program_serves_with_them_beyond_loopback(self):
        scratch = self.enterContext(harness.Scratch())
        folder = scratch / "secrets"
        for _ in range(2):  # the second time changes nothing
            code, text = tools.run([DEPLOY / "make-secrets.sh", folder])
            self.assertEqual(0, code, text)
        server = self.enterContext(harness.Server(scratch / "data", extra=[
            "--grpc", "0.0.0.0:0", "--tokens", str(folder / "tokens.yaml"),
            "--tls-cert", str(folder / "tls.crt"), "--tls-key", str(folder / "tls.key")]))
        port = server.grpc.rpartition(":")[2]
        command = [harness.bin_dir() / "spotterctl", "--grpc", f"localhost:{port}", "--tls-ca",
                   folder / "ca.crt", "--tenant", "studio"]
        code, text = tools.run([*command, "--token-file", folder / "token", "status"])
        self.assertEqual(0, code, text)
        pathlib.Path(folder / "token").write_text("another\n")
        code, text = tools.run([*command, "--token-file", folder / "token", "status"])
        self.assertEqual(1, code, text)


if __name__ == "__main__":
    options, rest = harness.script_parser(__doc__).parse_known_args()
    harness.use_bin(options.bin)
    tools.main(rest)
