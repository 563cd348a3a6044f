#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A tenant moves between shards of two engines while members join and actions are pulled: nothing
is lost, doubled or sent by the wrong shard, also where an engine dies on the way."""
# mission: C3 C33

import datetime
import os
import threading
import time
import unittest

import cluster
import cluster_test
import harness
from harness import Ctl

VERSION = os.environ.get("SPOTTER_KAFKA_VERSION", "4.1.0")
SHARDS = 8
TENANT = "studio-0"
OTHER = "studio-1"
# What a client hears while a tenant moves or an engine is away, and comes again.
UNAVAILABLE = cluster_test.UNAVAILABLE + (
    "has another owner now", "is being moved to another shard", "is moving to another shard", "Connection reset",
    "Socket closed", "connections to all backends failing", "deliveries have")


def zone_at_noon():
    """Where it is about noon now, so that no quiet hour holds a message back."""
    behind = datetime.datetime.now(datetime.timezone.utc).hour - 12
    return f"Etc/GMT{behind:+d}" if behind else "UTC"


class Load:
    """Members join without pause in one thread; another pulls and acks what comes of it."""

    def __init__(self, gateway, tenant):
        self.ctl = Ctl(gateway, tenant)
        self.joined = []     # members whose publish was acknowledged
        self.acked = {}      # action id: address, of acks that were acknowledged
        self.again = []      # actions that came although they were acked
        self.delivered = []  # when
        self.problems = []
        self.ends = threading.Event()
        self.threads = [threading.Thread(target=self._guard, args=(part,))
                        for part in (self._publish, self._pull)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ends.set()
        for thread in self.threads:
            thread.join()

    def _guard(self, part):
        try:
            part()
        except Exception as problem:  # pylint: disable=broad-except
            self.problems.append(repr(problem))

    def _publish(self):
        while not self.ends.is_set():
            member = f"load-{len(self.joined)}"
            again_after_unavailable(
                lambda one=member: self.ctl.run("publish", "-", stdin=cluster_test.events(one)))
            self.joined.append(member)

    def _pull(self):
        while not self.ends.is_set():
            self.pull_once()

    def pull_once(self):
        got = again_after_unavailable(self.ctl.pull)
        for one in got:
            assert "action" in one, f"no action was taken back here: {one}"
        self.delivered += [time.monotonic()] * len(got)
        self.again += [one["action"]["id"] for one in got if one["action"]["id"] in self.acked]
        if got:
            again_after_unavailable(lambda: self.ctl.ack(got))
            self.acked |= {one["action"]["id"]: one["action"]["address"] for one in got}

    def wait_for_actions(self):
        seen = len(self.acked)
        harness.wait_until(lambda: self.problems or len(self.acked) > seen + 5, "actions flow", 60)
        assert not self.problems, self.problems

    def drain(self):
        """Pulls until every member that joined has an action."""
        harness.wait_until(lambda: self.pull_once() or len(self.acked) >= len(self.joined),
                           "an action for every member who joined", 60)

    def pause(self, begin):
        """The longest time without a delivery, from `begin` on."""
        times = [begin] + [at for at in self.delivered if at >= begin]
        return max(b - a for a, b in zip(times, times[1:]))


def again_after_unavailable(act):
    answer = []

    def attempt():
        try:
            answer.append(act())
            return True
        except harness.Failed as failed:
            if not any(word in str(failed) for word in UNAVAILABLE):
                raise
            return False
    harness.wait_until(attempt, "it is served", 90)
    return answer[0]


class MoveTest(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(harness.Scratch())
        self.cluster = self.enterContext(cluster.Cluster(VERSION, self.scratch, SHARDS))
        self.engines = [self.cluster.engine(name, ordinal=n, replicas=2)
                        for n, name in enumerate(("even", "odd"))]
        for engine in self.engines:
            engine.start()
        self.gateway = self.cluster.gateway()
        self.gateway.start()
        self.operator = Ctl(self.gateway, TENANT)
        journey = self.scratch / "journey.yaml"
        journey.write_text(cluster_test.JOURNEY)
        for tenant in (TENANT, OTHER):
            self.operator.run("tenant", "create", tenant, "--time-zone", zone_at_noon())
            Ctl(self.gateway, tenant).run("journey", "apply", "-f", journey)

    def shard_of(self, tenant):
        """Where it lives now."""
        for shard in range(SHARDS):
            engine = self.engines[shard % 2]
            if not engine.is_alive():
                continue
            status = Ctl(engine).row("status", "--shard", shard)
            if any(one["id"] == tenant for one in status.get("tenants", [])):
                return shard
        return None

    def move(self, shard, tenant=TENANT):
        return self.operator.run("tenant", "move", tenant, "--to", shard)

    def wait_moved(self, shard):
        def is_there():
            return f"moved: shard={shard} " in self.where()
        harness.wait_until(is_there, f"the tenant is on shard {shard}", 120)

    def expect_nothing_lost_or_doubled(self, load):
        load.drain()
        self.assertEqual([], load.problems)
        self.assertEqual([], load.again)
        self.assertEqual(sorted(f"{member}@example.com" for member in load.joined),
                         sorted(load.acked.values()))
        self.assertEqual([], load.ctl.pull())
        for shard in range(SHARDS):
            row = Ctl(self.engines[shard % 2]).row("state", "hash", "--shard", shard, "--verify")
            self.assertTrue(row["verified"], f"shard {shard}: {row}")

    def test_moves_under_load(self):
        home = self.shard_of(TENANT)
        ways = [(home + 1) % SHARDS, (home + 3) % SHARDS, home]  # engine, same engine, and back
        pauses = []
        with Load(self.gateway, TENANT) as load:
            for shard in ways:
                load.wait_for_actions()
                begin = time.monotonic()
                shown = self.move(shard)
                print(shown.strip())
                self.assertIn(f"moved: shard={shard} rows=", shown)
                load.wait_for_actions()
                pauses.append(load.pause(begin))
        self.expect_nothing_lost_or_doubled(load)
        self.assertEqual(home, self.shard_of(TENANT))
        print(f"members={len(load.joined)} actions={len(load.acked)} "
              f"without_delivery_s={' '.join(f'{pause:.2f}' for pause in pauses)}")

    def test_an_engine_that_is_killed_on_the_way(self):
        """The move goes on by itself: first its source dies, then its target."""
        home = self.shard_of(TENANT)
        there = (home + 1) % SHARDS
        with Load(self.gateway, TENANT) as load:
            for goal, dies in ((there, home % 2), (home, home % 2)):
                load.wait_for_actions()
                moving = threading.Thread(target=lambda shard=goal: self.move(shard))
                moving.start()
                harness.wait_until(self.is_under_way, "it is under way")
                self.engines[dies].kill()
                self.engines[dies].start()
                moving.join()
                self.wait_moved(goal)
        self.expect_nothing_lost_or_doubled(load)
        print(f"members={len(load.joined)} actions={len(load.acked)} kills=2")

    def is_under_way(self):
        return self.where().startswith(("closing", "copying", "arriving"))

    def where(self):
        """By a process of its own: a session has one caller."""
        done = self.operator.try_run("tenant", "where", TENANT)
        return done.stdout if done.returncode == 0 else ""

    def refused(self, shard, tenant=TENANT):
        with self.assertRaises(harness.Failed) as refused:
            self.move(shard, tenant)
        return str(refused.exception)

    def test_what_cannot_be_moved_is_said(self):
        home = self.shard_of(TENANT)
        self.assertIn("tenant 'nobody' is not known", self.refused(1, "nobody"))
        self.assertIn(f"tenant '{TENANT}' lives on shard {home} already", self.refused(home))
        self.assertIn("shard 99: there are 8, from 0", self.refused(99))
        self.assertIn("never moved", self.operator.run("tenant", "where", TENANT))
        away = self.engines[(home + 1) % 2]
        away.kill()
        goal = (home + 1) % SHARDS
        self.assertIn(f"shard {goal}: its owner, last at {away.grpc}, has not been heard of",
                      self.refused(goal))
        self.assertIn("never moved", self.operator.run("tenant", "where", TENANT))
        away.start()
        self.move(goal)

    def test_a_standby_is_no_owner_that_takes_a_tenant_in(self):
        """The engine that owns the tenant's shard follows the other one, whose owner dies."""
        home = self.shard_of(TENANT)
        goal = (home + 1) % SHARDS
        both = self.cluster.engine("both", "--standby").start()
        cluster.take(both, [home])
        harness.wait_until(lambda: both.shards_delivered() == {home}, "it delivers")
        self.engines[goal % 2].kill()
        # Nobody has told the directory, and the engine has the other shard open.
        silent = f"shard {goal}: its owner, last at {self.engines[goal % 2].grpc}, has not been heard"
        harness.wait_until(lambda: silent in self.refused(goal), "it is refused")
        self.assertIn("never moved", self.operator.run("tenant", "where", TENANT))
        self.engines[goal % 2].start()
        self.assertIn(f"moved: shard={goal} ", self.move(goal))


if __name__ == "__main__":
    harness.main(__doc__)
