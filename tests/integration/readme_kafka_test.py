#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the README says of Kafka, as it stands there, beside a real broker: the commands run, and
their output has the words that the page shows."""
# mission: X1 X20

import os
import re
import signal
import subprocess
import unittest

import harness
from broker import LOG_CONFIG, Broker, free_ports
from cluster import SOURCE_TOPICS

PAGE = (harness.ROOT / "README.md").read_text(encoding="utf-8")
SECTION = PAGE.split("\n## On Kafka\n")[1].split("\n## ")[0]
BLOCKS = re.findall(r"```(sh|text)\n(.*?)```", SECTION, re.S)
PORTS = sorted(set(re.findall(r"127\.0\.0\.1:(\d+)", SECTION)))


def alike(text):
    """Without what differs from run to run: instants, ids, the columns' width."""
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", text)
    text = re.sub(r"\b(act|prf|lse)_[a-z2-7]+", r"\1_ID", text)
    text = re.sub(r"hash=[0-9a-f]+", "hash=HASH", text)
    text = re.sub(r"(rows|arriving:|copying:)([= ])\d+", r"\1\2N", text)
    return [re.sub(r" +", " ", line).strip() for line in text.splitlines() if line.strip()]


class ReadmeKafka(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(harness.Scratch())
        self.broker = self.enterContext(Broker("4.1.0", self.scratch / "kafka"))
        ports = dict(zip(PORTS, map(str, free_ports(len(PORTS)))))
        ports["9092"] = self.broker.bootstrap.rpartition(":")[2]
        self.ports = ports
        self.programs = []
        self.addCleanup(self.stop)

    def on_these_ports(self, text):
        return re.sub(r"127\.0\.0\.1:(\d+)", lambda m: f"127.0.0.1:{self.ports[m[1]]}", text)

    def stop(self):
        for program in self.programs:
            program.send_signal(signal.SIGTERM)
        for program in self.programs:
            program.wait(30)
            program.stdout.close()

    def environment(self):
        return {**os.environ, "PATH": f"{harness.bin_dir()}:{os.environ['PATH']}",
                "SPOTTER_GRPC": f"127.0.0.1:{self.ports['7071']}"}

    def run_in(self, folder, script):
        return subprocess.run(["sh", "-ec", script], cwd=folder, text=True, capture_output=True,
                              env=self.environment(), timeout=120)

    def create_topics(self):
        """Those of deploy/topics.sh, whose tools are not in the broker's jars."""
        script = (harness.ROOT / "deploy" / "topics.sh").read_text(encoding="utf-8")
        partitions = int(re.search(r"create spotter\.log (\d+)", script)[1])
        self.broker.create_topic("spotter.log", partitions)
        self.broker.create_topic("spotter.control", 1, {**LOG_CONFIG, "cleanup.policy": "compact"})
        self.broker.create_topic("spotter.deadletters")
        for topic in SOURCE_TOPICS:
            self.broker.create_topic(topic, 2, {})

    def test_what_it_says_is_what_happens(self):
        (_, start), (_, ready), (_, use), (_, shown) = BLOCKS
        self.assertTrue(start.startswith("deploy/topics.sh 127.0.0.1:9092 1\n"))
        self.create_topics()
        folder = self.scratch / "here"
        folder.mkdir()
        for line in start.splitlines()[1:]:
            command = self.on_these_ports(line).rstrip(" &").split()
            self.programs.append(subprocess.Popen(
                command, cwd=folder, env=self.environment(), text=True,
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL))
        for program, line in zip(self.programs, ready.splitlines(), strict=True):
            self.assertEqual(self.on_these_ports(line), program.stdout.readline().rstrip())
        harness.wait_until(lambda: self.run_in(folder, "spotterctl tenant list").returncode == 0,
                           "the gateway knows the owners of all shards")
        done = self.run_in(folder, self.on_these_ports(use))
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        print(done.stdout)
        # A step of the move may be too short to be seen.
        steps = ("closing:", "copying:", "arriving:")
        self.assertEqual([line for line in alike(shown) if not line.startswith(steps)],
                         [line for line in alike(done.stdout) if not line.startswith(steps)])


if __name__ == "__main__":
    harness.main(__doc__)
