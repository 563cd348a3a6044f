#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Workers in Python and Node, with stubs generated from proto/, subscribe through a gateway, ack
some, are killed, and come back; an engine dies under them too. What was acked never comes again,
what was not is not lost, and each member's actions come in sequence.

The workers are the examples of docs/orchestrators.md."""
# mission: C3 E3

import collections
import os
import pathlib
import subprocess
import sys
import threading
import unittest

import cluster
import harness
from cluster_test import events
from harness import Ctl

sys.path.insert(0, str(harness.ROOT / "tests" / "deploy"))
import tools  # pylint: disable=wrong-import-position

CLIENTS = pathlib.Path(__file__).parent / "clients"
PAGE = harness.ROOT / "docs" / "orchestrators.md"
PROTO = harness.ROOT / "proto"
TENANT = "studio"
MEMBERS = 40
ACTIONS = 2 * MEMBERS
JOURNEY = """
journey: hello
title: Hello
state: live
entry:
  when: "events('signup').within(days(1)).exists()"
  holdout: {percent: 0, reason: a test needs every member}
steps:
  - id: call
    task: {role: front_desk, kind: call, text: "Call {{first_name}}", due_in: 2d}
  - id: meet
    task: {role: trainer, kind: meet, text: "Meet {{first_name}}", due_in: 7d}
"""


def python_command(scratch):
    """The worker with stubs made of proto/ now."""
    python = tools.tool("python-client") / "bin" / "python3"
    stubs = scratch / "stubs"
    stubs.mkdir()
    files = sorted(str(path.relative_to(PROTO)) for path in PROTO.glob("spotter/v1/*.proto"))
    code, text = tools.run([python, "-m", "grpc_tools.protoc", "-I", PROTO, "--python_out", stubs,
                            "--grpc_python_out", stubs, *files])
    if code != 0:
        raise harness.Failed(f"protoc: {text}")
    return [python, CLIENTS / "worker.py"], {"PYTHONPATH": stubs}


def node_command(_):
    modules = tools.tool("node-client") / "node_modules"
    return ["node", CLIENTS / "worker.js"], {"NODE_PATH": modules, "SPOTTER_PROTO": PROTO}


class Worker:
    """One life of a worker; reads what it says."""

    def __init__(self, command, environment, gateway, subscription):
        words = [*command, gateway.grpc, TENANT, subscription]
        self.process = subprocess.Popen(
            list(map(str, words)), stdout=subprocess.PIPE, text=True,
            env={**os.environ, "SPOTTER_TOKEN": cluster.TOKEN,
                 **{name: str(value) for name, value in environment.items()}})
        self.did, self.acked = [], []  # (action, profile, sequence); action
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            verb, *words = line.split()
            if verb == "did":
                self.did.append((words[0], words[1], int(words[2])))
            elif verb == "acked":
                self.acked.append(words[0])

    def wait_acked(self, count):
        def is_there():
            if self.process.poll() is not None:
                raise harness.Failed(f"the worker ended with {self.process.returncode}")
            return len(self.acked) >= count
        harness.wait_until(is_there, f"{count} actions are acked", 60)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()


class ClientsTest(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(harness.Scratch())
        self.cluster = self.enterContext(cluster.Cluster("4.1.0", self.scratch, 2))

    def start(self, subscription):
        self.engine = self.cluster.engine("engine").start()
        self.gateway = self.cluster.gateway().start()
        ctl = Ctl(self.gateway, TENANT)
        ctl.run("tenant", "create", TENANT, "--time-zone", "UTC")
        ctl.run("actions", "--subscription", subscription, "subscribe")
        journey = self.scratch / "journey.yaml"
        journey.write_text(JOURNEY)
        ctl.run("journey", "apply", "-f", journey)
        ctl.run("publish", "-", stdin="".join(events(f"m-{n}") for n in range(MEMBERS)))

    def crash_and_resume(self, name, command_of):
        command, environment = command_of(self.scratch)
        self.start(name)
        lives = [Worker(command, environment, self.gateway, name)]
        try:
            lives[-1].wait_acked(ACTIONS // 4)
            lives[-1].kill()
            lives.append(Worker(command, environment, self.gateway, name))
            lives[-1].wait_acked(ACTIONS // 4)
            self.engine.kill()  # it comes back by itself
            self.engine.start()
            left = ACTIONS - len(set(lives[0].acked)) - len(set(lives[1].acked))
            lives[-1].wait_acked(len(lives[1].acked) + left)
            harness.wait_until(lambda: self.waiting(name) == 0, "nothing waits", 60)
        finally:
            lives[-1].kill()
        self.check(lives)

    def waiting(self, subscription):
        return sum(int(row.get("waiting", 0)) + int(row.get("leased", 0))
                   for row in Ctl(self.gateway, TENANT).rows("actions", "subscriptions")
                   if row["subscription"]["id"] == subscription)

    def check(self, lives):
        acked = set()
        newest = collections.Counter()
        for life in lives:
            for action, profile, sequence in life.did:
                self.assertLessEqual(sequence, newest[profile] + 1, "out of order")
                newest[profile] = max(newest[profile], sequence)
            acked |= set(life.acked)
        self.assertEqual(set(), set(lives[0].acked) & {one for one, _, _ in lives[1].did},
                         "what was acked came again")
        done = {one for life in lives for one, _, _ in life.did}
        self.assertEqual(ACTIONS, len(done), "actions that were carried out")
        self.assertEqual([2] * MEMBERS, list(newest.values()))
        # An ack whose answer died with the worker or the engine counts all the same.
        self.assertGreaterEqual(len(acked), ACTIONS - 20)
        print(f"\n{len(done)} actions, {len(lives[0].acked)} acked before the SIGKILL, "
              f"{sum(len(life.did) for life in lives) - len(done)} carried out again", flush=True)

    def test_a_python_worker_crashes_and_resumes(self):
        self.crash_and_resume("python", python_command)

    def test_a_node_worker_crashes_and_resumes(self):
        self.crash_and_resume("node", node_command)


class Page(unittest.TestCase):
    def test_it_shows_the_workers_as_they_are(self):
        page = PAGE.read_text(encoding="utf-8")
        for name in ("worker.py", "worker.js"):
            self.assertIn((CLIENTS / name).read_text(encoding="utf-8").strip(), page, name)


if __name__ == "__main__":
    parser = harness.script_parser(__doc__)
    options, rest = parser.parse_known_args()
    harness.use_bin(options.bin)
    tools.main(["-v", *rest])
