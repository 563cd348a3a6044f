#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Engines and a gateway on a real Kafka broker: an event in through the gateway is an action out of
it, and shards move between engines while clients see nothing but a retry."""
# mission: C3 C33

import datetime
import json
import os
import re
import subprocess
import threading
import unittest

import cluster
import harness
from harness import Ctl
from ingest_test import produce

VERSION = os.environ.get("SPOTTER_KAFKA_VERSION", "4.1.0")
SHARDS = 4
TENANTS = [f"studio-{n}" for n in range(6)]
# What clients hear, as Unavailable with a hint, while a shard is between two owners.
UNAVAILABLE = ("which no engine owns now", "which this engine does not own", "is going down",
               "nothing is delivered here now", "failed to connect", "is not, or no longer")
JOURNEY = """
journey: hello
title: Hello
state: live
entry:
  when: "events('signup').within(days(1)).exists()"
  holdout: {percent: 0, reason: a test needs every member}
steps:
  - id: mail
    send: {channel: email, template: hello, text: "Hi {{first_name}}"}
"""


def events(member):
    """A member who joins and may be written to."""
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    base = {"source": "app", "customer_id": member, "event_time": now}
    consent = {**base, "source_event_id": f"consent-{member}", "kind": "EVENT_KIND_CONSENT_CHANGED",
               "entity": {"type": "consent", "id": f"consent-{member}"},
               "attributes": {"channel": "email", "purpose": "marketing",
                              "consent_state": "granted"}}
    joined = {**base, "source_event_id": f"joined-{member}", "kind": "EVENT_KIND_MEMBER_CREATED",
              "entity": {"type": "member", "id": member},
              "identifiers": [{"type": "IDENTIFIER_TYPE_EMAIL", "raw": f"{member}@example.com"}],
              "attributes": {"given_name": "Ada", "family_name": member}}
    return "".join(json.dumps(event) + "\n" for event in (consent, joined))


class ClusterTest(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(harness.Scratch())
        self.cluster = self.enterContext(cluster.Cluster(VERSION, self.scratch, SHARDS))
        self.gateway = self.cluster.gateway()
        self.acked = []

    def create_tenants(self):
        operator = Ctl(self.gateway, TENANTS[0])
        journey = self.scratch / "journey.yaml"
        journey.write_text(JOURNEY)
        for tenant in TENANTS:
            operator.run("tenant", "create", tenant, "--time-zone", "UTC")
            # A test that runs at night delivers too.
            operator.run("tenant", "set", tenant, "--quiet-from", "00:00", "--quiet-until", "00:00")
            Ctl(self.gateway, tenant).run("journey", "apply", "-f", journey)

    def walk(self, member):
        """A member joins every studio: each gets one action, which is acked and never comes
        again."""
        for tenant in TENANTS:
            ctl = Ctl(self.gateway, tenant)
            self.retry(lambda: ctl.run("publish", "-", stdin=events(member)))
            got = []
            harness.wait_until(lambda: got.extend(self.retry(ctl.pull)) or got,
                               f"an action for {member} of {tenant}")
            self.assertEqual([f"{member}@example.com"],
                             [one["action"]["address"] for one in got])
            self.retry(lambda: ctl.ack(got))
            self.acked += [one["action"]["id"] for one in got]
            self.assertEqual([], self.retry(ctl.pull))
        self.assertEqual(len(self.acked), len(set(self.acked)))

    @staticmethod
    def retry(act):
        """What a client does that hears Unavailable with a hint: comes again."""
        answer = []

        def attempt():
            try:
                answer.append(act())
                return True
            except harness.Failed as failed:
                if not any(word in str(failed) for word in UNAVAILABLE):
                    raise
                return False
        harness.wait_until(attempt, "an owner serves", 60)
        return answer[0]

    @staticmethod
    def facts(engine):
        """What is known of members, by shard."""
        return [Ctl(engine).row("state", "hash", "--shard", n, "--verify")["facts_hash"]
                for n in range(SHARDS)]

    def owned(self, engine):
        metrics = engine.metrics()
        return {n for n in range(SHARDS) if metrics.get(f'spotter_engine_delivers{{shard="{n}"}}') == 1}

    def wait_owned(self, engine, shards):
        harness.wait_until(lambda: self.owned(engine) == shards, f"it delivers for {shards}")

    def test_an_event_through_the_gateway_becomes_an_action_while_shards_move(self):
        first = self.cluster.engine("first").start()
        self.assertEqual("0,1,2,3", first.shards)
        self.gateway.start()
        self.create_tenants()
        self.walk("m-1")

        # Scale out: the second of two takes its shards from the one that had all.
        second = self.cluster.engine("second", ordinal=1, replicas=2).start()
        self.assertEqual("1,3", second.shards)
        self.wait_owned(first, {0, 2})
        self.wait_owned(second, {1, 3})
        self.walk("m-2")
        self.assertEqual(1, first.metrics()['spotter_engine_fenced_total{shard="1"}'])

        # An operator moves one shard: first by hand-over, then by force.
        Ctl(first).run("shard", "release", 0)
        Ctl(second).run("shard", "take", 0)
        Ctl(second).run("shard", "take", 2)
        self.wait_owned(first, set())
        self.wait_owned(second, {0, 1, 2, 3})
        self.walk("m-3")

        # An engine that restarts goes on where it stood.
        self.assertEqual(0, first.stop())
        self.assertEqual(0, second.stop())
        first.start()
        self.wait_owned(first, {0, 1, 2, 3})
        self.walk("m-4")
        metrics = self.gateway.metrics()
        self.assertLess(0, sum(count for name, count in metrics.items()
                               if name.startswith("spotter_gateway_requests_total")
                               and 'method="ActionService/PullActions"' in name
                               and 'code="OK"' in name))
        self.assertEqual(1, metrics["spotter_kafka_up"])

    def test_a_snapshot_and_the_log_make_the_state_of_an_engine_without_one(self):
        first = self.cluster.engine("first").start()
        self.gateway.start()
        self.create_tenants()
        self.walk("m-1")
        for shard in range(SHARDS):
            Ctl(self.gateway).run("snapshot", "--shard", shard)
        self.walk("m-2")
        known = self.facts(first)
        first.kill()
        second = self.cluster.engine("second").start()
        self.assertEqual(SHARDS, second.stderr_tail(200).count("snapshot restored"))
        self.assertEqual(known, self.facts(second))
        self.walk("m-3")

    def test_a_standby_follows_and_is_promoted(self):
        first = self.cluster.engine("first").start()
        standby = self.cluster.engine("standby", "--standby").start()
        self.gateway.start()
        self.create_tenants()
        self.walk("m-1")
        self.assertEqual(set(), self.owned(standby))
        first.kill()
        for shard in range(SHARDS):
            Ctl(standby).run("shard", "take", shard)
        self.wait_owned(standby, set(range(SHARDS)))
        self.walk("m-2")

    def test_what_the_subscription_mirror_delivers_is_copied_to_a_topic(self):
        engine = self.cluster.engine("first", "--actions-topic", "spotter.actions").start()
        self.gateway.start()
        self.create_tenants()
        for tenant in TENANTS:
            Ctl(self.gateway, tenant).run("actions", "--subscription", "mirror", "subscribe")
        self.walk("m-1")
        harness.wait_until(lambda: engine.metric("spotter_mirrored_entries_total") == len(TENANTS),
                           "all are mirrored")
        read = subprocess.run(["kcat", "-C", "-e", "-q", "-b", self.cluster.broker.bootstrap,
                               "-t", "spotter.actions", "-f", "%k %s\n"], check=True,
                              capture_output=True).stdout.decode(errors="replace")
        for action in self.acked:
            self.assertEqual(1, read.count(action))
        self.assertEqual(len(TENANTS), len(re.findall("^prf_[a-z0-9]+ ", read, re.M)))

    def test_a_broker_that_is_away_is_waited_for(self):
        engine = self.cluster.engine("first").start()
        self.gateway.start()
        self.create_tenants()
        self.walk("m-1")
        self.cluster.broker.kill()
        harness.wait_until(lambda: engine.metrics()["spotter_kafka_up"] == 0, "the engine knows")
        self.assertEqual(0, engine.stop())
        starting = threading.Thread(target=lambda: engine.start(120))
        starting.start()
        harness.wait_until(lambda: "waiting for Kafka" in engine.stderr_tail(), "it waits", 90)
        self.cluster.broker.start()
        starting.join()
        self.walk("m-2")

    def test_what_cannot_be_used_is_refused_with_a_reason(self):
        first = self.cluster.engine("first").start()
        code, error = self.cluster.engine("first").try_start()
        self.assertEqual(3, code)
        self.assertIn("is in use by another process", error)
        self.assertEqual(0, first.stop())
        self.cluster.broker.create_topic("other.log", partitions=2)
        code, error = self.cluster.engine("first", "--log-topic", "other.log").try_start()
        self.assertEqual(3, code)
        self.assertIn("'other.log' has 2 partitions", error)

    def test_a_log_made_anew_is_noticed_though_it_has_grown(self):
        engine = self.cluster.engine("first").start()
        self.assertEqual(0, engine.stop())
        broker = self.cluster.broker
        broker.delete_topic("spotter.log")
        broker.create_topic("spotter.log", SHARDS)
        # More than the states have read of the one before; what they say does not matter.
        produce(broker, "spotter.log", [(str(n), b"", None) for n in range(100 * SHARDS)])
        engine.start()
        self.assertEqual(set(), engine.shards_delivered())
        for shard in range(SHARDS):
            self.assertRegex(engine.stderr_tail(200),
                             rf"'spotter.log' \[{shard}\]: .*: the topic was made anew")


if __name__ == "__main__":
    harness.main(__doc__)
