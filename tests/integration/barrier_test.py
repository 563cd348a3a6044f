#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A barrier for the next logic version: the program stops at the log's end with a snapshot, says what
it waits for, also after a crash, and goes on as before once the barrier is taken back."""

import json
import unittest

import harness
from bad_input_test import SQUARE, booking, read


class Barrier(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(harness.Scratch())
        self.server = harness.Server(self.scratch / "data", extra=harness.KEEP_ALL)
        self.ctl = harness.Ctl(self.server)
        self.addCleanup(lambda: self.server.is_alive() and self.server.kill())
        self.server.start()

    def post(self, number):
        with harness.Poster(self.server.http) as poster:
            return poster.post(SQUARE, json.dumps(booking(f"bk-{number}")))

    def assert_waits(self, offset, version):
        harness.wait_until(lambda: "snapshot" not in self.ctl.row("status")["problem"],
                           "the snapshot of the barrier is taken")
        status = self.ctl.row("status")
        self.assertEqual(str(offset), str(status["applied_offset"]))
        code, said = read(f"http://{self.server.admin}/readyz")
        self.assertEqual(503, code)
        for place in (said, status["problem"]):
            self.assertRegex(place, f"barrier: all below offset {offset} is applied by logic version "
                                    f"{version - 1}; start a binary of logic version {version}")
        code, answer = self.post("refused")
        self.assertEqual(503, code, answer)
        self.assertIn(b"barrier", answer)
        done = self.ctl.try_run("barrier")
        self.assertNotEqual(0, done.returncode)

    def test_the_program_waits_there_and_goes_on_when_it_is_taken_back(self):
        for number in range(10):
            self.assertEqual(200, self.post(number)[0])
        self.ctl.wait_applied()
        version = self.ctl.row("status")["logic_version"] + 1
        done = self.ctl.try_run("barrier", "--logic-version", version - 2)
        self.assertIn("expected a later one", done.stderr)
        done = self.ctl.try_run("barrier", "--logic-version", version - 1)
        self.assertIn("there is no barrier", done.stderr)
        barrier = self.ctl.row("barrier")
        self.assertEqual(version, barrier["logic_version"])
        offset = barrier["offset"]
        self.assert_waits(offset, version)
        snapshots = self.ctl.rows("snapshots")
        self.assertEqual([str(offset)], [str(one["offset"]) for one in snapshots])
        expected = self.ctl.row("state", "hash", "--verify")
        self.assertTrue(expected["verified"])
        self.server.kill()
        self.server.start()
        self.assert_waits(offset, version)
        self.assertEqual(0, self.server.stop())
        self.server.start()
        self.assert_waits(offset, version)
        self.ctl.run("barrier", "--logic-version", version - 1)
        self.assertEqual(0, self.server.stop())
        self.server.start()
        self.assertEqual(200, self.post(10)[0])
        self.ctl.wait_applied()
        self.assertTrue(self.ctl.state_hash(verify=True)["verified"])
        self.assertEqual(200, read(f"http://{self.server.admin}/readyz")[0])


if __name__ == "__main__":
    harness.main(__doc__)
