#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Snapshots taken by the clock: they come, the oldest go, and each of them gives the state back."""

import json
import shutil
import unittest

import harness
from bad_input_test import SQUARE, booking

KEPT = 3


class Snapshots(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(harness.Scratch())
        self.data = self.scratch / "data"

    def publish_until(self, poster, condition, what):
        """One booking after the other, each an event of its own, until the condition holds."""
        def step():
            body = booking(f"bk-{self.published:05}")
            status, answer = poster.post(SQUARE, json.dumps(body))
            self.assertEqual(200, status, answer)
            self.published += 1
            return condition()
        harness.wait_until(step, what, 60)

    def test_they_are_taken_pruned_and_each_gives_the_state_back(self):
        self.published = 0
        server = harness.Server(self.data, extra=["--snapshot-interval", "1s",
                                                  "--snapshots-kept", str(KEPT)])
        seen = {}
        with server, harness.Poster(server.http) as poster:
            ctl = harness.Ctl(server)

            def enough():
                rows = ctl.rows("snapshots")
                self.assertLessEqual(len(rows), KEPT + 1)  # one more until the oldest is gone
                seen.update({row["name"]: row for row in rows})
                return len(seen) >= KEPT + 3
            self.publish_until(poster, enough, f"{KEPT + 3} snapshots were taken")
            expected = ctl.state_hash(verify=True)
            self.assertEqual(0, server.stop())
        folders = sorted(path.name for path in (self.data / "snapshots").iterdir())
        self.assertEqual(KEPT, len(folders))
        self.assertGreaterEqual(folders[0], sorted(seen)[-KEPT], "an older one stayed")
        for name in folders:
            with self.subTest(snapshot=name):
                self.give_back(name, seen.get(name), expected)

    def give_back(self, name, row, expected):
        copy = self.scratch / f"copy-{name}"
        shutil.copytree(self.data, copy)
        server = harness.Server(copy, extra=["--snapshot-interval", "0"])
        server.grpc = "127.0.0.1:1"  # restore asks no server
        ctl = harness.Ctl(server)
        said = ctl.run("restore", name, "--data", copy, "--force")
        if row:
            self.assertIn(f"offset={row['offset']} hash={row['state_hash']}", said)
        with server:
            found = ctl.state_hash(verify=True)
            self.assertTrue(found["verified"])
            self.assertEqual(expected["hash"], found["hash"])
            self.assertEqual(0, server.stop())


if __name__ == "__main__":
    harness.main(__doc__)
