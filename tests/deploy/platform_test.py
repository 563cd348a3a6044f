#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ingest, engine and gateway on a real broker, with the jobs that deploy/prometheus names: every
metric that a rule or a dashboard names exists, and nothing alerts while all is well."""
# mission: E1 E4

import datetime
import os
import subprocess
import sys
import unittest

import promql
import tools

sys.path.insert(0, str(promql.ROOT / "tests" / "integration"))
import cluster  # noqa: E402
import harness  # noqa: E402
from metrics_test import EVENT, cloud_event, provoke  # noqa: E402
from prometheus import Prometheus, fetch, names_in  # noqa: E402

VERSION = os.environ.get("SPOTTER_KAFKA_VERSION", "4.1.0")
SOURCE = "studio.bookings"


class Platform(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(harness.Scratch())
        platform = self.enterContext(cluster.Cluster(VERSION, self.scratch, shards=2))
        engine = platform.engine("engine").start()
        self.broker = platform.broker
        for topic in (SOURCE, "spotter.deadletters"):
            self.broker.create_topic(topic, 1)
        # No TLS on loopback, so no tokens at ingest either: it is only fed by its topic.
        ingest = cluster.Program("spotter-ingest", self.scratch / "ingest", "--brokers",
                                 self.broker.bootstrap, "--topics", SOURCE).start()
        self.addCleanup(ingest.kill)
        self.gateway = platform.gateway().start()
        self.programs = {"spotter-ingest": ingest, "spotter-engine": engine,
                         "spotter-gateway": self.gateway}

    def feed(self):
        """An event through a source topic, and one that cannot be read."""
        harness.Ctl(self.gateway, "studio").run("tenant", "create", "studio",
                                                "--time-zone", "UTC")
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        for body in (cloud_event("spotter.member_event.v1", {**EVENT, "event_time": now}), "{}"):
            subprocess.run(["kcat", "-P", "-b", self.broker.bootstrap, "-t", SOURCE,
                            "-H", "spotter-tenant=studio",
                            "-H", "content-type=application/cloudevents+json"],
                           input=body.encode(), check=True, timeout=60)
        harness.wait_until(lambda: self.dead_letters() > 0, "the dead letter is counted", 60)

    def dead_letters(self):
        return sum(value for name, value in self.programs["spotter-ingest"].metrics().items()
                   if name.startswith("spotter_intake_dead_letters_total"))

    def scrapes(self):
        found = {job: fetch(f"http://{program.admin}/metrics")
                 for job, program in self.programs.items()}
        with harness.Server(self.scratch / "all-in-one") as server:
            provoke(server)
            found["spotter"] = fetch(f"http://{server.admin}/metrics")
        return found

    def test_every_metric_that_is_named_exists_and_nothing_alerts(self):
        targets = {job: program.admin for job, program in self.programs.items()}
        with Prometheus(self.scratch, targets) as prometheus:
            prometheus.wait_healthy()
            prometheus.wait_alerts(set())
            self.feed()
            prometheus.wait_for('ALERTS{alertname="SpotterDeadLetters", alertstate="firing"}')
            prometheus.wait_alerts({"SpotterDeadLetters"})
            self.assertEqual({"SpotterDeadLetters"}, prometheus.ever_fired())
            empty = prometheus.empty_panels()
            print(f"platform: panels without data: {', '.join(sorted(empty))}")
            self.assertLess(len(empty), 15, empty)

        harness.Ctl(self.programs["spotter-engine"], "studio").run("snapshot", "--shard", "0")
        scrapes = self.scrapes()
        for job, text in scrapes.items():
            with self.subTest(job):
                self.assertEqual((0, ""), tools.run([tools.tool("promtool"), "check", "metrics"],
                                                    input=text))
        exposed = set().union(*map(names_in, scrapes.values())) | {"up"}
        missing = {name: where for name, where in promql.named().items() if name not in exposed}
        self.assertEqual({}, missing)


if __name__ == "__main__":
    options, rest = harness.script_parser(__doc__).parse_known_args()
    harness.use_bin(options.bin)
    tools.main(rest)
