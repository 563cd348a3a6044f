#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A client that is not ours: grpcurl, which knows the services only by reflection, pulls an action,
acks it and does not get it again; a client that dies holding a lease loses nothing."""
# mission: C3 E3

import datetime
import json
import os
import pathlib
import shutil
import subprocess
import unittest

import harness
import life

START = "2025-01-06T00:00:00Z"
TOOLS = harness.ROOT / "build" / "tools"
PACKAGE = "github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.3"
SHORTEST_LEASE = "10s"
SERVICE = "spotter.v1.ActionService"


def find_grpcurl():
    """Its path, installed on first use; None where it cannot be had."""
    for candidate in (TOOLS / "grpcurl", shutil.which("grpcurl")):
        if candidate and pathlib.Path(candidate).exists():
            return str(candidate)
    if not shutil.which("go"):
        return None
    print(f"installing {PACKAGE} into {TOOLS}", flush=True)
    done = subprocess.run(["go", "install", PACKAGE], capture_output=True, text=True, timeout=600,
                          env={**os.environ, "GOBIN": str(TOOLS)})
    return str(TOOLS / "grpcurl") if done.returncode == 0 else None


class Grpcurl:
    def __init__(self, path, server):
        self.path, self.server = path, server

    def run(self, *arguments, request=None):
        command = [self.path, "-plaintext"]
        if request is not None:
            command += ["-d", json.dumps(request)]
        done = subprocess.run([*command, self.server.grpc, *arguments], capture_output=True,
                              text=True, timeout=60)
        if done.returncode != 0:
            raise harness.Failed(f"grpcurl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def call(self, method, request):
        return json.loads(self.run(f"{SERVICE}/{method}", request=request) or "{}")

    def pull(self, count=1, lease="30s"):
        answer = self.call("PullActions", {"subscription": "default", "max_deliveries": count,
                                           "ack_deadline": lease})
        return answer.get("deliveries", [])

    def ack(self, delivery):
        return self.call("SettleActions", {
            "request_id": f"foreign-{delivery['lease_token']}", "subscription": "default",
            "settlements": [{"lease_token": delivery["lease_token"],
                             "outcome": "SETTLE_OUTCOME_ACK"}]})


def action_id(delivery):
    return delivery["entry"]["action"]["id"]


class ForeignClient(unittest.TestCase):
    def setUp(self):
        path = find_grpcurl()
        if path is None:
            harness.say_skipped("the foreign client", "grpcurl (and go, to install it)")
            self.skipTest("grpcurl cannot be had here")
        self.scratch = harness.Scratch()
        self.enterContext(self.scratch)
        self.server = self.enterContext(harness.Server(self.scratch / "data", time_lapse=START))
        self.ctl = harness.Ctl(self.server)
        self.grpcurl = Grpcurl(path, self.server)

    def live_until_something_is_due(self):
        """The studio's first days, until three members have an action waiting."""
        start, days = life.parse_time(START), 14
        deliveries = life.make(seed=5, members=60, days=days, start=START)
        run = life.Run(self.server, deliveries, start, days, takes=False)
        self.ctl.apply_blueprints()
        while not run.is_done():
            run.step()
            found = self.grpcurl.pull(count=3, lease=SHORTEST_LEASE)
            end = run.slices[run.next - 1][0] + datetime.timedelta(seconds=11)
            self.ctl.advance(life.format_time(end))  # the leases end
            if len(found) == 3 and all("action" in one["entry"] for one in found):
                return end
        self.fail("no three actions within the first days")

    def test_pulls_an_action_by_reflection_acks_it_and_never_sees_it_again(self):
        end = self.live_until_something_is_due()
        self.assertIn(SERVICE, self.grpcurl.run("list").split())
        self.assertIn("PullActions", self.grpcurl.run("describe", SERVICE))
        delivery = self.grpcurl.pull()[0]
        action = delivery["entry"]["action"]
        self.assertTrue(action["id"].startswith("act_"), action)
        for field in ("profile", "journey", "step", "channel", "address", "not_before",
                      "not_after"):
            self.assertIn(field, action)
        self.assertNotIn("refusals", self.grpcurl.ack(delivery).get("settled", {}))

        self.ctl.advance(life.format_time(end + datetime.timedelta(hours=1)))  # any lease has ended
        later = self.grpcurl.pull(count=1000) + [
            {"entry": {"action": row["action"]}} for row in self.ctl.pull()
            if row["kind"] == "action"]
        given = [action_id(one) for one in later if "action" in one["entry"]]
        self.assertNotIn(action["id"], given)

    def test_a_client_that_dies_holding_a_lease_loses_nothing(self):
        end = self.live_until_something_is_due()
        held = self.grpcurl.pull(lease="30s")[0]  # grpcurl ends: nobody will ever settle it
        meanwhile = self.grpcurl.pull(count=1000, lease=SHORTEST_LEASE)
        self.assertNotIn(held["entry"]["profile"], [one["entry"]["profile"] for one in meanwhile],
                         "a leased action, or one behind it, was given to somebody else")

        self.ctl.advance(life.format_time(end + datetime.timedelta(seconds=31)))
        again = [one for one in self.grpcurl.pull(count=1000)
                 if one["entry"]["profile"] == held["entry"]["profile"]]
        self.assertEqual([action_id(held)], [action_id(one) for one in again])
        self.assertGreater(again[0]["attempt"], held["attempt"])
        self.assertEqual(held["entry"]["sequence"], again[0]["entry"]["sequence"])


if __name__ == "__main__":
    harness.main(__doc__)
