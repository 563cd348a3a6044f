#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The control log as intake reads it: tenants and their sources come from it, those of a directory
that was made before it held them are put in at the next start, and skips are replayed with it."""
# mission: E1

import json
import shutil
import unittest

import harness
from bad_input_test import booking

NORTH = "/v1/webhooks/north/kiosk"


def post(server, path, body="{}"):
    poster = harness.Poster(server.http)
    code, answer = poster.post(path, body)
    poster.close()
    return code, answer.decode()


class ControlLog(unittest.TestCase):
    def test_a_tenant_is_known_to_intake_from_the_control_log_on(self):
        with harness.Scratch() as scratch:
            data = scratch / "data"
            with harness.Server(data, extra=harness.KEEP_ALL) as server:
                ctl = harness.Ctl(server)
                code, answer = post(server, "/v1/webhooks/north/square")
                self.assertEqual((404, True), (code, "unknown tenant" in answer), answer)
                ctl.run("tenant", "create", "north", "--source", "kiosk", "--time-zone", "Europe/Vienna")
                code, answer = post(server, NORTH)  # the source is declared; nothing reads it yet
                self.assertNotIn("unknown tenant", answer)
                code, answer = post(server, "/v1/webhooks/north/square")
                self.assertEqual(400, code, answer)  # known, and the body is bad
                self.assertEqual(0, server.stop())
            size = sum(file.stat().st_size for file in (data / "control").glob("*.log"))
            with harness.Server(data, extra=harness.KEEP_ALL) as server:
                self.assertEqual(400, post(server, "/v1/webhooks/north/square")[0])
                self.assertEqual(0, server.stop())
            again = sum(file.stat().st_size for file in (data / "control").glob("*.log"))
            self.assertEqual(size, again, "a start appends nothing that is there already")

    def test_a_directory_without_tenants_in_its_control_log_goes_on(self):
        with harness.Scratch() as scratch:
            data = scratch / "data"
            with harness.Server(data, extra=harness.KEEP_ALL) as server:
                harness.Ctl(server).run("tenant", "create", "north", "--time-zone", "Europe/Vienna")
                self.assertEqual(0, server.stop())
            shutil.rmtree(data / "control")  # as the first version left it: no record in it
            with harness.Server(data, extra=harness.KEEP_ALL) as server:
                for tenant in ("studio", "north"):
                    code, answer = post(server, f"/v1/webhooks/{tenant}/square")
                    self.assertEqual(400, code, answer)
                self.assertEqual(0, server.stop())

    def test_a_skip_is_read_before_the_log_is(self):
        with harness.Scratch() as scratch:
            data = scratch / "data"
            with harness.Server(data, extra=harness.KEEP_ALL) as server:
                ctl = harness.Ctl(server)
                end = int(ctl.row("status")["log_end_offset"])
                refused = ctl.try_run("skip", end - 1, "--reason", "too late")
                self.assertIn("applied already", refused.stderr)
                ctl.run("skip", end + 2, "--reason", "poison")
                self.assertEqual(0, server.stop())
            with harness.Server(data, extra=harness.KEEP_ALL) as server:
                ctl = harness.Ctl(server)
                for name in ("bk1", "bk2", "bk3"):
                    code, answer = post(server, "/v1/webhooks/studio/square",
                                        json.dumps(booking(name)))
                    self.assertEqual(200, code, answer)
                live = ctl.state_hash(verify=True)["hash"]
                letters = ctl.row("status")["dead_letters"]
                self.assertEqual(0, server.stop())
            self.assertEqual(1, int(letters))
            self.assertEqual(live, harness.Replay(data / "log").hash)
            shutil.rmtree(data / "control")
            self.assertNotEqual(live, harness.Replay(data / "log").hash, "the skip is in the control log")


if __name__ == "__main__":
    harness.main(__doc__)
